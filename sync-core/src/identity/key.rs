//! Ed25519 keys and signatures; each signature covers the purpose that it was made for.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Decoder, Encode, Encoder};
use sha2::{Digest, Sha256};

use crate::record::DeviceId;

/// The purpose of a signature. It is part of the signed bytes, so that one kind of message cannot pass as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A device signs a pack of changes.
    Pack,
    /// A device proves that it has its key, to open a session.
    Session,
    /// The server signs a grant.
    Grant,
    /// The server confirms a pack.
    PackReceipt,
    /// The server confirms a photo.
    PhotoReceipt,
    /// The server seals a report.
    Report,
    /// The server signs the editions of its catalogue.
    Editions,
    /// A device signs an event of its user.
    Event,
    /// The server signs a notice for the devices of a space.
    Notice,
    /// A device proves at its enrolment that it has the key that it names.
    Enrol,
    /// The server signs where the kept part of a chain of its audit log begins.
    AuditAnchor,
}

impl Purpose {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Pack => b"xuncha.pack.1\0",
            Self::Session => b"xuncha.session.1\0",
            Self::Grant => b"xuncha.grant.1\0",
            Self::PackReceipt => b"xuncha.pack-receipt.1\0",
            Self::PhotoReceipt => b"xuncha.blob-receipt.1\0",
            Self::Report => b"xuncha.report.1\0",
            Self::Editions => b"xuncha.editions.1\0",
            Self::Event => b"xuncha.event.2\0",
            Self::Notice => b"xuncha.notice.1\0",
            Self::Enrol => b"xuncha.enrol.1\0",
            Self::AuditAnchor => b"xuncha.audit-anchor.1\0",
        }
    }

    fn text(self, message: &[u8]) -> Vec<u8> {
        [self.prefix(), message].concat()
    }
}

/// A signature with its algorithm: one byte (1 = Ed25519) and the signature. Other algorithms need other numbers.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(n(0), with = "minicbor::bytes")] [u8; 65]);

const ED25519: u8 = 1;

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature(algorithm {})", self.0[0])
    }
}

impl Signature {
    /// The number of the algorithm and the signature.
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Reads the bytes of [`Self::as_bytes`].
    ///
    /// # Errors
    /// [`BadSignature`] if there are not 65 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, BadSignature> {
        bytes.try_into().map(Self).map_err(|_| BadSignature)
    }
}

/// A signature that does not match the bytes and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the content and the key")]
pub struct BadSignature;

/// A private key. It is stored in the device's keystore or in the server's data folder.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl PublicKey {
    /// The id of a device with this key: a UUIDv8 of its SHA-256. No device can take the id of another one.
    pub fn device(&self) -> DeviceId {
        let hash = Sha256::digest([b"xuncha.device.1".as_slice(), &self.tagged()].concat());
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        DeviceId(
            uuid::Builder::from_custom_bytes(id)
                .into_uuid()
                .into_bytes(),
        )
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    /// Makes a key from 32 unpredictable bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }
    /// The 32 bytes that the key was made from.
    pub fn to_seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }
    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }
    /// Signs a message for a purpose.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        let mut out = [ED25519; 65];
        out[1..].copy_from_slice(&self.0.sign(&purpose.text(message)).to_bytes());
        Signature(out)
    }
}

/// An Ed25519 public key. In messages it is one byte string: the number of the algorithm (1), then the key. Another
/// algorithm has another number and another length. Protocol 1 sent the 32 bytes alone, which is read as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl<C> Encode<C> for PublicKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.tagged())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PublicKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes = match d.bytes()? {
            [ED25519, key @ ..] if key.len() == 32 => key,
            untagged => untagged,
        };
        let unknown = |_| minicbor::decode::Error::message("a key of an unknown algorithm");
        bytes.try_into().map(Self).map_err(unknown)
    }
}

impl PublicKey {
    /// The number of the algorithm and the key.
    pub fn tagged(&self) -> [u8; 33] {
        let mut tagged = [ED25519; 33];
        tagged[1..].copy_from_slice(&self.0);
        tagged
    }

    /// Checks a signature; refuses weak keys.
    ///
    /// # Errors
    /// [`BadSignature`] if the signature does not match, or its algorithm is unknown.
    pub fn verify(
        &self,
        purpose: Purpose,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        if signature.0[0] != ED25519 {
            return Err(BadSignature);
        }
        let bytes: &[u8; 64] = signature.0[1..].try_into().map_err(|_| BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(bytes);
        VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(&purpose.text(message), &signature))
            .map_err(|_| BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_algorithm_and_one_of_protocol_1_is_read() {
        let key = SecretKey::from_seed([1; 32]).public();
        let written = minicbor::to_vec(key).unwrap();
        assert_eq!(written[..3], [0x58, 33, 1]);
        assert_eq!(minicbor::decode::<PublicKey>(&written).unwrap(), key);
        let earlier = minicbor::to_vec(minicbor::bytes::ByteArray::from(key.0)).unwrap();
        assert_eq!(minicbor::decode::<PublicKey>(&earlier).unwrap(), key);
        let mut other = written;
        other[2] = 2;
        assert!(minicbor::decode::<PublicKey>(&other).is_err());
    }

    #[test]
    fn a_signature_holds_for_one_text_one_key_and_one_purpose() {
        let key = SecretKey::from_seed([1; 32]);
        let signature = key.sign(Purpose::Pack, b"content");
        assert_eq!(
            key.public().verify(Purpose::Pack, b"content", &signature),
            Ok(())
        );
        assert_eq!(
            key.public().verify(Purpose::Pack, b"contents", &signature),
            Err(BadSignature)
        );
        assert_eq!(
            key.public().verify(Purpose::Grant, b"content", &signature),
            Err(BadSignature)
        );
        let other = SecretKey::from_seed([2; 32]).public();
        assert_eq!(
            other.verify(Purpose::Pack, b"content", &signature),
            Err(BadSignature)
        );
    }
}
