//! Whether nothing is lost, and devices and server hold and show the same.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::StateCode,
    crdt::{Document, inspect},
    device::{DeviceError, Filter},
    record::{AreaPath, DeviceId, DocId, EventId, ListRow},
};
use xuncha_server::storage::{StorageError, docs, hazards, log, quarantine};

use crate::{
    fleet::{
        outcome::Promise,
        running::{Fleet, Member},
    },
    phone::Phone,
};

/// The events of each document.
pub(super) type Ledger = BTreeMap<DocId, BTreeSet<EventId>>;

fn held(phone: &Phone) -> anyhow::Result<Ledger> {
    let mut held = Ledger::new();
    let filter = Filter {
        limit: 1_000_000,
        ..Default::default()
    };
    for row in phone.device.list(&filter)? {
        let (_, events) = phone.hazard(row.doc)?;
        held.insert(row.doc, events.into_iter().map(|s| s.id).collect());
    }
    Ok(held)
}

pub(super) fn server_ledger(fleet: &Fleet) -> anyhow::Result<Ledger> {
    let county: AreaPath = fleet.world.county.clone();
    let read = fleet.app.storage.read(move |tx| {
        let mut docs = Vec::new();
        for (doc, _) in docs::digests(tx, &county, &county)? {
            docs.push((doc, log::changes(tx, &county, doc)?));
        }
        Ok::<_, StorageError>(docs)
    });
    let mut ledger = Ledger::new();
    for (doc, changes) in fleet.runtime.block_on(read)? {
        let document = Document::load(None, changes.iter().map(Vec::as_slice))?;
        ledger.insert(
            doc,
            document.events().0.into_iter().map(|(id, _)| id).collect(),
        );
    }
    Ok(ledger)
}

/// The events that the server has in quarantine for a device, and those that the device has not sent.
fn kept_of(fleet: &Fleet, member: &Member) -> anyhow::Result<BTreeSet<EventId>> {
    let device = member.phone.device.enrolment()?.device;
    let read = fleet
        .app
        .storage
        .read(move |tx| quarantine::of_device(tx, device, 10_000));
    let aside = fleet.runtime.block_on(read)?.into_iter();
    let facts = aside.filter_map(|row| inspect(&row.bytes).ok());
    let mut kept: BTreeSet<EventId> = facts.flat_map(|f| f.events).map(|(id, _)| id).collect();
    kept.extend(held(&member.phone)?.into_values().flatten());
    Ok(kept)
}

/// Whether every change of the log has an author who made it, and nothing waits but what revoked devices sent.
pub(super) fn everything_is_its_authors(fleet: &Fleet) -> anyhow::Result<Promise> {
    let unattested = fleet
        .runtime
        .block_on(fleet.app.components.ingest.unattested())?;
    let mut broken: Vec<String> = unattested
        .iter()
        .map(|change| format!("nothing attests {} on {}", change.hash, change.doc))
        .collect();
    let waiting = fleet.app.storage.read(quarantine::counted);
    let revoked = revoked(fleet)?;
    for aside in fleet.runtime.block_on(waiting)? {
        if !revoked.contains(&aside.device) {
            broken.push(format!(
                "{} of {}: {}",
                aside.changes, aside.device, aside.reason
            ));
        }
    }
    Ok(Promise {
        name: "everything is its author's, and waits for no decision",
        checked: fleet.members.len(),
        broken,
    })
}

pub(super) fn nothing_stated_is_lost(fleet: &Fleet, server: &Ledger) -> anyhow::Result<Promise> {
    let mut broken = Vec::new();
    let mut checked = 0;
    for (n, member) in fleet.members.iter().enumerate() {
        // What a revoked device states is not in the log; the server or the device keeps it.
        let kept = if member.revoked {
            kept_of(fleet, member)?
        } else {
            BTreeSet::new()
        };
        for (doc, event) in &member.stated {
            checked += 1;
            let in_log = server.get(doc).is_some_and(|events| events.contains(event));
            if !in_log && !kept.contains(event) {
                broken.push(format!(
                    "phone {n} stated {event} on {doc}, the server does not have it"
                ));
            }
        }
    }
    Ok(Promise {
        name: "nothing that anybody stated is lost",
        checked,
        broken,
    })
}

