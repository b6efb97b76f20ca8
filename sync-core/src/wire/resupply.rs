//! Resupply: a device gives back to a restored server what it lost, with the proofs of authors and the server's own
//! receipts.
//!
//! The carrier needs no authority: each change counts by the proofs of its authors, and its time by the receipt that this
//! server signed when it first came.

use minicbor::{Decode, Encode};

use super::{
    Exchange, PACK_BYTES, Received,
    push::{Entry, Refused},
};
use crate::{
    identity::{Signature, SignedGrant, SignedNotice},
    record::ServerTime,
};

/// `POST /v1/resupply`
#[derive(Debug)]
pub struct Resupply;

impl Exchange for Resupply {
    const PATH: &'static str = "/v1/resupply";
    const MAX_REQUEST: usize = PACK_BYTES + 256 * 1024;
    const MAX_RESPONSE: usize = 64 * 1024;
    type Request = Request;
    type Response = Response;
}

/// Grants, confirmed packs and notices in one request at most, of each.
pub const MAX_EVIDENCE: usize = 500;

/// What a device gives back. Every part may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The changes, dependencies first.
    #[n(0)]
    pub entries: Vec<Entry>,
    /// The grants that their events name.
    #[n(1)]
    pub grants: Vec<SignedGrant>,
    /// The packs in which this device sent them first, with the server's receipts.
    #[n(2)]
    pub packs: Vec<ConfirmedPack>,
    /// Notices that the server signed.
    #[n(3)]
    pub notices: Vec<SignedNotice>,
}

impl Request {
    /// Changes alone.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            grants: Vec::new(),
            packs: Vec::new(),
            notices: Vec::new(),
        }
    }
}

/// A pack as it was signed and confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ConfirmedPack {
    /// The claims (`identity::PackClaims`), byte for byte.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub claims: Vec<u8>,
    /// The device's signature of the claims.
    #[n(1)]
    pub signature: Signature,
    /// The server's receipt (`identity::PackReceipt`).
    #[cbor(n(2), with = "minicbor::bytes")]
    pub receipt: Vec<u8>,
}

/// What became of the changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The changes that were not stored, each with the reason.
    #[n(0)]
    pub refused: Vec<Refused>,
    /// The receive time of each change, by which devices and server judge it; 0 for a refused one.
    #[n(1)]
    pub received: Received,
    /// The server's clock when it answered.
    #[n(2)]
    pub now: ServerTime,
}
