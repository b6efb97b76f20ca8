//! Pull: where the phone stands in each scope, and a page for each scope that has something.

use minicbor::{Decode, Encode};

pub use super::page::Phase;
use super::{Exchange, PAGE_BYTES, page::Page};
use crate::record::{AreaPath, DocId, LogId};

/// `POST /v1/pull`
#[derive(Debug)]
pub struct Pull;

impl Exchange for Pull {
    const PATH: &'static str = "/v1/pull";
    // Room for the cursors of as many scopes as a device may have.
    const MAX_REQUEST: usize = 64 * 1024;
    // A page closes after the document that fills it, and carries grants and rows beside.
    const MAX_RESPONSE: usize = 4 * PAGE_BYTES;
    type Request = Request;
    type Response = Response;
}

/// Where the phone stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// One cursor for each scope, at most [`super::MAX_SCOPES`].
    #[n(0)]
    pub scopes: Vec<Cursor>,
    /// Documents to send whole (at most [`super::MAX_NEED`]); normally none.
    #[n(1)]
    pub need: Vec<DocId>,
    /// Documents of one page at most, for a phone with little memory; absent: the server's limit.
    #[n(2)]
    pub page_documents: Option<u32>,
}

/// The position in one scope.
///
/// The feed is ordered by each document's *latest* sequence number, so what a document lacks is computed from
/// `base`, where the cycle began, never from the moving `pos`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The space.
    #[n(0)]
    pub space: AreaPath,
    /// The area within it.
    #[n(1)]
    pub area: AreaPath,
    /// The life of the log that the numbers belong to.
    #[n(2)]
    pub log: LogId,
    /// Where.
    #[n(3)]
    pub phase: Phase,
    /// Number of the last revocation in this space that the phone knows; absent: none.
    #[n(4)]
    pub revoked: Option<u64>,
}

/// One page for each scope that was asked for, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The pages.
    #[n(0)]
    pub pages: Vec<Page>,
}
