//! Enrolment: a one-time code makes a phone known, bound to a person and a role.

use minicbor::{Decode, Encode};

use super::Exchange;
use crate::{
    identity::{PublicKey, SignedGrant},
    record::{DeviceId, Label},
};

/// `POST /v1/enrol`
#[derive(Debug)]
pub struct Enrol;

impl Exchange for Enrol {
    const PATH: &'static str = "/v1/enrol";
    const MAX_REQUEST: usize = 1024;
    const MAX_RESPONSE: usize = 16 * 1024;
    type Request = Request;
    type Response = Response;
}

/// A phone introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The code from the administrator.
    #[n(0)]
    pub code: Label,
    /// The identifier the phone made.
    #[n(1)]
    pub device: DeviceId,
    /// Its public key.
    #[n(2)]
    pub key: PublicKey,
    /// Model and system, for the administrator's list.
    #[n(3)]
    pub model: Label,
}

/// The phone is known from now on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The server's public key; the phone keeps it and believes only this server.
    #[n(0)]
    pub server_key: PublicKey,
    /// What the person may do with this phone.
    #[n(1)]
    pub grant: SignedGrant,
}
