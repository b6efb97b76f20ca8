//! Comparing records: those whose place, kind, time or photos are new, with those that may be the same.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::{Catalogue, StateCode},
    lifecycle::duplicate::{Advice, compare},
    record::{AreaPath, DocId},
};

use crate::storage::{
    StorageError, Tx, links, marks,
    suggestions::{self, Comparable, Kept},
};

/// Others that a record is compared with at most, for each reason: a building with more findings in a campaign has
/// one person look at the newest, and a photo that many records name is an alarm with any of them.
const CANDIDATES: i64 = 100;

/// Examined and no hazard; recorded elsewhere.
const VOID: StateCode = StateCode(95);
const MERGED: StateCode = StateCode(96);

/// Compares the next records of a space; returns how many.
pub(super) fn round(
    tx: &mut dyn Tx,
    space: &AreaPath,
    limit: usize,
) -> Result<usize, StorageError> {
    // Held until the end: what another process writes meanwhile is compared after it.
    let mut mark = marks::lock(tx, space)?;
    let docs = suggestions::take(tx, space, limit)?;
    for doc in &docs {
        let (before, now) = (
            suggestions::about(tx, space, *doc)?,
            found(tx, space, *doc)?,
        );
        if before == now {
            continue;
        }
        suggestions::replace(tx, space, *doc, &now)?;
        let (was, is) = (alarms(&before), alarms(&now));
        let news: BTreeSet<DocId> = was.symmetric_difference(&is).copied().collect();
        mark.changed = suggestions::touch(tx, space, &news, mark.changed)?;
    }
    marks::advance(tx, space, &mark)?;
    Ok(docs.len())
}

fn alarms(kept: &[Kept]) -> BTreeSet<DocId> {
    let alarm = |s: &&Kept| s.urgency == Advice::FakeEvidence.urgency();
    let pairs = kept.iter().filter(alarm);
    pairs.flat_map(|s| [s.doc, s.other]).collect()
}

/// What is to be suggested about a record now.
fn found(tx: &mut dyn Tx, space: &AreaPath, doc: DocId) -> Result<Vec<Kept>, StorageError> {
    let catalogue = Catalogue::embedded();
    let own = suggestions::comparables(tx, space, &[doc])?.remove(&doc);
    let Some(own) = own.filter(stands) else {
        return Ok(Vec::new());
    };
    let days = i64::from(catalogue.weights.campaign_days);
    let campaign = days * 86_400_000;
    let mut others: BTreeSet<DocId> =
        suggestions::in_building(tx, space, &own.seen, campaign, CANDIDATES)?
            .into_iter()
            .collect();
    others.extend(suggestions::with_photos(tx, space, &own.seen, CANDIDATES)?);
    // What is linked already needs no suggestion.
    let (linked, _) = links::group(tx, space, doc)?;
    let others: Vec<DocId> = others.difference(&linked).copied().collect();
    let mut kept = Vec::new();
    for (other, row) in suggestions::comparables(tx, space, &others)? {
        if !stands(&row) {
            continue;
        }
        let Some(found) = compare(&own.seen, &row.seen, catalogue) else {
            continue;
        };
        kept.push(Kept {
            doc: doc.min(other),
            other: doc.max(other),
            urgency: found.advice.urgency(),
            score: i64::from(found.score),
            signs: serde_json::to_string(&found.signs).unwrap_or_default(),
        });
    }
    kept.sort_by_key(|s| (s.urgency, -s.score, s.doc, s.other));
    Ok(kept)
}

fn stands(row: &Comparable) -> bool {
    row.state != VOID && row.state != MERGED && row.state != StateCode(0)
}
