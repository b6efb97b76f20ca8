//! What a comparison needs: the queued hazards, and the hazards that may be the same.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    catalogue::{Catalogue, StateCode},
    record::{AreaPath, DAY_MS, DeviceTime, DocId},
};

use crate::storage::{
    StorageError, Tx,
    comparables::{self, ComparableRow},
    links,
    suggestions::{self, Kept},
};

/// Candidates of a comparison at most, for each reason. In a building with more findings only the newest are compared,
/// and a photo that many documents name raises an alarm with any of them.
const CANDIDATES: i64 = 100;

/// What a round needs.
#[derive(Default)]
pub(super) struct Situation {
    /// The present suggestions.
    pub(super) before: HashMap<DocId, Vec<Kept>>,
    /// The documents themselves and their candidates.
    pub(super) rows: HashMap<DocId, ComparableRow>,
    /// The candidates of each document.
    pub(super) others: HashMap<DocId, BTreeSet<DocId>>,
}

/// Reads what a round needs for all its documents.
pub(super) fn gather(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Situation, StorageError> {
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

/// Whether a row takes part in comparisons.
pub(super) fn is_comparable(row: &ComparableRow) -> bool {
    ![StateCode::NONE, StateCode::VOID, StateCode::MERGED].contains(&row.state)
}
