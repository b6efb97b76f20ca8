//! Session: the phone proves its key and learns what it may do and hold.

use minicbor::{Decode, Encode};

use super::Exchange;
use crate::{
    identity::{Signature, SignedGrant},
    record::{AreaPath, DeviceId, DeviceTime, Label, LogId, ServerTime},
};

/// `POST /v1/session`
#[derive(Debug)]
pub struct Session;

impl Exchange for Session {
    const PATH: &'static str = "/v1/session";
    const MAX_REQUEST: usize = 1024;
    const MAX_RESPONSE: usize = 64 * 1024;
    type Request = Request;
    type Response = Response;
}

/// Asks for a challenge, or answers one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The protocol version.
    #[n(0)]
    pub protocol: u16,
    /// The phone.
    #[n(1)]
    pub device: DeviceId,
    /// Name and version of the app.
    #[n(2)]
    pub app: Label,
    /// The phone's clock, so that the server can tell how wrong it is.
    #[n(3)]
    pub claimed: DeviceTime,
    /// The challenge with the phone's signature of it; absent in the first request.
    #[n(4)]
    pub proof: Option<Proof>,
}

/// A challenge and its signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    /// The challenge as the server gave it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub challenge: Vec<u8>,
    /// The phone's signature of it.
    #[n(1)]
    pub signature: Signature,
}

/// A challenge, or the session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// Sign this and ask again.
    #[n(0)]
    Challenge(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// The session.
    #[n(1)]
    Open(#[n(0)] Box<Opened>),
}

/// What a phone learns with its session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Opened {
    /// To be sent as `Authorization: Bearer …`.
    #[n(0)]
    pub token: String,
    /// When the token ends.
    #[n(1)]
    pub expires: ServerTime,
    /// The server's clock.
    #[n(2)]
    pub now: ServerTime,
    /// The grants of this phone, valid ones and past ones.
    #[n(3)]
    pub grants: Vec<SignedGrant>,
    /// The areas it holds.
    #[n(4)]
    pub scopes: Vec<Scope>,
    /// What the phone must do besides.
    #[n(5)]
    pub directive: Directive,
}

/// An area that a phone holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Scope {
    /// The space (county) whose log it follows.
    #[n(0)]
    pub space: AreaPath,
    /// The area within the space.
    #[n(1)]
    pub area: AreaPath,
    /// The log's present life.
    #[n(2)]
    pub log: LogId,
}

/// What the server asks of the phone beyond syncing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Directive {
    /// Nothing.
    #[n(0)]
    None,
    /// Erase what it holds: it was reported lost.
    #[n(1)]
    Wipe,
}