/// The documents of the county that are in the areas of a member's grants. Without those that nothing valid begins, because a
/// revoked device recorded them: they are in no list.
fn lying_in(fleet: &Fleet, member: &Member) -> anyhow::Result<BTreeSet<DocId>> {
    let county = fleet.world.county.clone();
    let grants = member.phone.device.own_grants()?.into_iter();
    let last = grants.filter(|(_, grant)| grant.until.is_none());
    let areas: Vec<AreaPath> = last.map(|(_, grant)| grant.area).collect();
    let revoked = revoked(fleet)?;
    let read = fleet.app.storage.read(move |tx| {
        let mut found = BTreeSet::new();
        for area in &areas {
            for (doc, _) in docs::digests(tx, &county, area)? {
                let by_revoked = revoked.iter().any(|device| doc.may_be_begun_by(*device));
                if !by_revoked || hazards::find(tx, &county, doc)?.is_some() {
                    found.insert(doc);
                }
            }
        }
        Ok::<_, StorageError>(found)
    });
    Ok(fleet.runtime.block_on(read)?)
}

fn revoked(fleet: &Fleet) -> Result<Vec<DeviceId>, DeviceError> {
    let members = fleet.members.iter().filter(|member| member.revoked);
    let devices = members.map(|member| Ok(member.phone.device.enrolment()?.device));
    devices.collect()
}

/// The members whose devices may still read.
fn readers(fleet: &Fleet) -> impl Iterator<Item = (usize, &Member)> {
    let members = fleet.members.iter().enumerate();
    members.filter(|(_, member)| !member.revoked)
}

/// Checks that a device holds exactly the documents of its area.
pub(super) fn phones_equal_the_server(fleet: &Fleet, server: &Ledger) -> anyhow::Result<Promise> {
    let mut broken = Vec::new();
    let revoked = revoked(fleet)?;
    for (n, member) in readers(fleet) {
        let (there, held) = (lying_in(fleet, member)?, held(&member.phone)?);
        for (doc, events) in held.iter().filter(|(doc, _)| there.contains(doc)) {
            if server.get(doc) != Some(events) {
                broken.push(format!("phone {n} and the server differ on {doc}"));
            }
        }
        let held: BTreeSet<DocId> = held.into_keys().collect();
        let missing = there.difference(&held).count();
        if missing > 0 {
            broken.push(format!(
                "phone {n} lacks {missing} of {} hazards",
                there.len()
            ));
        }
        // A document with a photo that was not sent stays until it is.
        let outside = held.difference(&there).filter(|_| !fleet.trouble.photos);
        for doc in outside {
            if !revoked.iter().any(|device| doc.may_be_begun_by(*device)) {
                broken.push(format!("phone {n} holds {doc}, which is outside its areas"));
            }
        }
    }
    Ok(Promise {
        name: "phones hold exactly what the server has in their area",
        checked: fleet.members.len(),
        broken,
    })
}

pub(super) fn projections_are_equal(fleet: &Fleet) -> anyhow::Result<Promise> {
    let mut rows: BTreeMap<DocId, ListRow> = BTreeMap::new();
    let (mut broken, mut checked) = (Vec::new(), 0);
    let filter = Filter {
        limit: 1_000_000,
        ..Default::default()
    };
    let revoked = revoked(fleet)?;
    for (n, member) in readers(fleet) {
        let there = lying_in(fleet, member)?;
        let rows_of = member.phone.device.list(&filter)?.into_iter();
        for row in rows_of.filter(|row| there.contains(&row.doc)) {
            checked += 1;
            let first = rows.entry(row.doc).or_insert_with(|| row.row.clone());
            if *first != row.row {
                broken.push(format!("phone {n} shows {} differently", row.doc));
            }
        }
    }
    for (doc, row) in &rows {
        let (id, state, county) = (*doc, StateCode(row.state), fleet.world.county.clone());
        let read = fleet
            .app
            .storage
            .read(move |tx| hazards::find(tx, &county, id));
        let there = fleet.runtime.block_on(read)?.map(|h| h.state);
        // Nothing valid begins what a revoked device recorded: it has no row on the server.
        let by_revoked = revoked.iter().any(|device| doc.may_be_begun_by(*device));
        let is_none = by_revoked && there.is_none() && state == StateCode(0);
        if there != Some(state) && !is_none {
            broken.push(format!("the server's ledger shows {doc} differently"));
        }
    }
    Ok(Promise {
        name: "replicas with the same changes show the same",
        checked,
        broken,
    })
}
