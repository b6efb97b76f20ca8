//! Pull: the device sends its cursor in each scope, and the server returns a page for each.

use minicbor::{Decode, Encode};

pub use super::page::Phase;
use super::{Exchange, PAGE_BYTES, page::Page};
use crate::record::{AreaPath, DocId, LogEpoch};

/// `POST /v1/pull`
#[derive(Debug)]
pub struct Pull;

impl Exchange for Pull {
    const PATH: &'static str = "/v1/pull";
    // Room for the cursors of as many scopes as a device may have.
    const MAX_REQUEST: usize = 64 * 1024;
    // A page closes after the document that fills it, and it also carries grants and rows.
    const MAX_RESPONSE: usize = 4 * PAGE_BYTES;
    type Request = Request;
    type Response = Response;
}

/// The device's cursors.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// One cursor for each scope, at most [`super::MAX_SCOPES`].
    #[n(0)]
    pub scopes: Vec<Cursor>,
    /// Documents to send whole (at most [`super::MAX_NEED`]); empty unless a document could not be merged.
    #[n(1)]
    pub need: Vec<DocId>,
    /// Documents of one page at most, for a device with little memory; absent: the server's limit.
    #[n(2)]
    pub page_documents: Option<u32>,
}

/// The position in one scope.
///
/// The feed is ordered by each document's *latest* sequence number. What a document lacks is therefore computed from
/// `base`, where the cycle began, never from the moving `pos`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The space.
    #[n(0)]
    pub space: AreaPath,
    /// The area within it.
    #[n(1)]
    pub area: AreaPath,
    /// The log epoch that the numbers belong to.
    #[n(2)]
    pub log: LogEpoch,
    /// The position in the log.
    #[n(3)]
    pub phase: Phase,
    /// Number of the last revocation in this space that the device knows; absent: none.
    #[n(4)]
    pub revoked: Option<u64>,
    /// Number of the last notice in this space that the device knows; absent from devices of protocol 1, which get
    /// [`Page::revoked`].
    #[n(5)]
    pub notices: Option<u64>,
}

/// One page for each requested scope, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The pages.
    #[n(0)]
    pub pages: Vec<Page>,
}
