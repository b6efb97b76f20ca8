//! What this server signed and lost with an older backup: grants and notices that devices give back. The caller has
//! verified the signatures.

use std::collections::BTreeSet;

use sync_core::{
    identity::{PublicKey, ServerNotice, SignedGrant, server_notice::Subject},
    record::{AreaPath, DeviceId, Grant, GrantId, LogEpoch, PackHash, ServerTime},
};

use super::{
    StorageError, Tx,
    devices::{self, Device, DeviceState, HeldGrant},
    server_notices, spaces,
};

/// The name of the row that transactions lock while they store what devices give back.
const RETURNING: &str = "returning_authority";

/// What this server signed and a device gives back.
#[derive(Debug, Default)]
pub struct Authority<'a> {
    /// Grants with their claims.
    pub grants: &'a [(SignedGrant, Grant)],
    /// Notices.
    pub notices: &'a [ServerNotice],
}

impl Authority<'_> {
    /// Stores notices and grants, and the devices and spaces that this server does not know. `log`: the epoch of a new space.
    ///
    /// Spaces come first, because a notice is noted only in a space that exists, and notices before grants, so that a grant
    /// that was ended or whose device was revoked has no effect in between.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn store(&self, tx: &mut dyn Tx, log: impl Fn() -> LogEpoch) -> Result<(), StorageError> {
        let ids: Vec<GrantId> = self.grants.iter().map(|(sealed, _)| sealed.id()).collect();
        let known = devices::grant_claims(tx, &ids)?;
        if self.notices.is_empty() && ids.iter().all(|id| known.contains_key(id)) {
            return Ok(());
        }
        // Before any other lock. A grant that introduces a device and a notice that revokes it have no row in common to lock:
        // two concurrent transactions would not see each other's, and the device would stay active.
        spaces::set_meta_once(tx, RETURNING, b"")?;
        tx.lock(
            "SELECT name FROM meta WHERE name IN (?)",
            &[RETURNING.into()],
        )?;
        self.lock_devices(tx)?;
        // In one order, so that two devices that bring the same spaces do not wait for each other.
        let named: BTreeSet<&AreaPath> = self
            .grants
            .iter()
            .filter_map(|(_, claims)| claims.space.as_ref())
            .collect();
        for space in named {
            spaces::create(tx, space, log())?;
        }
        self.lock(tx)?;
        for one in self.notices {
            notice(tx, one)?;
        }
        for (sealed, claims) in self.grants {
            grant(tx, sealed, claims)?;
        }
        Ok(())
    }

    /// Locks the devices whose state may change, before any space, as ingest does.
    fn lock_devices(&self, tx: &mut dyn Tx) -> Result<(), StorageError> {
        let granted = self.grants.iter().map(|(_, claims)| claims.device);
        let revoked = self.notices.iter().filter_map(|one| match one.subject() {
            Some(Subject::DeviceRevoked(device) | Subject::DeviceErased(device)) => Some(device),
            _ => None,
        });
        devices::lock(tx, granted.chain(revoked))
    }

    /// Locks every space in which something may be noted, at once: two transactions that lock a few at a time could lock them
    /// in two orders.
    fn lock(&self, tx: &mut dyn Tx) -> Result<(), StorageError> {
        let mut areas: BTreeSet<AreaPath> =
            self.grants.iter().map(|(_, g)| g.area.clone()).collect();
        for one in self.notices {
            areas.insert(one.space.clone());
            areas.extend(written(tx, one)?);
        }
        let touched = spaces::touching(tx, &areas)?;
        spaces::lock(tx, &touched)?;
        Ok(())
    }
}

/// The areas in which the device or the grant of a notice may have written.
fn written(tx: &mut dyn Tx, notice: &ServerNotice) -> Result<BTreeSet<AreaPath>, StorageError> {
    let claims: Vec<Grant> = match notice.subject() {
        Some(Subject::DeviceRevoked(device) | Subject::DeviceErased(device)) => {
            let held = devices::device_grants(tx, device)?;
            held.iter().filter_map(HeldGrant::claims).collect()
        }
        Some(Subject::GrantEnded(grant)) => {
            let known = devices::grant_claims(tx, [&grant])?;
            known.into_values().collect()
        }
        Some(Subject::ChangeAccepted(..)) | None => Vec::new(),
    };
    Ok(claims.into_iter().map(|grant| grant.area).collect())
}

