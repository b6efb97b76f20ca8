//! Keys that are derived from the server's secret: one for each purpose, so that a value that was sealed for one purpose
//! is worthless for another, and no derived key reveals the secret.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sync_core::identity::{PublicKey, SecretKey};

/// Number of bytes of a tag.
pub const TAG: usize = 16;

/// Number of bytes of a key id.
pub const KEY_ID: usize = 8;

/// The short name of a server's key: the first 8 bytes of the SHA-256 of its public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; KEY_ID]);

impl KeyId {
    /// The id of a public key.
    pub fn of(key: &PublicKey) -> Self {
        let digest = Sha256::digest(key.0);
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&digest[..KEY_ID]);
        Self(id)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A key of 32 bytes for one purpose: HKDF-SHA-256 (RFC 5869) of the server's secret, with the purpose as `info`.
///
/// # Panics
/// Never: 32 bytes are within the limit of HKDF.
pub fn derive_key(secret: &SecretKey, purpose: &str) -> [u8; 32] {
    let info = ["xuncha.server.", purpose, ".1"].concat();
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, &secret.to_seed())
        .expand(info.as_bytes(), &mut key)
        .expect("32 bytes are within the limit of HKDF");
    key
}

/// A key for tags of one purpose: HMAC-SHA-256 (RFC 2104), truncated to 16 bytes.
#[derive(Clone)]
pub struct TagKey(Hmac<Sha256>);

impl std::fmt::Debug for TagKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TagKey(…)")
    }
}

impl TagKey {
    /// The key of a purpose.
    ///
    /// # Panics
    /// Never: HMAC accepts a key of any length.
    pub fn new(secret: &SecretKey, purpose: &str) -> Self {
        let key = derive_key(secret, purpose);
        Self(Hmac::new_from_slice(&key).expect("HMAC accepts a key of any length"))
    }

    /// The tag of a message.
    pub fn tag(&self, message: &[u8]) -> [u8; TAG] {
        let whole = self.0.clone().chain_update(message).finalize();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&whole.into_bytes()[..TAG]);
        tag
    }

    /// Whether a tag is that of a message. The time does not depend on where they differ.
    pub fn fits(&self, message: &[u8], tag: &[u8; TAG]) -> bool {
        let mac = self.0.clone().chain_update(message);
        mac.verify_truncated_left(tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_key_is_that_of_rfc_5869_and_differs_by_purpose_and_secret() {
        // Computed with Python's hmac: extract with 32 zero bytes over the seed, expand with the text and 0x01.
        let secret = SecretKey::from_seed([7; 32]);
        let key = derive_key(&secret, "session");
        assert_eq!(
            hex::encode(key),
            "131d7b50069e4ed711b6ce2e4cc6a0b312899dcf2c78e9ff6f9b0cedbe606cbb"
        );
        assert_ne!(key, derive_key(&secret, "challenge"));
        assert_ne!(key, derive_key(&SecretKey::from_seed([8; 32]), "session"));
        assert_ne!(key, secret.to_seed());
    }

    #[test]
    fn a_tag_fits_its_message_its_purpose_and_its_secret_only() {
        let (one, other) = (SecretKey::from_seed([7; 32]), SecretKey::from_seed([8; 32]));
        let key = TagKey::new(&one, "session");
        let tag = key.tag(b"message");
        assert_eq!(hex::encode(tag), "6b7750642e7c87ee63c63b7a9b3ea642");
        assert!(key.fits(b"message", &tag));
        assert!(!key.fits(b"messagf", &tag));
        assert!(!TagKey::new(&one, "challenge").fits(b"message", &tag));
        assert!(!TagKey::new(&other, "session").fits(b"message", &tag));
        for n in 0..TAG {
            let mut changed = tag;
            changed[n] ^= 1;
            assert!(!key.fits(b"message", &changed), "byte {n}");
        }
    }
}
