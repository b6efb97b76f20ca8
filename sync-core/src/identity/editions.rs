//! Editions of the catalogue as the server signs them for its devices.

use minicbor::{Decode, Encode};

use super::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};

/// The editions of the catalogue as JSON, with the server's signature. The JSON is kept as the bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedEditions {
    #[cbor(n(0), with = "minicbor::bytes")]
    json: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

impl SignedEditions {
    /// Signs editions.
    pub fn seal(json: Vec<u8>, key: &SecretKey) -> Self {
        let signature = key.sign(Purpose::Editions, &json);
        Self { json, signature }
    }

    /// Checks the signature and returns the JSON.
    ///
    /// # Errors
    /// [`BadSignature`] if this server did not sign it.
    pub fn open(&self, server: &PublicKey) -> Result<&[u8], BadSignature> {
        server.verify(Purpose::Editions, &self.json, &self.signature)?;
        Ok(&self.json)
    }

    /// The JSON without a check of the signature: only for what was checked before it was stored.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }
}
