//! What this server signed and lost with an older backup: grants and notices that devices give back. The caller has
//! verified the signatures.

use std::collections::BTreeSet;

use sync_core::{
    identity::{PublicKey, ServerNotice, SignedGrant, server_notice::Subject},
    record::{Grant, LogEpoch, PackHash},
};

use super::{
    StorageError, Tx,
    devices::{self, Device, DeviceState},
    server_notices, spaces,
};

/// Stores a grant, and its device and its space if this server does not know them; `log` is the epoch of a new space. A
/// device that was revoked after the grant was issued stays revoked, and one that was revoked before is active again. A grant that names no space and lies outside every
/// space of this server is not stored. Returns whether the server has it now.
///
/// # Errors
/// [`StorageError`].
pub fn grant(
    tx: &mut dyn Tx,
    sealed: &SignedGrant,
    claims: &Grant,
    log: LogEpoch,
) -> Result<bool, StorageError> {
    let id = sealed.id();
    if !devices::grant_claims(tx, [&id])?.is_empty() {
        return Ok(true);
    }
    if let Some(space) = &claims.space {
        spaces::create(tx, space, log)?;
    }
    let covering = spaces::covering(tx, &BTreeSet::from([claims.area.clone()]))?;
    // A grant for a city may lie in no space of its own: any space within it shows that the area belongs to this server.
    let within = spaces::touching(tx, &BTreeSet::from([claims.area.clone()]))?;
    let deepest = spaces::deepest(&covering, &claims.area);
    let Some(space) = deepest.or(within.first()).cloned() else {
        return Ok(false);
    };
    let revoked = server_notices::last_revoked(tx, &BTreeSet::from([claims.device]))?;
    let since = revoked.get(&claims.device);
    let state = if since.is_some_and(|since| *since >= claims.issued) {
        DeviceState::Revoked
    } else {
        DeviceState::Active
    };
    let device = Device {
        id: claims.device,
        key: PublicKey(claims.device_key),
        model: String::new(),
        state,
        pack_number: 0,
        pack_hash: PackHash([0; 32]),
        fork_count: 0,
        enrolled_at: claims.issued,
        seen_at: claims.issued,
    };
    devices::insert(tx, &device)?;
    if since.is_some() && state == DeviceState::Active {
        devices::set_state(tx, claims.device, state)?;
    }
    devices::insert_grant(tx, sealed, claims, &space)?;
    if let Some(at) = server_notices::ended(tx, id)? {
        devices::end_grant(tx, id, at)?;
    }
    Ok(true)
}

/// Notes a notice in its space again, and applies it; the caller has locked the space. A notice that the space has, of a
/// space that this server does not have, or of a kind that it does not know has no effect. Returns whether it is new.
///
/// # Errors
/// [`StorageError`].
pub fn notice(tx: &mut dyn Tx, notice: &ServerNotice) -> Result<bool, StorageError> {
    let Some(subject) = notice.subject() else {
        return Ok(false);
    };
    if spaces::find(tx, &notice.space)?.is_none() {
        return Ok(false);
    }
    if !server_notices::note(tx, &notice.space, subject, notice.at)? {
        return Ok(false);
    }
    match subject {
        Subject::DeviceRevoked(device) => {
            let known = devices::find(tx, device)?;
            let active = known.is_some_and(|known| known.state == DeviceState::Active);
            // An administrator may have enrolled the device again since.
            let held = devices::device_grants(tx, device)?;
            let mut later = held.iter().filter_map(|held| held.claims());
            if active && !later.any(|grant| grant.issued > notice.at) {
                devices::set_state(tx, device, DeviceState::Revoked)?;
            }
        }
        Subject::GrantEnded(grant) => {
            devices::end_grant(tx, grant, notice.at)?;
        }
        Subject::ChangeAccepted(..) => {}
    }
    Ok(true)
}
