//! Enrolment: a device with a one-time code gets a grant.

use sync_core::{
    identity::SignedGrant,
    record::{DAY_MS, Grant, PackHash, ServerTime},
    wire::{
        Code,
        enrol::{Request, Response},
    },
};

use super::{Access, code::as_made, token::token_hash};
use crate::{
    refusal::Refusal,
    storage::{
        aliases, credentials,
        devices::{self, Device, DeviceState},
    },
};

impl Access {
    /// Enrols a device with a one-time code. Idempotent: the same device and code get the same grant. A disabled device
    /// becomes active again with a code that it has not used, because an administrator created that code for it. What
    /// it sent while it was disabled stays in quarantine, and its earlier grants stay revoked.
    ///
    /// # Errors
    /// [`Code::CodeInvalid`]; [`Code::DeviceRevoked`] for a disabled device with a code that it used before. An error
    /// leaves the code unchanged.
    pub async fn enrol(&self, request: Request) -> Result<Response, Refusal> {
        let (key, now) = (self.key.clone(), self.clock.signing().await?);
        self.storage
            .write(move |tx| {
                let hash = token_hash(&as_made(request.code.as_str()));
                let invalid = || Refusal::new(Code::CodeInvalid, "ask for a new code");
                let again = credentials::is_code_of(tx, &hash, request.device)?;
                let who =
                    credentials::use_code(tx, &hash, request.device, now)?.ok_or_else(invalid)?;
                // A code of an id that was merged since gives a grant of the kept one.
                let aliases = aliases::all(tx)?;
                let (person, also) = (aliases.kept(who.person), aliases.others(who.person));
                let device = Device {
                    id: request.device,
                    key: request.key,
                    model: request.model.as_str().to_owned(),
                    state: DeviceState::Active,
                    pack_number: 0,
                    pack_hash: PackHash([0; 32]),
                    fork_count: 0,
                    enrolled_at: now,
                    seen_at: now,
                };
                devices::insert(tx, &device)?;
                let known = devices::find(tx, request.device)?.ok_or_else(invalid)?;
                if known.key != request.key {
                    return Err(invalid());
                }
                if known.state != DeviceState::Active {
                    if again {
                        return Err(Refusal::new(
                            Code::DeviceRevoked,
                            "this phone was disabled after it used this code; ask for a new code",
                        ));
                    }
                    devices::set_state(tx, request.device, DeviceState::Active)?;
                }
                let lifted = known.state != DeviceState::Active;
                let same = |g: &Grant| {
                    let whom = (g.person, g.role, &g.area) == (person, who.role, &who.area);
                    // A grant from before the device was disabled stays revoked; a new one is needed.
                    whom && g.also == also && g.until == who.until && !lifted
                };
                for held in devices::device_grants(tx, request.device)? {
                    if held.claims().is_some_and(|g| same(&g)) {
                        return Ok(Response {
                            server_key: key.public(),
                            grant: held.sealed,
                        });
                    }
                }
                let grant = Grant {
                    person,
                    organ: who.organ,
                    role: who.role,
                    area: who.area,
                    device: request.device,
                    device_key: request.key.0,
                    // A device's clock may be behind; an event of the day of enrolment must not fall before its grant.
                    from: ServerTime(now.0 - DAY_MS),
                    until: who.until,
                    issued: now,
                    also,
                    space: Some(who.space.clone()),
                };
                let sealed = SignedGrant::seal(&grant, &key);
                devices::insert_grant(tx, &sealed, &grant, &who.space)?;
                Ok(Response {
                    server_key: key.public(),
                    grant: sealed,
                })
            })
            .await
    }
}
