//! Tokens: sealed values that any process of this server verifies without the database, and hashes of the stored ones.
//!
//! A sealed value is the key id of the server (8 bytes), the device (16), the end (8, big-endian milliseconds) and a tag
//! (16) over all of them. The key of the tag is derived for the purpose, so that a challenge is no session.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sync_core::{
    identity::SecretKey,
    record::{DeviceId, ServerTime},
};

use crate::{
    host::random,
    keys::{KEY_ID, KeyId, TAG, TagKey},
};

/// Bytes before the tag.
const PAYLOAD: usize = KEY_ID + 16 + 8;

/// Random bytes of a token that is stored by its hash.
const RANDOM: usize = 32;

/// Bytes of a sealed value of an earlier version, which had no key id.
pub(super) const EARLIER: usize = 40;

/// What a sealed value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sealed {
    /// A device signs it to open a session.
    Challenge,
    /// It names a device in each of its requests.
    Session,
}

/// The keys of sealed values.
#[derive(Debug, Clone)]
pub(super) struct Seals(Arc<Keys>);

#[derive(Debug)]
struct Keys {
    id: KeyId,
    challenge: TagKey,
    session: TagKey,
    random: TagKey,
}

impl Seals {
    /// The keys that are derived from a server's secret.
    pub(super) fn new(secret: &SecretKey) -> Self {
        Self(Arc::new(Keys {
            id: KeyId::of(&secret.public()),
            challenge: TagKey::new(secret, "challenge"),
            session: TagKey::new(secret, "session"),
            random: TagKey::new(secret, "random"),
        }))
    }

    fn key(&self, purpose: Sealed) -> &TagKey {
        match purpose {
            Sealed::Challenge => &self.0.challenge,
            Sealed::Session => &self.0.session,
        }
    }

    /// Seals a device and an end into a value that only this server can make.
    pub(super) fn seal(&self, purpose: Sealed, device: DeviceId, expires: ServerTime) -> Vec<u8> {
        let id = &self.0.id.0;
        let end = expires.0.to_be_bytes();
        let mut sealed = [id.as_slice(), device.as_bytes(), &end].concat();
        let tag = self.key(purpose).tag(&sealed);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// The device of a sealed value that has not expired.
    pub(super) fn unseal(
        &self,
        purpose: Sealed,
        sealed: &[u8],
        now: ServerTime,
    ) -> Option<DeviceId> {
        let (device, expires) = self.opened(purpose, sealed)?;
        (expires > now).then_some(device)
    }

    /// 32 random bytes and a tag, in base64: for tokens that are stored by their hash.
    pub(super) fn random(&self) -> String {
        let mut token = random::<RANDOM>().to_vec();
        let tag = self.0.random.tag(&token);
        token.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Whether this server made this with [`Self::random`].
    pub(super) fn is_random(&self, token: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let parts = bytes.split_at_checked(RANDOM);
        let sealed =
            parts.and_then(|(bytes, tag)| Some((bytes, <&[u8; TAG]>::try_from(tag).ok()?)));
        sealed.is_some_and(|(bytes, tag)| self.0.random.fits(bytes, tag))
    }

    /// The contents of a sealed value, expired or not; `None` if this server did not seal it for this purpose.
    pub(super) fn opened(&self, purpose: Sealed, sealed: &[u8]) -> Option<(DeviceId, ServerTime)> {
        let (payload, tag) = sealed.split_at_checked(PAYLOAD)?;
        let tag: &[u8; TAG] = tag.try_into().ok()?;
        let (id, rest) = payload.split_at_checked(KEY_ID)?;
        let (device, end) = rest.split_at_checked(16)?;
        if id != self.0.id.0 || !self.key(purpose).fits(payload, tag) {
            return None;
        }
        let expires = i64::from_be_bytes(end.try_into().ok()?);
        Some((DeviceId::from_slice(device).ok()?, ServerTime(expires)))
    }
}

/// The stored form of a token or a code: its SHA-256.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
