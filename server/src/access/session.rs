//! Sessions: a device signs a challenge and gets a token that any process of this server verifies without the database.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sync_core::{
    identity::{PublicKey, SignedGrant, key::Purpose},
    record::{DeviceId, Grant, LogEpoch, ServerTime},
    wire::{
        Code, PROTOCOL, PROTOCOL_BEFORE,
        session::{Directive, MAX_INTRODUCTION, Opened, Proof, Request, Response},
    },
};

use super::{
    Access,
    grants::valid_areas,
    reach::scopes,
    token::{EARLIER, Sealed},
};
use crate::{
    host::random,
    refusal::Refusal,
    storage::{
        devices::{self, DeviceState},
        returned::Authority,
        spaces,
    },
};

/// Milliseconds that a challenge is valid.
const CHALLENGE_MS: i64 = 120_000;

impl Access {
    /// Answers a session request: a challenge for the first request, the session for the one with a proof.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn open(&self, request: Request) -> Result<Response, Refusal> {
        if ![PROTOCOL_BEFORE, PROTOCOL].contains(&request.protocol) {
            let detail = format!(
                "this server speaks the protocols {PROTOCOL_BEFORE} and {PROTOCOL}, the app {}",
                request.protocol
            );
            return Err(Refusal::new(Code::UpgradeNeeded, detail));
        }
        let id = request.device;
        let Some(proof) = request.proof else {
            let end = ServerTime(self.now().0 + CHALLENGE_MS);
            let challenge = self.seals.seal(Sealed::Challenge, id, end);
            return Ok(Response::Challenge(challenge));
        };
        let challenged = self
            .seals
            .unseal(Sealed::Challenge, &proof.challenge, self.now());
        if challenged != Some(id) {
            return Err(Refusal::new(
                Code::SessionExpired,
                "the challenge has expired; ask for another",
            ));
        }
        let now = self.clock.signing().await?;
        if let Some(grants) = request.grants {
            self.introduce(id, grants, &proof).await?;
        }
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
        let areas = valid_areas(&grants, now.0);
        let active = device.state == DeviceState::Active;
        let scopes = if active {
            scopes(&areas, &spaces)
        } else {
            Vec::new()
        };
        let expires = ServerTime(now.0 + self.session_ms);
        let directive = if device.state == DeviceState::Wipe {
            Directive::Wipe
        } else {
            Directive::None
        };
        Ok(Response::Open(Box::new(Opened {
            token: URL_SAFE_NO_PAD.encode(self.seals.seal(Sealed::Session, id, expires)),
            expires,
            now,
            grants: grants.into_iter().map(|held| held.sealed).collect(),
            scopes,
            directive,
            packs: Some(device.pack_number),
            edition: self
                .editions
                .newer_than(request.edition.unwrap_or_default()),
        })))
    }

    /// Stores the grants of a device that this server does not know, because an older backup was restored. This server
    /// signed them, and the device proves that it has the key that they state.
    async fn introduce(
        &self,
        id: DeviceId,
        grants: Vec<SignedGrant>,
        proof: &Proof,
    ) -> Result<(), Refusal> {
        let server = self.key.public();
        let own = grants.into_iter().take(MAX_INTRODUCTION);
        let own: Vec<(SignedGrant, Grant)> = own
            .filter_map(|sealed| {
                let claims = sealed.open(&server).ok()?;
                let key = PublicKey(claims.device_key);
                let proven = key.verify(Purpose::Session, &proof.challenge, &proof.signature);
                (claims.device == id && proven.is_ok()).then_some((sealed, claims))
            })
            .collect();
        if own.is_empty() {
            return Ok(());
        }
        self.storage
            .write(move |tx| {
                let authority = Authority {
                    grants: &own,
                    notices: &[],
                };
                Ok(authority.store(tx, || LogEpoch(random()))?)
            })
            .await
    }

    /// The device of a session token, if the token is intact and has not expired.
    ///
    /// # Errors
    /// [`Code::SessionExpired`].
    pub fn device_of(&self, token: &str) -> Result<DeviceId, Refusal> {
        let sealed = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        self.seals
            .unseal(Sealed::Session, &sealed, self.now())
            .ok_or_else(|| Refusal::new(Code::SessionExpired, "open a session and try again"))
    }

    /// Whether this server issued this session token, which may have expired, or the token has the form of an earlier
    /// version. Such a token opens nothing, so that guessing one is no attack; but after an update each device sends one,
    /// and many devices share an address.
    pub fn was_session(&self, token: &str) -> bool {
        let sealed = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        self.seals.opened(Sealed::Session, &sealed).is_some() || sealed.len() == EARLIER
    }
}
