//! Reconcile: finds, range by range, which documents of a scope differ. Used after a restore or when sums differ.

use minicbor::{Decode, Encode};

use super::Exchange;
use crate::record::{AreaPath, Digest, DocId, LogEpoch};

/// `POST /v1/reconcile`
#[derive(Debug)]
pub struct Reconcile;

impl Exchange for Reconcile {
    const PATH: &'static str = "/v1/reconcile";
    const MAX_REQUEST: usize = 128 * 1024;
    const MAX_RESPONSE: usize = 128 * 1024;
    type Request = Request;
    type Response = Response;
}

/// Bytes of one reconciliation message at most.
pub const FRAME_BYTES: u64 = 60 * 1024;

/// One round of a reconciliation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The space.
    #[n(0)]
    pub space: AreaPath,
    /// The area within it.
    #[n(1)]
    pub area: AreaPath,
    /// A negentropy message.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub message: Vec<u8>,
}

/// The answer to one round.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The present log epoch.
    #[n(0)]
    pub log: LogEpoch,
    /// The head when this was answered.
    #[n(1)]
    pub head: u64,
    /// A negentropy message.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub message: Vec<u8>,
    /// The head at which this log epoch began, unless it is the first. Changes after it may be resupplied ones, with
    /// later receive times than the device knows.
    #[n(3)]
    pub born: Option<u64>,
}

/// A document and the digest of its changes, as one 32-byte item of the set that is reconciled.
pub fn item(doc: DocId, digest: Digest) -> [u8; 32] {
    let mut out = [0; 32];
    out[..16].copy_from_slice(&doc.0);
    out[16..].copy_from_slice(&digest.to_bytes());
    out
}

/// The document of an item.
pub fn item_doc(item: &[u8; 32]) -> DocId {
    let mut out = [0; 16];
    out.copy_from_slice(&item[..16]);
    DocId(out)
}
