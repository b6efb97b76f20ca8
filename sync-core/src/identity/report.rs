//! Sealed reports: bytes, their digest and the server's signature. Any reader can check them with the server's key.

use sha2::{Digest, Sha256};

use super::key::{PublicKey, Purpose, SecretKey, Signature};

/// The digest and the signature of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSeal {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The server's signature of the bytes.
    pub signature: Signature,
}

/// Why a report is not the sealed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// The bytes were altered.
    #[error("the bytes do not fit the digest: the report was altered")]
    Digest,
    /// The signature is of another key or of another report.
    #[error("the signature does not fit the report and the key")]
    Signature,
}

impl ReportSeal {
    /// Seals a report.
    pub fn of(bytes: &[u8], key: &SecretKey) -> Self {
        Self {
            sha256: Sha256::digest(bytes).into(),
            signature: key.sign(Purpose::Report, bytes),
        }
    }

    /// Checks that the bytes are the sealed ones.
    ///
    /// # Errors
    /// [`BadReport::Digest`].
    pub fn check_digest(sha256: &[u8], bytes: &[u8]) -> Result<(), BadReport> {
        let same = sha256 == Sha256::digest(bytes).as_slice();
        same.then_some(()).ok_or(BadReport::Digest)
    }

    /// Checks that this server sealed the bytes.
    ///
    /// # Errors
    /// [`BadReport`].
    pub fn check(&self, bytes: &[u8], server: &PublicKey) -> Result<(), BadReport> {
        Self::check_digest(&self.sha256, bytes)?;
        server
            .verify(Purpose::Report, bytes, &self.signature)
            .map_err(|_| BadReport::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_opens_only_unaltered_and_with_the_key_of_its_server() {
        let key = SecretKey::from_seed([7; 32]);
        let seal = ReportSeal::of(b"figures", &key);
        assert_eq!(seal.check(b"figures", &key.public()), Ok(()));
        assert_eq!(
            seal.check(b"figuren", &key.public()),
            Err(BadReport::Digest)
        );
        let other = SecretKey::from_seed([8; 32]).public();
        assert_eq!(seal.check(b"figures", &other), Err(BadReport::Signature));
    }
}
