//! Checks the promises against the events that the members recorded.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::{
    catalogue::StateCode,
    crdt::Document,
    history::{JudgedEvent, Verdict},
    record::{AreaPath, BlobHash, DocId, EventId},
    sync::Options,
};
use xuncha_server::storage::{StorageError, docs, log};

use super::play::Fleet;
use crate::phone::Transport;

/// A promise with the number of checks and the violations.
#[derive(Debug, Serialize)]
pub struct Promise {
    /// The promise.
    pub name: &'static str,
    /// Number of checks.
    pub checked: usize,
    /// The violations.
    pub broken: Vec<String>,
}

type Ledger = BTreeMap<DocId, BTreeSet<EventId>>;

fn held(phone: &crate::phone::Phone) -> anyhow::Result<Ledger> {
    let mut held = Ledger::new();
    let filter = sync_core::device::Filter {
        limit: 1_000_000,
        ..Default::default()
    };
    for row in phone.device.list(&filter)? {
        let (_, events) = phone.hazard(row.doc)?;
        held.insert(row.doc, events.into_iter().map(|s| s.id).collect());
    }
    Ok(held)
}

/// Checks every promise.
pub(super) fn check(fleet: &mut Fleet) -> anyhow::Result<Vec<Promise>> {
    let server = server_ledger(fleet)?;
    Ok(vec![
        nothing_stated_is_lost(fleet, &server),
        phones_equal_the_server(fleet, &server)?,
        projections_are_equal(fleet)?,
        photos_are_served(fleet)?,
        nothing_more_to_do(fleet)?,
        nobody_closed_by_merge(fleet)?,
        every_sync_ends(fleet),
    ])
}

/// Calls of one sync of a fleet member at most: 65 calls without progress with a patience of 8, 481 with a patience of
/// 60, and the calls for the events of some days.
const MOST_REQUESTS: u64 = 600;

fn every_sync_ends(fleet: &Fleet) -> Promise {
    let long = fleet.requests.iter().filter(|n| **n > MOST_REQUESTS);
    Promise {
        name: "a sync ends within a bounded number of calls",
        checked: fleet.requests.len(),
        broken: long.map(|n| format!("a sync made {n} calls")).collect(),
    }
}

fn server_ledger(fleet: &Fleet) -> anyhow::Result<Ledger> {
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

fn nothing_stated_is_lost(fleet: &Fleet, server: &Ledger) -> Promise {
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
fn phones_equal_the_server(fleet: &Fleet, server: &Ledger) -> anyhow::Result<Promise> {
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

fn projections_are_equal(fleet: &Fleet) -> anyhow::Result<Promise> {
    let mut rows: BTreeMap<DocId, sync_core::record::ListRow> = BTreeMap::new();
    let (mut broken, mut checked) = (Vec::new(), 0);
    let filter = sync_core::device::Filter {
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
            .read(move |tx| xuncha_server::storage::hazards::find(tx, &county, id));
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

fn photos_are_served(fleet: &mut Fleet) -> anyhow::Result<Promise> {
    let (mut broken, mut checked) = (Vec::new(), 0);
    let mut direct = fleet.direct.clone();
    for (n, member) in fleet.members.iter_mut().enumerate() {
        let token = member.phone.device.token()?.unwrap_or_default();
        for hash in member.phone.device.removable_photos()? {
            checked += 1;
            let call = sync_core::sync::Call {
                method: sync_core::sync::Method::Get,
                path: format!("/v1/blobs/{hash}"),
                headers: vec![("authorization", format!("Bearer {token}"))],
                body: Vec::new(),
            };
            let served = direct
                .send(&call)
                .is_ok_and(|r| r.status == 200 && BlobHash::of(&r.body) == hash);
            if !served {
                broken.push(format!(
                    "phone {n} may remove {hash}, the server does not serve it"
                ));
            }
        }
        let status = member.phone.device.status()?;
        if status.photos_waiting + status.photos_uploading > 0 {
            broken.push(format!("phone {n} still has photos to send"));
        }
    }
    Ok(Promise {
        name: "a photo may be removed only when the server serves it back",
        checked,
        broken,
    })
}

fn nothing_more_to_do(fleet: &mut Fleet) -> anyhow::Result<Promise> {
    let mut broken = Vec::new();
    for (n, member) in fleet.members.iter_mut().enumerate() {
        let report = member
            .phone
            .sync(&mut fleet.direct.clone(), Options::default())?;
        if report.requests != 1 || report.repairs > 0 {
            broken.push(format!(
                "phone {n} needed {} requests with nothing new",
                report.requests
            ));
        }
        let status = member.phone.device.status()?;
        if status.unsent + status.sent_unacknowledged + status.refused + status.scopes_in_repair > 0
        {
            broken.push(format!("phone {n}: {status:?}"));
        }
    }
    let checked = fleet.members.len();
    Ok(Promise {
        name: "a sync with nothing new is one request, sums equal",
        checked,
        broken,
    })
}

fn nobody_closed_by_merge(fleet: &Fleet) -> anyhow::Result<Promise> {
    let (mut broken, mut checked) = (Vec::new(), 0);
    let filter = sync_core::device::Filter {
        limit: 1_000_000,
        ..Default::default()
    };
    for member in fleet.members.iter().take(8) {
        for row in member.phone.device.list(&filter)? {
            checked += 1;
            let ended = [StateCode::CLOSED, StateCode::VOID, StateCode::MERGED];
            if !ended.contains(&StateCode(row.row.state)) {
                continue;
            }
            // A hazard may be ended only by an accepted event, and without an open conflict.
            let (state, _) = member.phone.hazard(row.doc)?;
            let decided = state.history.iter().any(
                |j| matches!(&j.verdict, Verdict::Accepted { step: Some(step) } if step.to.0 == row.row.state),
            );
            if !decided || state.flags.conflict_open {
                broken.push(format!("{} is over and nobody decided it", row.doc));
            }
        }
    }
    Ok(Promise {
        name: "no merge closes a hazard",
        checked,
        broken,
    })
}

/// Void events, counted on the device of their author.
pub(super) fn void(fleet: &Fleet) -> anyhow::Result<usize> {
    let mut void = 0;
    for member in &fleet.members {
        let docs: BTreeSet<DocId> = member.stated.iter().map(|(doc, _)| *doc).collect();
        for doc in docs {
            let (state, _) = member.phone.hazard(doc)?;
            let theirs = |id: &EventId| member.stated.contains(&(doc, *id));
            let without_effect =
                |j: &&JudgedEvent| theirs(&j.id) && matches!(j.verdict, Verdict::Void { .. });
            void += state.history.iter().filter(without_effect).count();
        }
    }
    Ok(void)
}

/// Hazards with an open conflict in the ledger.
pub(super) fn conflicts(fleet: &Fleet) -> anyhow::Result<usize> {
    let query = xuncha_server::storage::ledger::Query {
        within: vec![fleet.world.county.clone()],
        flag: Some(1),
        limit: i64::MAX,
        ..Default::default()
    };
    let read = fleet
        .app
        .storage
        .read(move |tx| xuncha_server::storage::ledger::list(tx, &query));
    Ok(fleet.runtime.block_on(read)?.len())
}

/// Hazards that any member recorded.
pub(super) fn hazards(fleet: &Fleet) -> usize {
    let docs: BTreeSet<DocId> = fleet
        .members
        .iter()
        .flat_map(|m| m.stated.iter().map(|(d, _)| *d))
        .collect();
    docs.len()
}
