//! What a page of the ledger needs from other rows, read for all its rows at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    grouping::Advice,
    record::{AreaPath, CompoundId, DocId, PhotoHash},
};

use crate::storage::{StorageError, Tx, hazards::HazardRow, names, photos, suggestions};

/// The enrichment of rows, read for all of them at once.
pub(super) struct Lookups {
    pub(super) areas: HashMap<AreaPath, String>,
    pub(super) compounds: HashMap<CompoundId, String>,
    /// How many photos of a document are not stored yet.
    pub(super) pending: HashMap<DocId, i64>,
    /// Documents with a photo that is also used for another place.
    pub(super) alarms: BTreeSet<DocId>,
}

pub(super) fn lookups(tx: &mut dyn Tx, rows: &[HazardRow]) -> Result<Lookups, StorageError> {
    let mut by_space: BTreeMap<&AreaPath, Vec<DocId>> = BTreeMap::new();
    for row in rows {
        by_space.entry(&row.space).or_default().push(row.doc);
    }
    let (mut named, mut alarms) = (Vec::new(), BTreeSet::new());
    let urgency = Advice::FakeEvidence.urgency();
    for (space, docs) in by_space {
        named.extend(photos::named(tx, space, &docs)?);
        alarms.extend(suggestions::with_urgency(tx, space, &docs, urgency)?);
    }
    let photos: Vec<PhotoHash> = named.iter().map(|(_, hash)| *hash).collect();
    let stored = photos::stored(tx, &photos)?;
    let mut pending: HashMap<DocId, i64> = HashMap::new();
    for (doc, hash) in named {
        *pending.entry(doc).or_default() += i64::from(!stored.contains(&hash));
    }
    let paths: BTreeSet<&AreaPath> = rows.iter().map(|row| &row.path).collect();
    let compounds: BTreeSet<&CompoundId> =
        rows.iter().filter_map(|r| r.compound.as_ref()).collect();
    Ok(Lookups {
        areas: names::areas(tx, paths)?,
        compounds: names::compounds(tx, compounds)?,
        pending,
        alarms,
    })
}
