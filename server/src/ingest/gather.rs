//! Reads what the plan of a group of packs needs: only rows that these packs name.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    crdt,
    document::DocumentKind,
    record::{AreaPath, ChangeHash, DocId, Event, ServerTime},
};

use super::{
    checked::{Checked, Verified},
    situation::Situation,
    usage::{reach, shares},
};
use crate::{
    refusal::Refusal,
    storage::{
        StorageError, Tx, devices,
        docs::{self, Doc},
        log::{self, Held, InDoc},
        quarantine, server_notices, spaces,
    },
};

/// Changes of a document that are read at first to find its beginning. The beginning is the first unless it was attested
/// late; then more are read.
const FIRST: i64 = 8;

/// Reads what the plan needs. The spaces are locked, in order, before their rows are read.
pub(super) fn gather<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified> + Clone,
    now: ServerTime,
    catalogue: &Arc<Catalogue>,
) -> Result<Situation, Refusal> {
    let changes = || packs.clone().flat_map(|pack| &pack.changes);
    let contents = || changes().filter_map(|c| c.content.as_ref().ok());
    let named: BTreeSet<DocId> = changes().map(|c| c.doc).collect();
    let mut routes = docs::spaces_of(tx, named.iter().copied())?;
    let areas: BTreeSet<AreaPath> = contents().filter_map(|c| c.area.clone()).collect();
    let covering: Vec<AreaPath> = spaces::covering(tx, &areas)?.into_iter().collect();
    // Only the spaces that will contain a document: a county does not wait for its city's space.
    let of = areas
        .iter()
        .filter_map(|area| spaces::deepest(&covering, area));
    let mut s = Situation {
        spaces: of.cloned().collect(),
        ..Situation::of(catalogue, now)
    };
    let touched: BTreeSet<AreaPath> = routes.values().chain(&s.spaces).cloned().collect();
    if spaces::lock(tx, &touched)? && routes.len() < named.len() {
        // Another process may have begun one of these documents before the space was locked.
        routes = docs::spaces_of(tx, named.iter().copied())?;
    }
    // Only for existing documents: a change belongs to one document permanently, by what it begins or builds on.
    let mut named_in: BTreeMap<&AreaPath, BTreeSet<ChangeHash>> = BTreeMap::new();
    for change in changes() {
        let Some(space) = routes.get(&change.doc) else {
            continue;
        };
        let hashes = named_in.entry(space).or_default();
        hashes.insert(change.hash);
        hashes.extend(change.content.iter().flat_map(|c| c.deps.iter().copied()));
    }
    for (space, hashes) in named_in {
        let hashes: Vec<ChangeHash> = hashes.into_iter().collect();
        let here = |doc: &&DocId| routes.get(*doc) == Some(space);
        let docs: Vec<DocId> = named.iter().filter(here).copied().collect();
        s.known.extend(log::known(tx, space, &hashes)?);
        s.actor_seqs.extend(log::last_actor_seqs(tx, space, &docs)?);
        let docs = docs::of(tx, space, &docs)?;
        s.docs.extend(docs.into_iter().map(|doc| (doc.id, doc)));
    }
    s.actor_ops = actor_ops(tx, changes(), &routes, &s)?;
    let grants: BTreeSet<_> = contents()
        .flat_map(|c| &c.authors)
        .map(|a| a.grant)
        .collect();
    s.grants = devices::grant_claims(tx, &grants)?;
    s.reach = reach(tx, packs.clone(), now)?;
    s.accepted = accepted(tx, packs.clone())?;
    let hashes: Vec<ChangeHash> = changes().map(|change| change.hash).collect();
    s.aside = quarantine::among(tx, &hashes)?;
    s.shares = shares(tx, packs.clone(), &s)?;
    s.families = families(tx, packs, &s)?;
    Ok(s)
}

/// The changes that are given back and that a person accepted: a restored server may get the acceptance back before the
/// change.
fn accepted<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
) -> Result<HashSet<ChangeHash>, Refusal> {
    let changes = packs
        .filter(|pack| pack.claims.repair)
        .flat_map(|pack| &pack.changes);
    let named: Vec<(DocId, ChangeHash)> = changes.map(|change| (change.doc, change.hash)).collect();
    Ok(server_notices::accepted(tx, &named)?)
}

/// The last operation number of each actor's newest change: from the dependency that is this change, else from the log.
fn actor_ops<'p>(
    tx: &mut dyn Tx,
    changes: impl Iterator<Item = &'p Checked>,
    routes: &HashMap<DocId, AreaPath>,
    s: &Situation,
) -> Result<HashMap<InDoc, u64>, StorageError> {
    let mut ops = HashMap::new();
    for change in changes {
        let (Ok(content), Some(space)) = (&change.content, routes.get(&change.doc)) else {
            continue;
        };
        let actor = (change.doc, content.actor);
        let Some(last) = s
            .actor_seqs
            .get(&actor)
            .filter(|_| !ops.contains_key(&actor))
        else {
            continue;
        };
        let before = |held: &&Held| held.by == (content.actor, *last);
        let direct = content
            .deps
            .iter()
            .filter_map(|dep| s.known.get(dep))
            .find(before);
        let end = match direct {
            Some(held) => Some(held.last_op),
            None => log::last_op_by(tx, space, &actor)?,
        };
        ops.extend(end.map(|end| (actor, end)));
    }
    Ok(ops)
}

/// The kind of each document to which a change adds a beginning: an event of a hazard must not turn an inspection into
/// a hazard. Such changes are rare, so the log is read only for them.
fn families<'p>(
    tx: &mut dyn Tx,
    packs: impl Iterator<Item = &'p Verified>,
    s: &Situation,
) -> Result<HashMap<DocId, DocumentKind>, Refusal> {
    let begins = |c: &&Checked| c.content.as_ref().is_ok_and(|c| c.beginning.is_some());
    let changes = packs.flat_map(|pack| &pack.changes).filter(begins);
    let named: BTreeSet<DocId> = changes.map(|change| change.doc).collect();
    let mut families = HashMap::new();
    for doc in named.iter().filter_map(|doc| s.docs.get(doc)) {
        families.extend(family(tx, doc)?.map(|family| (doc.id, family)));
    }
    Ok(families)
}

/// The kind of a document, by the first beginning in its log.
fn family(tx: &mut dyn Tx, doc: &Doc) -> Result<Option<DocumentKind>, StorageError> {
    let mut limit = FIRST;
    loop {
        let first = log::first_changes(tx, &doc.space, doc.id, limit)?;
        let events = first.iter().filter_map(|bytes| crdt::inspect(bytes).ok());
        let events = events.flat_map(|facts| facts.events);
        let family = events
            .filter_map(|(_, bytes)| Event::from_bytes(&bytes).ok())
            .find_map(|event| DocumentKind::begun_by(&event.body));
        if family.is_some() || (first.len() as i64) < limit {
            return Ok(family);
        }
        limit = limit.saturating_mul(8);
    }
}
