//! Editions: the server sends the editions of its catalogue to a device that has older ones.

use minicbor::{Decode, Encode};

use super::Exchange;
use crate::{identity::SignedEditions, record::Edition};

/// `POST /v1/editions`
#[derive(Debug)]
pub struct Editions;

impl Exchange for Editions {
    const PATH: &'static str = "/v1/editions";
    const MAX_REQUEST: usize = 64;
    const MAX_RESPONSE: usize = MAX_EDITIONS_BYTES + 1024;
    type Request = Request;
    type Response = Response;
}

/// Bytes of the editions at most, as JSON. One edition takes 89 KB.
pub const MAX_EDITIONS_BYTES: usize = 8 * 1024 * 1024;

/// Requests editions that are newer than the device's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The newest edition that the device has.
    #[n(0)]
    pub newest: Edition,
}

/// The server's editions; absent if it has none that is newer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// All editions of the server.
    #[n(0)]
    pub editions: Option<SignedEditions>,
}
