//! Records that two ids are one person, and issues the grants that state it.
//!
//! No event, no grant and no verdict changes. Every device of the person gets new grants with the kept id and all others;
//! what is stated under them is judged as stated by one person, by the server and by every device
//! (`docs/decisions/0012-ids-of-one-person.md`).

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    identity::{SecretKey, SignedGrant},
    record::{AreaPath, DAY_MS, DeviceId, Grant, PersonId, Role, ServerTime},
};

use super::Access;
use crate::{
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        accounts::{self, Class},
        aliases::{self, Aliases, PersonAlias},
        devices::{self, DeviceState},
        persons, server_notices, spaces,
    },
};

/// Two ids of one person, as an administrator states it.
#[derive(Debug, Clone)]
pub struct Merge {
    /// The id that is used from now on.
    pub kept: PersonId,
    /// The id that is used no more.
    pub merged: PersonId,
    /// Why they are one person.
    pub reason: String,
    /// Who states it.
    pub operator: String,
}

/// Why two ids are not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMerged {
    /// Both ids are the same.
    Same,
    /// The server does not know this id.
    Unknown(PersonId),
    /// This id was merged before; the second one is used in its place.
    Merged(PersonId, PersonId),
    /// A grant has no room for more ids.
    TooMany,
    /// This person is an administrator, who has no other role.
    Administrator(PersonId),
}

/// What was issued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reissued {
    /// Devices with new grants.
    pub devices: usize,
    /// New grants.
    pub grants: usize,
}

/// Whether two ids can be merged, with the aliases as they would be afterwards.
///
/// # Errors
/// [`StorageError`]; the inner error states why they cannot.
pub fn check(
    tx: &mut dyn Tx,
    kept: PersonId,
    merged: PersonId,
) -> Result<Result<Aliases, NotMerged>, StorageError> {
    if kept == merged {
        return Ok(Err(NotMerged::Same));
    }
    let aliases = aliases::all(tx)?;
    let named: BTreeSet<_> = persons::all(tx)?.into_iter().map(|one| one.id).collect();
    for id in [kept, merged] {
        if !named.contains(&id) && !persons::appointments(tx, id)?.known {
            return Ok(Err(NotMerged::Unknown(id)));
        }
        if accounts::find(tx, id)?.is_some_and(|of| of.class != Class::Business) {
            return Ok(Err(NotMerged::Administrator(id)));
        }
        let now = aliases.kept(id);
        if now != id {
            return Ok(Err(NotMerged::Merged(id, now)));
        }
    }
    let aliases = aliases.with(merged, kept);
    if aliases.ids(kept).len() > Grant::MOST_IDS {
        return Ok(Err(NotMerged::TooMany));
    }
    Ok(Ok(aliases))
}

impl Access {
    /// Records that two ids are one person, issues new grants to its active devices, and queues the documents that both
    /// ids wrote to.
    ///
    /// # Errors
    /// [`Refusal`]; the inner error states why nothing was recorded.
    pub async fn merge_persons(
        &self,
        merge: Merge,
    ) -> Result<Result<Reissued, NotMerged>, Refusal> {
        let (key, now) = (self.key.clone(), self.clock.signing().await?);
        self.storage
            .write(move |tx| {
                // The spaces are locked, so that no document is folded without the alias and marked as done afterwards.
                let spaces: BTreeSet<AreaPath> = spaces::list(tx)?
                    .into_iter()
                    .map(|space| space.id)
                    .collect();
                spaces::lock(tx, &spaces)?;
                let aliases = match check(tx, merge.kept, merge.merged)? {
                    Ok(aliases) => aliases,
                    Err(why) => return Ok(Err(why)),
                };
                let alias = PersonAlias {
                    person: merge.merged,
                    kept: merge.kept,
                    merged_at: now,
                    reason: merge.reason.clone(),
                    operator: merge.operator.clone(),
                };
                if !aliases::record(tx, &alias)? {
                    return Ok(Err(NotMerged::Merged(merge.merged, merge.kept)));
                }
                let ids = aliases.ids(merge.kept);
                for space in &spaces {
                    let docs = aliases::shared_docs(tx, space, &ids)?;
                    aliases::queue(tx, space, &docs)?;
                }
                Ok(Ok(reissue(tx, &key, &aliases, &ids, now)?))
            })
            .await
    }
}

/// Issues new grants in place of those that have not ended, to active devices.
fn reissue(
    tx: &mut dyn Tx,
    key: &SecretKey,
    aliases: &Aliases,
    ids: &BTreeSet<PersonId>,
    now: ServerTime,
) -> Result<Reissued, StorageError> {
    let mut newest: BTreeMap<(DeviceId, Role, AreaPath), (AreaPath, Grant)> = BTreeMap::new();
    let all = aliases::grants(tx, ids)?;
    let holders: BTreeSet<DeviceId> = all.iter().map(|(_, grant)| grant.device).collect();
    let known = devices::find_all(tx, holders.iter().copied())?;
    let revoked = server_notices::last_revoked(tx, &holders)?;
    for (space, grant) in all {
        let lasts = grant.until.is_none_or(|until| now < until);
        let active = |device: &devices::Device| device.state == DeviceState::Active;
        // A grant from before the device was revoked stays revoked, also if the device was enrolled again since.
        let is_revoked = revoked
            .get(&grant.device)
            .is_some_and(|at| grant.issued <= *at);
        if !lasts || is_revoked || !known.get(&grant.device).is_some_and(active) {
            continue;
        }
        let of = (grant.device, grant.role, grant.area.clone());
        match newest.get(&of) {
            Some((_, other)) if other.issued >= grant.issued => {}
            _ => drop(newest.insert(of, (space, grant))),
        }
    }
    let mut done = Reissued::default();
    let mut devices = BTreeSet::new();
    for (space, old) in newest.into_values() {
        let grant = Grant {
            person: aliases.kept(old.person),
            also: aliases.others(old.person),
            // As at enrolment: a device's clock may be behind.
            from: ServerTime(now.0 - DAY_MS),
            issued: now,
            space: Some(space.clone()),
            ..old
        };
        devices::insert_grant(tx, &SignedGrant::seal(&grant, key), &grant, &space)?;
        devices.insert(grant.device);
        done.grants += 1;
    }
    done.devices = devices.len();
    Ok(done)
}
