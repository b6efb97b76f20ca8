//! Proofs of events: the author's device signs each event, so that any device can bring it and none can invent it.

use std::fmt;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::record::{ChangeHash, DocId};

/// Bytes of one proof: the number of the algorithm and the signature.
pub const PROOF_BYTES: usize = 65;

/// The proofs of one change: one of [`PROOF_BYTES`] bytes for each of its events, in the order of the events in the
/// change. Empty: the change has no proofs.
///
/// A proof signs the document, the hash of the change and the hash of the event: who has read an event cannot put it into
/// another document or into a change of their own. The event itself names its author, device and grant. The proof is not
/// part of the change: the hash of the change does not depend on it.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Proofs(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proofs({})", self.0.len() / PROOF_BYTES)
    }
}

fn text(doc: DocId, change: &ChangeHash, event: &[u8]) -> [u8; 80] {
    let mut text = [0; 80];
    text[..16].copy_from_slice(doc.as_bytes());
    text[16..48].copy_from_slice(change.as_bytes());
    text[48..].copy_from_slice(&Sha256::digest(event));
    text
}

impl Proofs {
    /// Proves the events of one change to a document.
    pub fn prove<'e>(
        key: &SecretKey,
        doc: DocId,
        change: &ChangeHash,
        events: impl IntoIterator<Item = &'e [u8]>,
    ) -> Self {
        let mut proofs = Vec::with_capacity(PROOF_BYTES);
        for event in events {
            let signature = key.sign(Purpose::Event, &text(doc, change, event));
            proofs.extend_from_slice(signature.as_bytes());
        }
        Self(proofs)
    }

    /// Takes stored bytes; [`Self::verify`] shows whether they are proofs.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, as they are stored and sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the proofs of a change's events, each with the key of the device that the event states.
    ///
    /// # Errors
    /// [`BadSignature`] if there is not exactly one proof for each event, or one does not match.
    pub fn verify<'e>(
        &self,
        doc: DocId,
        change: &ChangeHash,
        events: impl ExactSizeIterator<Item = (&'e PublicKey, &'e [u8])>,
    ) -> Result<(), BadSignature> {
        if events.len() * PROOF_BYTES != self.0.len() {
            return Err(BadSignature);
        }
        for (proof, (key, event)) in self.0.chunks_exact(PROOF_BYTES).zip(events) {
            let signature = Signature::from_slice(proof)?;
            key.verify(Purpose::Event, &text(doc, change, event), &signature)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: DocId = DocId([7; 16]);
    const CHANGE: ChangeHash = ChangeHash([9; 32]);

    fn holds(
        proofs: &Proofs,
        (doc, change): (DocId, ChangeHash),
        key: &SecretKey,
        events: &[&[u8]],
    ) -> bool {
        let key = key.public();
        let each = events.iter().map(|event| (&key, *event));
        proofs.verify(doc, &change, each).is_ok()
    }

    #[test]
    fn a_proof_holds_for_one_event_in_one_change_of_one_document_by_one_device() {
        let (key, other) = (SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32]));
        let proofs = Proofs::prove(&key, DOC, &CHANGE, [b"found".as_slice(), b"fixed"]);
        assert_eq!(proofs.as_bytes().len(), 2 * PROOF_BYTES);
        let here = (DOC, CHANGE);
        assert!(holds(&proofs, here, &key, &[b"found", b"fixed"]));
        let other_change = (DOC, ChangeHash([8; 32]));
        assert!(!holds(&proofs, other_change, &key, &[b"found", b"fixed"]));
        assert!(!holds(
            &proofs,
            (DocId([8; 16]), CHANGE),
            &key,
            &[b"found", b"fixed"]
        ));
        assert!(!holds(&proofs, here, &other, &[b"found", b"fixed"]));
        assert!(!holds(&proofs, here, &key, &[b"fixed", b"found"]));
        assert!(!holds(&proofs, here, &key, &[b"found"]));
        assert!(!holds(&Proofs::default(), here, &key, &[b"found"]));
        for at in 0..proofs.as_bytes().len() {
            let mut altered = proofs.as_bytes().to_vec();
            altered[at] ^= 1;
            let altered = Proofs::from_bytes(altered);
            assert!(!holds(&altered, here, &key, &[b"found", b"fixed"]), "{at}");
        }
    }
}
