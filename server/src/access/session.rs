//! Sessions: a device signs a challenge and gets a token that any process of this server verifies without the database.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sync_core::{
    identity::{SignedGrant, key::Purpose},
    record::{AreaPath, DeviceId, Grant},
    wire::{
        Code, PROTOCOL,
        session::{Directive, Opened, Request, Response},
    },
};

use super::{
    Access, Reach, Refusal,
    reach::{outermost, scopes},
};
use crate::storage::{
    Tx, credentials,
    devices::{self, DeviceState},
    spaces,
};

/// Milliseconds that a challenge is valid.
const CHALLENGE_MS: i64 = 120_000;

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

    fn seal(&self, purpose: &str, device: DeviceId, expires: i64) -> Vec<u8> {
        let payload = [device.as_bytes(), expires.to_be_bytes().as_slice()].concat();
        let mac = self.mac(purpose, &payload);
        [payload.as_slice(), &mac].concat()
    }

    fn unseal(&self, purpose: &str, sealed: &[u8]) -> Option<DeviceId> {
        let (device, expires) = self.opened(purpose, sealed)?;
        (expires > self.now().0).then_some(device)
    }

    /// The contents of a sealed value, expired or not; `None` if this server did not seal it.
    fn opened(&self, purpose: &str, sealed: &[u8]) -> Option<(DeviceId, i64)> {
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

    /// Answers a session request: a challenge for the first request, the session for the one with a proof.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn open(&self, request: Request) -> Result<Response, Refusal> {
        if request.protocol != PROTOCOL {
            let detail = format!(
                "this server speaks protocol {PROTOCOL}, the app {}",
                request.protocol
            );
            return Err(Refusal::new(Code::UpgradeNeeded, detail));
        }
        let id = request.device;
        let Some(proof) = request.proof else {
            return Ok(Response::Challenge(self.seal(
                "challenge",
                id,
                self.now().0 + CHALLENGE_MS,
            )));
        };
        if self.unseal("challenge", &proof.challenge) != Some(id) {
            return Err(Refusal::new(
                Code::SessionExpired,
                "the challenge has expired; ask for another",
            ));
        }
        let now = self.clock.signing().await?;
        let key = self.key.public();
        let found = self
            .storage
            .read(move |tx| -> Result<_, Refusal> {
                let device = devices::find(tx, id)?;
                let grants = devices::device_grants(tx, id)?;
                Ok((device, grants, spaces::list(tx)?))
            })
            .await?;
        let (Some(device), grants, spaces) = found else {
            return Err(Refusal::new(Code::DeviceUnknown, "enrol the phone again"));
        };
        if device
            .key
            .verify(Purpose::Session, &proof.challenge, &proof.signature)
            .is_err()
        {
            return Err(Refusal::new(
                Code::DeviceUnknown,
                "the phone's key is not the enrolled one",
            ));
        }
        let areas = valid_areas(&grants, &key, now.0);
        let active = device.state == DeviceState::Active;
        let scopes = if active {
            scopes(&areas, &spaces)
        } else {
            Vec::new()
        };
        let expires = now.0 + self.session_ms;
        let directive = if device.state == DeviceState::Wipe {
            Directive::Wipe
        } else {
            Directive::None
        };
        Ok(Response::Open(Box::new(Opened {
            token: URL_SAFE_NO_PAD.encode(self.seal("session", id, expires)),
            expires: sync_core::record::ServerTime(expires),
            now,
            grants: grants.into_iter().map(|(_, grant)| grant).collect(),
            scopes,
            directive,
        })))
    }

    /// The device of a session token, if the token is intact and has not expired.
    ///
    /// # Errors
    /// [`Code::SessionExpired`].
    pub fn device_of(&self, token: &str) -> Result<DeviceId, Refusal> {
        let sealed = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        self.unseal("session", &sealed)
            .ok_or_else(|| Refusal::new(Code::SessionExpired, "open a session and try again"))
    }

    /// Whether this server issued this session token; it may have expired.
    pub fn was_session(&self, token: &str) -> bool {
        let sealed = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        self.opened("session", &sealed).is_some()
    }

    /// What a device may read now, decided from its state and its grants in the caller's snapshot.
    ///
    /// # Errors
    /// [`Code::DeviceUnknown`], [`Code::DeviceRevoked`], or [`Code::Clock`] if the server's clock is implausible.
    pub fn device_reach(&self, tx: &mut dyn Tx, id: DeviceId) -> Result<Reach, Refusal> {
        let device = devices::find(tx, id)?
            .ok_or_else(|| Refusal::new(Code::DeviceUnknown, "enrol the phone again"))?;
        if device.state != DeviceState::Active {
            return Err(Refusal::new(
                Code::DeviceRevoked,
                "what was sent is kept; nothing is given out",
            ));
        }
        let now = self.clock.judging(tx)?;
        let grants = devices::device_grants(tx, id)?;
        let valid = valid_grants(&grants, &self.key.public(), now.0);
        let areas = |of: &dyn Fn(&Grant) -> bool| {
            let grants = valid.iter().filter(|grant| of(grant));
            outermost(grants.map(|grant| grant.area.clone()).collect())
        };
        Ok(Reach {
            areas: areas(&|_| true),
            reviewing: areas(&|grant| grant.role.reviews()),
            device: Some(id),
            person: None,
            role: None,
        })
    }

    /// What the holder of any token may read: of a device's session or of a reviewer.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn reach(&self, token: &str) -> Result<Reach, Refusal> {
        let device = self.device_of(token).ok();
        let (this, hash, now) = (self.clone(), token_hash(token), self.now());
        self.storage
            .read(move |tx| match device {
                Some(id) => this.device_reach(tx, id),
                None => {
                    let (person, role, area) = credentials::find_token(tx, &hash, now)?
                        .ok_or_else(|| {
                            Refusal::new(
                                Code::SessionExpired,
                                "the token is unknown or has expired",
                            )
                        })?;
                    Ok(Reach {
                        areas: vec![area],
                        device: None,
                        person: Some(person),
                        role: Some(role),
                        reviewing: Vec::new(),
                    })
                }
            })
            .await
    }
}

/// The stored form of a token or a code: its SHA-256.
pub(super) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The claims of grants that this server signed and that are valid now.
fn valid_grants(
    grants: &[(AreaPath, SignedGrant)],
    key: &sync_core::identity::PublicKey,
    now: i64,
) -> Vec<Grant> {
    let valid =
        |grant: &Grant| grant.from.0 <= now && grant.until.is_none_or(|until| now < until.0);
    let claims = grants
        .iter()
        .filter_map(|(_, sealed)| sealed.open(key).ok());
    claims.filter(valid).collect()
}

fn valid_areas(
    grants: &[(AreaPath, SignedGrant)],
    key: &sync_core::identity::PublicKey,
    now: i64,
) -> Vec<AreaPath> {
    let valid = valid_grants(grants, key, now).into_iter();
    outermost(valid.map(|grant| grant.area).collect())
}
