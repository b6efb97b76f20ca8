//! Session: the device proves that it has its key, and the server returns a token, grants and scopes.

use minicbor::{Decode, Encode};

use super::Exchange;
use crate::{
    identity::{Signature, SignedGrant},
    record::{AreaPath, DeviceId, DeviceTime, Edition, Label, LogEpoch, ServerTime},
};

/// `POST /v1/session`
#[derive(Debug)]
pub struct Session;

impl Exchange for Session {
    const PATH: &'static str = "/v1/session";
    const MAX_REQUEST: usize = 4 * 1024;
    const MAX_RESPONSE: usize = 64 * 1024;
    type Request = Request;
    type Response = Response;
}

/// Grants in one request at most: [`Session::MAX_REQUEST`] has room for as many.
pub const MAX_INTRODUCTION: usize = 8;

/// Requests a challenge, or answers one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The protocol version.
    #[n(0)]
    pub protocol: u16,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Name and version of the app.
    #[n(2)]
    pub app: Label,
    /// The device's clock, so that the server can compute its error.
    #[n(3)]
    pub claimed: DeviceTime,
    /// The challenge with the device's signature; absent in the first request.
    #[n(4)]
    pub proof: Option<Proof>,
    /// The newest edition of the catalogue that the device has; absent from older apps.
    #[n(5)]
    pub edition: Option<Edition>,
    /// Grants of this device, newest first, for a restored server that does not know it; else absent.
    #[n(6)]
    pub grants: Option<Vec<SignedGrant>>,
}

/// A challenge and its signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    /// The challenge as the server returned it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub challenge: Vec<u8>,
    /// The device's signature of it.
    #[n(1)]
    pub signature: Signature,
}

/// A challenge, or the session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// To be signed and returned in the next request.
    #[n(0)]
    Challenge(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// The session.
    #[n(1)]
    Open(#[n(0)] Box<Opened>),
}

/// What a device receives with its session.
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
    /// The grants of this device, valid and ended.
    #[n(3)]
    pub grants: Vec<SignedGrant>,
    /// The scopes of this device.
    #[n(4)]
    pub scopes: Vec<Scope>,
    /// What the device must do in addition.
    #[n(5)]
    pub directive: Directive,
    /// The newest edition of the server's catalogue, if the device has an older one: the exchange `editions` brings it.
    #[n(6)]
    pub edition: Option<Edition>,
    /// Number of the last pack of this device that the server has. A device whose receipts confirm later ones gives them
    /// back first.
    #[n(7)]
    pub packs: Option<u64>,
}

/// An area that a device holds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Scope {
    /// The space (county) whose log it follows.
    #[n(0)]
    pub space: AreaPath,
    /// The area within the space.
    #[n(1)]
    pub area: AreaPath,
    /// The present log epoch.
    #[n(2)]
    pub log: LogEpoch,
}

/// An order of the server to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Directive {
    /// Nothing.
    #[n(0)]
    None,
    /// Delete everything that the device holds: it was reported lost.
    #[n(1)]
    Wipe,
}
