//! Sync: push and pull in one round trip. The pull is answered after the push is stored.

use minicbor::{Decode, Encode};

use super::{Exchange, pull, push};
use crate::record::ServerTime;

/// `POST /v1/sync`
#[derive(Debug)]
pub struct Sync;

impl Exchange for Sync {
    const PATH: &'static str = "/v1/sync";
    const MAX_REQUEST: usize = push::Push::MAX_REQUEST + pull::Pull::MAX_REQUEST;
    const MAX_RESPONSE: usize = push::Push::MAX_RESPONSE + pull::Pull::MAX_RESPONSE;
    type Request = Request;
    type Response = Response;
}

/// Both requests; either may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// A pack.
    #[n(0)]
    pub push: Option<push::Request>,
    /// The device's cursors.
    #[n(1)]
    pub pull: Option<pull::Request>,
}

/// The answers to the requests that were present.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The result of the pack. Absent although there was one if the cursors name another log epoch: then the server did not
    /// look at it.
    #[n(0)]
    pub push: Option<push::Response>,
    /// The pages.
    #[n(1)]
    pub pull: Option<pull::Response>,
    /// The server's clock when it answered; absent if the server does not send it.
    #[n(2)]
    pub now: Option<ServerTime>,
}
