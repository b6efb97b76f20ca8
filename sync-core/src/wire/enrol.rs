//! Enrolment: a one-time code registers a device and binds it to a person and a role.

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

/// The device's request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The code from the administrator.
    #[n(0)]
    pub code: Label,
    /// The identifier that the device made.
    #[n(1)]
    pub device: DeviceId,
    /// Its public key.
    #[n(2)]
    pub key: PublicKey,
    /// Model and system, for the administrator's list.
    #[n(3)]
    pub model: Label,
}

/// The answer: the device is registered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The server's public key. The device stores it and accepts no other server key.
    #[n(0)]
    pub server_key: PublicKey,
    /// The grant of the person on this device.
    #[n(1)]
    pub grant: SignedGrant,
}
