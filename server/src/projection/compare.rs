//! Compares hazards whose place, kind, time or photos are new with those that may be the same.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::Catalogue,
    grouping::{Advice, compare},
    record::{AreaPath, DocId},
};

use super::candidates::{Situation, gather, is_comparable};
use crate::storage::{
    StorageError, Tx, marks,
    suggestions::{self, Kept},
};

/// Compares the next queued documents of a space; returns how many.
pub(super) fn round(
    tx: &mut dyn Tx,
    space: &AreaPath,
    limit: usize,
) -> Result<usize, StorageError> {
    // Locked until the transaction ends: what another process writes concurrently is compared after it.
    let mut mark = marks::lock(tx, space)?;
    let docs = suggestions::take(tx, space, limit)?;
    let situation = gather(tx, space, &docs)?;
    for doc in &docs {
        let before = situation.before.get(doc).map_or(&[][..], Vec::as_slice);
        let now = plan(&situation, space, *doc);
        if before == now {
            continue;
        }
        suggestions::replace(tx, space, *doc, &now)?;
        let (was, is) = (alarms(before), alarms(&now));
        let news: BTreeSet<DocId> = was.symmetric_difference(&is).copied().collect();
        mark.changed = suggestions::touch(tx, space, &news, mark.changed)?;
    }
    marks::advance(tx, &mark)?;
    Ok(docs.len())
}

fn alarms(kept: &[Kept]) -> BTreeSet<DocId> {
    let alarm = |s: &&Kept| s.urgency == Advice::FakeEvidence.urgency();
    let pairs = kept.iter().filter(alarm);
    pairs.flat_map(|s| [s.doc, s.other]).collect()
}

/// The suggestions about a document as of now.
fn plan(s: &Situation, space: &AreaPath, doc: DocId) -> Vec<Kept> {
    let catalogue = Catalogue::embedded();
    let Some((own, others)) = s.rows.get(&doc).zip(s.others.get(&doc)) else {
        return Vec::new();
    };
    let mut kept = Vec::new();
    for other in others {
        let row = s.rows.get(other).filter(|row| is_comparable(row));
        let found = row.and_then(|row| compare(&own.hazard, &row.hazard, catalogue));
        let Some(found) = found else { continue };
        kept.push(Kept {
            space: space.clone(),
            doc: doc.min(*other),
            other: doc.max(*other),
            urgency: found.advice.urgency(),
            score: i64::from(found.score),
            signs: serde_json::to_string(&found.signs).expect("signs are names"),
        });
    }
    kept.sort_by_key(|s| (s.urgency, -s.score, s.doc, s.other));
    kept
}
