//! The derived rows of a ledger row: links to other documents, duties of companies, and the queue of comparisons.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use sync_core::{
    catalogue::StateCode,
    document::FoldedHazard,
    grouping::Comparable,
    hazard::deadline::Standing,
    record::{AreaPath, DocId, ServerTime},
    wire::encode,
};

use super::groups;
use crate::storage::{
    StorageError, Tx, comparables,
    docs::Doc,
    duties::{self, Duty},
    hazards::HazardRow,
    links, suggestions,
};

/// The derived rows of one ledger row.
#[derive(Debug, Default)]
pub(super) struct Derived {
    targets: Vec<DocId>,
    duties: Vec<Duty>,
}

/// The derived rows of a folded hazard; also sets the columns of its row that queries about other documents use.
pub(super) fn of(doc: &Doc, of: FoldedHazard<'_>, row: &mut HazardRow) -> Derived {
    let member = of.group_member(doc.id);
    row.registered = member.when.upper;
    let due = of.trusted_due(doc.id).filter(|due| due.certain);
    row.due = due.map(|due| due.at);
    if let Some(comparable) = of.comparable(doc.id) {
        row.finder = Some(comparable.finder);
        row.outdoors = comparable.outdoors.map(|position| encode(&position));
        row.place_group = comparables::place_group(&comparable);
        row.comparison_digest =
            comparison_digest(&comparable, of.state().state, &member.duplicate_of);
    }
    Derived {
        duties: duties(doc, of),
        targets: member.duplicate_of,
    }
}

/// The comparison digest: a hazard has to be compared again only if its digest changes.
fn comparison_digest(of: &Comparable, state: StateCode, targets: &[DocId]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(of.code.as_str());
    hash.update(of.compound.as_bytes());
    hash.update(&of.place_key);
    hash.update(of.finder.as_bytes());
    hash.update(of.found.0.to_be_bytes());
    hash.update(state.0.to_be_bytes());
    for photo in &of.photos {
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
fn duties(doc: &Doc, of: FoldedHazard<'_>) -> Vec<Duty> {
    let mut found = Vec::new();
    for company in of.companies() {
        // At the latest possible time every missing link is due.
        let chain = of.duty_chain(company, ServerTime(i64::MAX));
        let findings = chain.map(|chain| chain.findings).unwrap_or_default();
        found.extend(findings.into_iter().map(|finding| Duty {
            space: doc.space.clone(),
            doc: doc.id,
            path: doc.path.clone(),
            company,
            code: finding.code,
            due: finding.due.0,
            late: finding.late,
            certain: finding.standing == Standing::Overdue,
        }));
    }
    found
}

/// The documents whose comparison digest differs from the stored one. Must be called before the rows are written.
pub(super) fn changed_comparisons(
    tx: &mut dyn Tx,
    space: &AreaPath,
    rows: &[(&HazardRow, &Derived)],
) -> Result<Vec<DocId>, StorageError> {
    let old = suggestions::comparison_digests(tx, space, &ids(rows))?;
    let changed =
        |(row, _): &&(&HazardRow, &Derived)| old.get(&row.doc) != Some(&row.comparison_digest);
    Ok(rows
        .iter()
        .filter(changed)
        .map(|(row, _)| row.doc)
        .collect())
}

/// Writes the derived rows of ledger rows that were written: links and how their groups count, duties, and the queue of
/// comparisons.
pub(super) fn put(
    tx: &mut dyn Tx,
    space: &AreaPath,
    rows: &[(&HazardRow, &Derived)],
    changed_comparisons: &[DocId],
) -> Result<(), StorageError> {
    let docs = ids(rows);
    // The old links too: a document that a removed link leaves must be counted again.
    let before = links::around(tx, space, &docs)?;
    let mut touched: BTreeSet<DocId> = before.iter().flat_map(|(a, b)| [*a, *b]).collect();
    // One that is merged counts as open unless another counts for it; one that was merged counts itself again.
    touched.extend(links::uncommon(tx, space, &docs)?);
    for (doc, (_, derived)) in docs.iter().zip(rows) {
        let old: BTreeSet<DocId> = before
            .iter()
            .filter(|(from, _)| from == doc)
            .map(|(_, to)| *to)
            .collect();
        let new: BTreeSet<DocId> = derived.targets.iter().copied().collect();
        if old != new {
            links::replace(tx, space, *doc, &derived.targets)?;
            touched.insert(*doc);
            touched.extend(new);
        }
    }
    groups::count(tx, space, touched)?;
    let owed: Vec<&Duty> = rows.iter().flat_map(|(_, b)| &b.duties).collect();
    duties::replace(tx, space, &docs, &owed)?;
    suggestions::ask(tx, space, changed_comparisons)
}

fn ids(rows: &[(&HazardRow, &Derived)]) -> Vec<DocId> {
    rows.iter().map(|(row, _)| row.doc).collect()
}