/// Stores a grant, and its device if this server does not know it. A device that was revoked after the grant was issued
/// stays revoked, and one that was revoked before is active again. A grant that lies outside every space of this server is
/// not stored, and none for another key than the one that the device has here: with it, who has that key could speak as
/// the device.
fn grant(tx: &mut dyn Tx, sealed: &SignedGrant, claims: &Grant) -> Result<(), StorageError> {
    let id = sealed.id();
    if !devices::grant_claims(tx, [&id])?.is_empty() {
        return Ok(());
    }
    let key = PublicKey(claims.device_key);
    let known = devices::find(tx, claims.device)?;
    if known.is_some_and(|known| known.key != key) {
        return Ok(());
    }
    let area = BTreeSet::from([claims.area.clone()]);
    let covering = spaces::covering(tx, &area)?;
    // A grant for a city may lie in no space of its own: any space within it shows that the area belongs to this server.
    let within = spaces::touching(tx, &area)?;
    let deepest = spaces::deepest(&covering, &claims.area);
    let Some(space) = deepest.or(within.first()).cloned() else {
        return Ok(());
    };
    let this = BTreeSet::from([claims.device]);
    let since = server_notices::last_revoked(tx, &this)?.remove(&claims.device);
    let erased = server_notices::last_erased(tx, &this)?.remove(&claims.device);
    let after = |at: Option<ServerTime>| at.is_some_and(|at| at >= claims.issued);
    let state = match (after(erased), after(since)) {
        (true, _) => DeviceState::Wipe,
        (false, true) => DeviceState::Revoked,
        (false, false) => DeviceState::Active,
    };
    let device = Device {
        id: claims.device,
        key,
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
    for subject in [
        Subject::DeviceRevoked(claims.device),
        Subject::DeviceErased(claims.device),
        Subject::GrantEnded(id),
    ] {
        server_notices::spread(tx, subject, &area)?;
    }
    Ok(())
}

/// Disables a device, unless an administrator has enrolled it again since. One that is to delete its data stays so.
fn disable(
    tx: &mut dyn Tx,
    device: DeviceId,
    state: DeviceState,
    at: ServerTime,
) -> Result<(), StorageError> {
    let before = devices::find(tx, device)?.map(|known| known.state);
    let held = devices::device_grants(tx, device)?;
    let mut later = held.iter().filter_map(HeldGrant::claims);
    let fits = matches!(
        (before, state),
        (Some(DeviceState::Active), _) | (Some(DeviceState::Revoked), DeviceState::Wipe)
    );
    if fits && !later.any(|grant| grant.issued > at) {
        devices::set_state(tx, device, state)?;
    }
    Ok(())
}

/// Notes a notice in its space again, and applies it. A notice that the space has, of a space that this server does not have,
/// or of a kind that it does not know has no effect.
fn notice(tx: &mut dyn Tx, notice: &ServerNotice) -> Result<(), StorageError> {
    let Some(subject) = notice.subject() else {
        return Ok(());
    };
    if spaces::find(tx, &notice.space)?.is_none() {
        return Ok(());
    }
    if !server_notices::note(tx, &notice.space, subject, notice.at)? {
        return Ok(());
    }
    match subject {
        Subject::DeviceRevoked(device) => {
            disable(tx, device, DeviceState::Revoked, notice.at)?;
        }
        Subject::DeviceErased(device) => {
            disable(tx, device, DeviceState::Wipe, notice.at)?;
        }
        Subject::GrantEnded(grant) => {
            devices::end_grant(tx, grant, notice.at)?;
        }
        // The change itself follows, in the module that writes the log.
        Subject::ChangeAccepted(..) => {}
    }
    let areas = written(tx, notice)?;
    server_notices::spread(tx, subject, &areas)
}
