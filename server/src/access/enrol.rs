//! Enrolment: a device with a one-time code gets a grant.

use sync_core::{
    identity::{SecretKey, SignedGrant},
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
        Tx, aliases, credentials,
        devices::{self, Device, DeviceState, HeldGrant},
        server_notices,
    },
};

/// Why a code is refused on the device of another person.
const OF_ANOTHER: &str = "这台设备已登记给另一人；共用设备请管理员用 --shared 另发登记码 / this device is enrolled for another person; for a shared device ask the administrator for a code with --shared";

impl Access {
    /// Enrols a device with a one-time code. Idempotent: the same device and code get the same grant. A disabled device
    /// becomes active again with a code that it has not used, because an administrator created that code for it. What
    /// it sent while it was disabled stays in quarantine, and its earlier grants stay revoked. A device of one person
    /// takes another one only with a code that an administrator created for a shared device.
    ///
    /// # Errors
    /// [`Code::UpgradeNeeded`] and [`Code::Malformed`] if the device does not prove that it has the key that it names, or
    /// if the id of a new device is not that of its key;
    /// [`Code::CodeInvalid`]; [`Code::DeviceRevoked`] for a disabled device with a code that it used before. An error
    /// leaves the code unchanged.
    pub async fn enrol(&self, request: Request) -> Result<Response, Refusal> {
        if request.proof.is_none() {
            let detail = "update the app, then enrol";
            return Err(Refusal::new(Code::UpgradeNeeded, detail));
        }
        if !request.is_proven() {
            let detail = "the request is not signed with the key that it names";
            return Err(Refusal::new(Code::Malformed, detail));
        }
        let (key, now) = (self.key.clone(), self.clock.signing().await?);
        self.storage
            .write(move |tx| {
                let grant = enrol(tx, &request, &key, now)?;
                let server_key = key.public();
                Ok(Response { server_key, grant })
            })
            .await
    }
}

fn invalid() -> Refusal {
    Refusal::new(Code::CodeInvalid, "ask for a new code")
}

/// Uses the code, registers the device and returns its grant.
fn enrol(
    tx: &mut dyn Tx,
    request: &Request,
    key: &SecretKey,
    now: ServerTime,
) -> Result<SignedGrant, Refusal> {
    let hash = token_hash(&as_made(request.code.as_str()));
    let again = credentials::is_code_of(tx, &hash, request.device)?;
    let who = credentials::use_code(tx, &hash, request.device, now)?.ok_or_else(invalid)?;
    // A code of an id that was merged since gives a grant of the kept one.
    let aliases = aliases::all(tx)?;
    let (person, also) = (aliases.kept(who.person), aliases.others(who.person));
    let known = register(tx, request, now)?;
    let held = devices::device_grants(tx, request.device)?;
    let lifted = known.state != DeviceState::Active;
    let revoked = server_notices::last_revoked(tx, &[request.device].into())?;
    let revoked = revoked.get(&request.device);
    if lifted {
        if again {
            let detail = "this phone was disabled after it used this code; ask for a new code";
            return Err(Refusal::new(Code::DeviceRevoked, detail));
        }
        devices::set_state(tx, request.device, DeviceState::Active)?;
    } else if !who.shared {
        let of_another = |g: &Grant| {
            let lasts = g.until.is_none_or(|until| now < until);
            // What was issued before the device was revoked binds it to no person any more.
            let binds = revoked.is_none_or(|at| *at < g.issued);
            lasts && binds && aliases.kept(g.person) != person
        };
        let mut claims = held.iter().filter_map(HeldGrant::claims);
        if claims.any(|g| of_another(&g)) {
            return Err(Refusal::new(Code::CodeInvalid, OF_ANOTHER));
        }
    }
    // A grant from before the device was disabled stays revoked; a new one is needed.
    let same = |g: &Grant| {
        let whom = (aliases.kept(g.person), g.role, &g.area) == (person, who.role, &who.area);
        whom && g.until == who.until && !lifted
    };
    let signed = held
        .into_iter()
        .filter_map(|held| Some((held.sealed.stored_claims()?, held)));
    // An earlier one may have been ended before this code was made.
    let newest = signed
        .filter(|(g, _)| same(g))
        .max_by_key(|(g, _)| g.issued);
    match newest {
        Some((g, held)) if !held.is_ended() && g.also == also => return Ok(held.sealed),
        // One that names the kept id of a person who was merged since.
        Some((_, held)) if !held.is_ended() => {}
        // A code gives one grant: what an administrator ended is not renewed with it.
        _ if again => return Err(invalid()),
        _ => {}
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
        // A grant that was issued after a revocation reinstates the device, also if the clock was set back in between.
        issued: revoked.map_or(now, |at| now.max(ServerTime(at.0 + 1))),
        also,
        space: Some(who.space.clone()),
    };
    let sealed = SignedGrant::seal(&grant, key);
    devices::insert_grant(tx, &sealed, &grant, &who.space)?;
    Ok(sealed)
}

/// The device's row, made if the device is new. A known device keeps its key.
fn register(tx: &mut dyn Tx, request: &Request, now: ServerTime) -> Result<Device, Refusal> {
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
    // Else a device that this server lost with an older backup could not come back under its id.
    let is_own = request.device == request.key.device();
    if !is_own && devices::find(tx, request.device)?.is_none() {
        let detail = "the id of a new device is that of its key; erase the app's data, then enrol";
        return Err(Refusal::new(Code::Malformed, detail));
    }
    devices::insert(tx, &device)?;
    let known = devices::find(tx, request.device)?.ok_or_else(invalid)?;
    if known.key != request.key {
        return Err(invalid());
    }
    Ok(known)
}
