//! Push: the device sends one signed pack, and the server returns one receipt.

use minicbor::{Decode, Decoder, Encode};

use super::{Exchange, PACK_BYTES, refusal::Code};
use crate::{
    identity::{Proofs, Signature, Signed},
    record::{ChangeHash, DeviceTime, DocId, PackHash, ServerTime},
};

/// `POST /v1/push`
#[derive(Debug)]
pub struct Push;

impl Exchange for Push {
    const PATH: &'static str = "/v1/push";
    const MAX_REQUEST: usize = PACK_BYTES + 128 * 1024;
    const MAX_RESPONSE: usize = 256 * 1024;
    type Request = Request;
    type Response = Response;
}

/// A pack. The device is the one of the session; the change hashes are computed from the changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// Number of the pack on this device, from 1.
    #[n(0)]
    pub number: u64,
    /// Hash of the previous pack.
    #[n(1)]
    pub previous: PackHash,
    /// The device's clock when the pack was sealed.
    #[n(2)]
    pub claimed: DeviceTime,
    /// Whether it resupplies changes that the server lost.
    #[n(3)]
    pub repair: bool,
    /// The device's signature of the pack's claims.
    #[n(4)]
    pub signature: Signature,
    /// The changes.
    #[n(5)]
    pub entries: Vec<Entry>,
}

/// One change and the document it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// The change, uncompressed.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
    /// The proofs of its events; absent from devices of protocol 1.
    #[n(2)]
    pub proofs: Option<Proofs>,
}

impl Entry {
    /// The entry as the pack's signature covers it.
    pub fn signed(&self, change: ChangeHash) -> Signed {
        Signed {
            doc: self.doc,
            change,
        }
    }
}

/// The result of the pack.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// Every change is durable, now or from before, except the refused ones.
    #[n(0)]
    Stored {
        /// The server's signed receipt (`identity::PackReceipt`).
        #[cbor(n(0), with = "minicbor::bytes")]
        receipt: Vec<u8>,
        /// The changes that were not stored, each with the reason.
        #[n(1)]
        refused: Vec<Refused>,
        /// The changes that the server had before this pack; absent if there are none.
        #[n(2)]
        known: Option<Vec<Known>>,
    },
    /// The server has another history of this device's packs: the device must seal its changes after this pack.
    #[n(1)]
    Fork {
        /// Number of the last pack that the server has.
        #[n(0)]
        number: u64,
        /// Its hash.
        #[n(1)]
        hash: PackHash,
    },
}

/// A change that was not stored as part of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Refused {
    /// Position in the pack, from 0.
    #[n(0)]
    pub entry: u32,
    /// The reason. A number that this version does not know is read as [`Code::Malformed`]: the change is not stored,
    /// and its author is notified.
    #[cbor(n(1), decode_with = "known_code")]
    pub code: Code,
}

impl Refused {
    /// As a receipt states it: position in the pack, and number of the code.
    pub fn numbered(&self) -> (u32, u16) {
        (self.entry, self.code.number())
    }

    /// Reads what a receipt states.
    pub fn of_numbered((entry, code): (u32, u16)) -> Self {
        let code = Code::from_number(code).unwrap_or(Code::Malformed);
        Self { entry, code }
    }
}

fn known_code<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Code, minicbor::decode::Error> {
    Ok(Code::from_number(d.u16()?).unwrap_or(Code::Malformed))
}

/// A change that the server had before this pack. Device and server must judge it by the same receive time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Known {
    /// Position in the pack, from 0.
    #[n(0)]
    pub entry: u32,
    /// When the server received it.
    #[n(1)]
    pub received: ServerTime,
}
