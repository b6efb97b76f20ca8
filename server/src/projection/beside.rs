//! The enrichment of a ledger row: links to other documents, duties of companies, and what is compared.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use sync_core::{
    catalogue::Catalogue,
    lifecycle::{
        Grants, HazardState, Stated, across::Registered, deadline, duplicate::Seen, duty_chain,
    },
    place_key,
    record::{AreaPath, DocId, OrganId, Role, ServerTime},
    wire::encode,
};

use super::groups;
use crate::storage::{
    StorageError, Tx, comparables,
    docs::Doc,
    duties::{self, Duty},
    hazards::Hazard,
    links, suggestions,
};

/// The enrichment of one row.
#[derive(Debug, Default)]
pub(super) struct Beside {
    targets: Vec<DocId>,
    duties: Vec<Duty>,
}

/// The enrichment of a folded hazard; also sets the columns of its row that queries about other documents use.
pub(super) fn of(
    doc: &Doc,
    state: &HazardState,
    events: &[Stated],
    grants: &impl Grants,
    row: &mut Hazard,
) -> Beside {
    let catalogue = Catalogue::embedded();
    let registered = Registered::of(doc.id, state, events, grants);
    row.registered = registered.when.upper.map(|at| at.0);
    let due = deadline::trusted_due(state, catalogue, &registered.when);
    let due = due.filter(|due| due.certain);
    row.due = due.map(|due| due.at.0);
    if let Some(seen) = Seen::of(doc.id, state, events, place_key::of) {
        row.finder = Some(seen.finder.as_bytes().to_vec());
        row.outdoors = seen.outdoors.map(|position| encode(&position));
        row.place_group = comparables::place_group(&seen);
        row.look = look(&seen, state, &registered.duplicate_of);
    }
    Beside {
        targets: registered.duplicate_of,
        duties: owed(doc, state, events, grants),
    }
}

/// The comparison digest: while it is equal, nothing has to be compared again.
fn look(seen: &Seen, state: &HazardState, targets: &[DocId]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(seen.code.as_str());
    hash.update(seen.compound.as_bytes());
    hash.update(&seen.place_key);
    hash.update(seen.finder.as_bytes());
    hash.update(seen.found.0.to_be_bytes());
    hash.update(state.state.0.to_be_bytes());
    for photo in &seen.photos {
        hash.update(photo.hash.as_bytes());
    }
    for target in targets {
        hash.update(target.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// The duties of each company whose staff showed knowledge of the violation, including those that are not due yet.
fn owed(doc: &Doc, state: &HazardState, events: &[Stated], grants: &impl Grants) -> Vec<Duty> {
    let staff = |role| matches!(role, Role::PropertyManager | Role::PropertyPatrol);
    let grants_used = events.iter().filter_map(|s| grants.find(&s.event.grant));
    let companies: BTreeSet<OrganId> = grants_used
        .filter(|grant| staff(grant.role))
        .map(|grant| grant.organ)
        .collect();
    let mut owed = Vec::new();
    for company in companies {
        // At the end of time everything that is still missing is due.
        let end = ServerTime(i64::MAX);
        let catalogue = Catalogue::embedded();
        let chain = duty_chain(state, events, grants, catalogue, company, end);
        let findings = chain.map(|chain| chain.findings).unwrap_or_default();
        owed.extend(findings.into_iter().map(|finding| Duty {
            doc: doc.id,
            path: doc.path.clone(),
            company,
            code: finding.code,
            due: finding.due.0,
            late: finding.late,
            certain: finding.standing == deadline::Standing::Overdue,
        }));
    }
    owed
}

/// Those of these rows whose comparison digest is new. Must be called before the rows are written.
pub(super) fn new_looks(
    tx: &mut dyn Tx,
    space: &AreaPath,
    rows: &[(&Hazard, &Beside)],
) -> Result<Vec<Vec<u8>>, StorageError> {
    let old = suggestions::looks(tx, space, &numbers(rows)?)?;
    let mut new = Vec::new();
    for (row, _) in rows {
        if old.get(&DocId::from_slice(&row.doc)?) != Some(&row.look) {
            new.push(row.doc.clone());
        }
    }
    Ok(new)
}

/// Writes the enrichment of rows that were written: links with how their groups count, duties, what is compared next.
pub(super) fn put(
    tx: &mut dyn Tx,
    space: &AreaPath,
    rows: &[(&Hazard, &Beside)],
    new_looks: &[Vec<u8>],
) -> Result<(), StorageError> {
    let docs = numbers(rows)?;
    let before = links::around(tx, space, &docs)?;
    let mut touched: BTreeSet<DocId> = before.iter().flat_map(|(a, b)| [*a, *b]).collect();
    for (doc, (_, beside)) in docs.iter().zip(rows) {
        let old: BTreeSet<DocId> = before
            .iter()
            .filter(|(from, _)| from == doc)
            .map(|(_, to)| *to)
            .collect();
        let new: BTreeSet<DocId> = beside.targets.iter().copied().collect();
        if old != new {
            links::replace(tx, space, *doc, &beside.targets)?;
            touched.insert(*doc);
            touched.extend(new);
        }
    }
    groups::count(tx, space, touched)?;
    let owed: Vec<&Duty> = rows.iter().flat_map(|(_, b)| &b.duties).collect();
    duties::replace(tx, space, &docs, &owed)?;
    suggestions::ask(tx, space.as_str(), new_looks)
}

fn numbers(rows: &[(&Hazard, &Beside)]) -> Result<Vec<DocId>, StorageError> {
    let number = |(row, _): &(&Hazard, &Beside)| Ok(DocId::from_slice(&row.doc)?);
    rows.iter().map(number).collect()
}
