//! Enrolment: a one-time code registers a device and binds it to a person and a role.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::Exchange;
use crate::{
    identity::{PublicKey, SecretKey, Signature, SignedGrant, key::Purpose},
    record::{DeviceId, Label},
};

/// `POST /v1/enrol`
#[derive(Debug)]
pub struct Enrol;

impl Exchange for Enrol {
    const PATH: &'static str = "/v1/enrol";
    const MAX_REQUEST: usize = 1024;
    const MAX_RESPONSE: usize = 16 * 1024;
    type Request = Request;
    type Response = Response;
}

/// The device's request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The code from the administrator.
    #[n(0)]
    pub code: Label,
    /// The identifier that the device made.
    #[n(1)]
    pub device: DeviceId,
    /// Its public key.
    #[n(2)]
    pub key: PublicKey,
    /// Model and system, for the administrator's list.
    #[n(3)]
    pub model: Label,
    /// The signature of the device over code, identifier and key; absent from apps of protocol 1.
    #[n(4)]
    pub proof: Option<Signature>,
}

impl Request {
    /// A request with its proof.
    pub fn signed(code: Label, device: DeviceId, key: &SecretKey, model: Label) -> Self {
        let proof = key.sign(Purpose::Enrol, &text(&code, device, &key.public()));
        Self {
            code,
            device,
            key: key.public(),
            model,
            proof: Some(proof),
        }
    }

    /// Whether the device has the key that it names. A weak key proves nothing.
    pub fn is_proven(&self) -> bool {
        let text = text(&self.code, self.device, &self.key);
        let proven = |proof| self.key.verify(Purpose::Enrol, &text, proof).is_ok();
        self.proof.as_ref().is_some_and(proven)
    }
}

/// What the proof covers: SHA-256 of the code as it is sent, the identifier, the key with its algorithm.
fn text(code: &Label, device: DeviceId, key: &PublicKey) -> Vec<u8> {
    let code = Sha256::digest(code.as_str());
    [code.as_slice(), device.as_bytes(), &key.tagged()].concat()
}

/// The answer: the device is registered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The server's public key. The device stores it and accepts no other server key.
    #[n(0)]
    pub server_key: PublicKey,
    /// The grant of the person on this device.
    #[n(1)]
    pub grant: SignedGrant,
}
