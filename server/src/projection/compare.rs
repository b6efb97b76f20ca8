//! Compares hazards whose place, kind, time or photos are new with those that may be the same.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    catalogue::{Catalogue, StateCode},
    grouping::{Advice, compare},
    record::{AreaPath, DAY_MS, DeviceTime, DocId},
};

use crate::storage::{
    StorageError, Tx,
    comparables::{self, ComparableRow},
    links, marks,
    suggestions::{self, Kept},
};

/// Candidates of a comparison at most, for each reason. In a building with more findings only the newest are compared,
/// and a photo that many documents name raises an alarm with any of them.
const CANDIDATES: i64 = 100;

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

/// What a round needs.
#[derive(Default)]
struct Situation {
    /// The present suggestions.
    before: HashMap<DocId, Vec<Kept>>,
    /// The documents themselves and their candidates.
    rows: HashMap<DocId, ComparableRow>,
    /// The candidates of each document.
    others: HashMap<DocId, BTreeSet<DocId>>,
}

/// Reads what a round needs for all its documents.
fn gather(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<Situation, StorageError> {
    let mut rows = comparables::comparables(tx, space, docs)?;
    rows.retain(|_, row| is_comparable(row));
    let (mut photos, mut perceptual_hashes, mut groups) =
        <(BTreeSet<_>, BTreeSet<_>, BTreeSet<_>)>::default();
    for row in rows.values() {
        groups.insert(comparables::place_group(&row.hazard));
        photos.extend(row.hazard.photos.iter().map(|photo| photo.hash));
        perceptual_hashes.extend(
            row.hazard
                .photos
                .iter()
                .filter_map(|photo| photo.perceptual_hash),
        );
    }
    let places = comparables::at_places(tx, space, &groups, CANDIDATES)?;
    let naming = comparables::naming(tx, space, &photos, CANDIDATES)?;
    let alike = comparables::with_perceptual_hash(tx, space, &perceptual_hashes, CANDIDATES)?;
    let linked = links::around(tx, space, docs)?;
    let mut others: HashMap<DocId, BTreeSet<DocId>> = HashMap::new();
    for (doc, row) in &rows {
        let hazard = &row.hazard;
        let mut near = places
            .get(&comparables::place_group(hazard))
            .cloned()
            .unwrap_or_default();
        if hazard
            .photos
            .iter()
            .any(|photo| photo.perceptual_hash.is_some())
        {
            near.extend(comparables::in_building(tx, space, hazard, CANDIDATES)?);
        }
        near.retain(|(_, found)| in_campaign(hazard.found, *found));
        let mut found: BTreeSet<DocId> = near.into_iter().map(|(other, _)| other).collect();
        for photo in &hazard.photos {
            found.extend(naming.get(&photo.hash).into_iter().flatten());
            found.extend(
                photo
                    .perceptual_hash
                    .and_then(|p| alike.get(&p))
                    .into_iter()
                    .flatten(),
            );
        }
        // Documents of the same group need no suggestion.
        if linked.iter().any(|(a, b)| a == doc || b == doc) {
            let (members, _) = links::group(tx, space, *doc)?;
            found.retain(|other| !members.contains(other));
        }
        found.remove(doc);
        others.insert(*doc, found);
    }
    let more: BTreeSet<DocId> = others.values().flatten().copied().collect();
    let more: Vec<DocId> = more.into_iter().filter(|d| !rows.contains_key(d)).collect();
    rows.extend(comparables::comparables(tx, space, &more)?);
    Ok(Situation {
        before: suggestions::about(tx, space, docs)?,
        rows,
        others,
    })
}

/// Whether two findings lie within one campaign.
fn in_campaign(one: DeviceTime, other: DeviceTime) -> bool {
    let days = i64::from(Catalogue::embedded().weights.campaign_days);
    i64::try_from(one.0.abs_diff(other.0)).is_ok_and(|distance| distance <= days * DAY_MS)
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
            signs: serde_json::to_string(&found.signs).unwrap_or_default(),
        });
    }
    kept.sort_by_key(|s| (s.urgency, -s.score, s.doc, s.other));
    kept
}

fn is_comparable(row: &ComparableRow) -> bool {
    ![StateCode::NONE, StateCode::VOID, StateCode::MERGED].contains(&row.state)
}
