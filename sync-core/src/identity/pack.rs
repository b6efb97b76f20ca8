//! Packs: a *pack* is the unit that a device signs. Each names the one before, so that gaps, forks and copies of a
//! device are detected.

use minicbor::{Decode, Encode};

use super::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::record::{ChangeHash, DeviceId, DeviceTime, DocId, PackHash, cbor};

/// The claims that a device signs. The change hashes cover all content and, through Automerge's dependencies,
/// everything that the changes depend on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PackClaims {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Number of the pack on this device, from 1.
    #[n(1)]
    pub number: u64,
    /// Hash of the previous pack; zeroes in the first one.
    #[n(2)]
    pub previous: PackHash,
    /// The device's clock when the pack was sealed.
    #[n(3)]
    pub claimed: DeviceTime,
    /// Whether it resupplies changes to a server that lost them.
    #[n(4)]
    pub repair: bool,
    /// The changes, in order, each with its document.
    #[n(5)]
    pub changes: Vec<Signed>,
}

/// A change and its document, as a pack names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Signed {
    /// The document.
    #[n(0)]
    pub doc: DocId,
    /// The change.
    #[n(1)]
    pub change: ChangeHash,
}

impl PackClaims {
    /// The previous hash of the first pack.
    pub const GENESIS: PackHash = PackHash([0; 32]);

    /// The bytes that are signed (deterministic CBOR).
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// The pack's hash.
    pub fn hash(&self) -> PackHash {
        PackHash::of(&self.to_bytes())
    }

    /// Signs the claims.
    pub fn seal(&self, key: &SecretKey) -> Signature {
        key.sign(Purpose::Pack, &self.to_bytes())
    }

    /// Checks a signature of these claims.
    ///
    /// # Errors
    /// [`BadSignature`] if it does not match.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> Result<(), BadSignature> {
        key.verify(Purpose::Pack, &self.to_bytes(), signature)
    }
}
