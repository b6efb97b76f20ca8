//! Tokens: sealed values that any process of this server verifies without the database, and hashes of the stored ones.

use sha2::{Digest, Sha256};
use sync_core::record::DeviceId;

use super::Access;

impl Access {
    /// A keyed hash that only this server (every process of it) can compute.
    fn mac(&self, purpose: &str, payload: &[u8]) -> [u8; 16] {
        let secret = self.key.to_seed();
        let keyed = |inner: &[u8]| {
            Sha256::new()
                .chain_update(secret)
                .chain_update(purpose)
                .chain_update(inner)
                .finalize()
        };
        let mut out = [0; 16];
        out.copy_from_slice(&keyed(&keyed(payload))[..16]);
        out
    }

    /// Seals a device and an end into a value that only this server can make.
    pub(super) fn seal(&self, purpose: &str, device: DeviceId, expires: i64) -> Vec<u8> {
        let payload = [device.as_bytes(), expires.to_be_bytes().as_slice()].concat();
        let mac = self.mac(purpose, &payload);
        [payload.as_slice(), &mac].concat()
    }

    /// The device of a sealed value that has not expired.
    pub(super) fn unseal(&self, purpose: &str, sealed: &[u8]) -> Option<DeviceId> {
        let (device, expires) = self.opened(purpose, sealed)?;
        (expires > self.now().0).then_some(device)
    }

    /// The contents of a sealed value, expired or not; `None` if this server did not seal it.
    pub(super) fn opened(&self, purpose: &str, sealed: &[u8]) -> Option<(DeviceId, i64)> {
        let (payload, mac) = sealed.split_at_checked(24)?;
        let expires = i64::from_be_bytes(payload[16..].try_into().ok()?);
        // Compares all bytes: the time does not depend on where they differ.
        let same = self
            .mac(purpose, payload)
            .iter()
            .zip(mac)
            .fold(0, |d, (a, b)| d | (a ^ b))
            == 0;
        if !same || mac.len() != 16 {
            return None;
        }
        Some((DeviceId::from_slice(&payload[..16]).ok()?, expires))
    }
}

/// The stored form of a token or a code: its SHA-256.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
