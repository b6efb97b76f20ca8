//! What a group of packs may use: the grants of devices that bring events of others, and the shares of long documents.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::record::{AreaPath, DeviceId, DocId, Grant, ServerTime};

use super::{
    capacity::{self, Shares, Used},
    checked::Verified,
    situation::Situation,
};
use crate::{
    refusal::Refusal,
    storage::{Tx, devices, log},
};

/// The currently valid grants of devices that bring events of others.
pub(super) fn reach<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
    now: ServerTime,
) -> Result<HashMap<DeviceId, Vec<Grant>>, Refusal> {
    let carriers: BTreeSet<DeviceId> = packs
        .filter(|pack| pack.claims.repair)
        .map(|pack| pack.claims.device)
        .collect();
    let mut reach = HashMap::new();
    for device in carriers {
        let grants = devices::device_grants(tx, device)?.into_iter();
        let grants = grants.filter_map(|held| held.claims());
        let valid = |g: &Grant| g.from <= now && g.until.is_none_or(|until| now < until);
        reach.insert(device, grants.filter(valid).collect());
    }
    Ok(reach)
}

/// What organisations have used of long documents.
pub(super) fn shares<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
    s: &Situation,
) -> Result<Shares, Refusal> {
    let mut used: HashMap<DocId, Used> = HashMap::new();
    for change in packs.flat_map(|pack| &pack.changes) {
        if let Some(doc) = s.docs.get(&change.doc) {
            let held = Used {
                changes: doc.changes,
                bytes: doc.total_bytes,
            };
            let total = used.entry(change.doc).or_insert(held);
            *total = total.plus(Used {
                changes: 1,
                bytes: change.bytes.len() as u64,
            });
        }
    }
    let mut long: BTreeMap<&AreaPath, Vec<DocId>> = BTreeMap::new();
    for (doc, _) in used
        .into_iter()
        .filter(|(_, used)| capacity::is_long(*used))
    {
        long.entry(&s.docs[&doc].space).or_default().push(doc);
    }
    let mut shares = Shares::new();
    for (space, docs) in long {
        let brought = log::brought(tx, space, &docs)?;
        let devices: BTreeSet<DeviceId> = brought.iter().map(|(_, device, ..)| *device).collect();
        let organs = devices::organs(tx, devices)?;
        for (doc, device, changes, bytes) in brought {
            // A device that works for two organisations is charged to both.
            for organ in organs.get(&device).into_iter().flatten() {
                let share = shares.entry((doc, *organ)).or_default();
                *share = share.plus(Used { changes, bytes });
            }
        }
    }
    Ok(shares)
}
