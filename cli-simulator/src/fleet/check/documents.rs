//! Whether nothing is lost, and devices and server hold and show the same.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::StateCode,
    crdt::Document,
    device::Filter,
    record::{AreaPath, DocId, EventId, ListRow},
};
use xuncha_server::storage::{StorageError, docs, hazards, log};

use crate::{
    fleet::{outcome::Promise, running::Fleet},
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

pub(super) fn nothing_stated_is_lost(fleet: &Fleet, server: &Ledger) -> Promise {
    let mut broken = Vec::new();
    let mut checked = 0;
    for (n, member) in fleet.members.iter().enumerate() {
        for (doc, event) in &member.stated {
            checked += 1;
            if !server.get(doc).is_some_and(|events| events.contains(event)) {
                broken.push(format!(
                    "phone {n} stated {event} on {doc}, the server does not have it"
                ));
            }
        }
    }
    Promise {
        name: "nothing that anybody stated is lost",
        checked,
        broken,
    }
}

/// Number of documents in an area.
fn lying_in(fleet: &Fleet, area: AreaPath) -> anyhow::Result<usize> {
    let county = fleet.world.county.clone();
    let read = fleet
        .app
        .storage
        .read(move |tx| Ok::<_, StorageError>(docs::digests(tx, &county, &area)?.len()));
    Ok(fleet.runtime.block_on(read)?)
}

/// Checks that a device holds exactly the documents of its area.
pub(super) fn phones_equal_the_server(fleet: &Fleet, server: &Ledger) -> anyhow::Result<Promise> {
    let mut broken = Vec::new();
    for (n, member) in fleet.members.iter().enumerate() {
        for (doc, events) in held(&member.phone)? {
            if server.get(&doc) != Some(&events) {
                broken.push(format!("phone {n} and the server differ on {doc}"));
            }
        }
        let area = member.phone.device.own_grants()?[0].1.area.clone();
        let (mine, there) = (held(&member.phone)?.len(), lying_in(fleet, area)?);
        if mine != there {
            broken.push(format!("phone {n} holds {mine} of {there} hazards"));
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
    for (n, member) in fleet.members.iter().enumerate() {
        for row in member.phone.device.list(&filter)? {
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
        if fleet
            .runtime
            .block_on(read)?
            .is_none_or(|h| h.state != state)
        {
            broken.push(format!("the server's ledger shows {doc} differently"));
        }
    }
    Ok(Promise {
        name: "replicas with the same changes show the same",
        checked,
        broken,
    })
}
