//! Grants as the server signs them and pages carry them.

use minicbor::{Decode, Encode};

use super::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::record::{Grant, GrantId, cbor};

/// A grant with the server's signature. The claims are kept as the bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedGrant {
    #[cbor(n(0), with = "minicbor::bytes")]
    claims: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

/// A grant that is not accepted. The same bytes are never accepted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Not signed by this server.
    #[error("the grant is not signed by this server")]
    Signature(#[from] BadSignature),
    /// Signed, but not readable by this version.
    #[error("the grant cannot be read by this version")]
    Malformed(#[source] minicbor::decode::Error),
}

impl SignedGrant {
    /// Signs claims.
    pub fn seal(grant: &Grant, key: &SecretKey) -> Self {
        let claims = cbor::encode(grant);
        let signature = key.sign(Purpose::Grant, &claims);
        Self { claims, signature }
    }

    /// The id of this grant: the hash of the signed bytes.
    pub fn id(&self) -> GrantId {
        GrantId::of(&self.claims)
    }

    /// Checks the signature and reads the claims.
    ///
    /// # Errors
    /// [`GrantError`] if the signature is invalid or the claims cannot be read.
    pub fn open(&self, server: &PublicKey) -> Result<Grant, GrantError> {
        server.verify(Purpose::Grant, &self.claims, &self.signature)?;
        minicbor::decode(&self.claims).map_err(GrantError::Malformed)
    }

    /// The claims as the bytes that were signed. A later version may read more of them than this one.
    pub(crate) fn claims_bytes(&self) -> &[u8] {
        &self.claims
    }

    /// The claims without a check of the signature: only for rows that the server itself signed and stored.
    pub fn stored_claims(&self) -> Option<Grant> {
        cbor::decode(&self.claims)
    }
}
