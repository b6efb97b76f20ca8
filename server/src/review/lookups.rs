//! What a page of a list needs from other rows, read for all its rows at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    grouping::Advice,
    record::{AreaPath, CompoundId, DocId, PhotoHash},
};

use crate::storage::{StorageError, Tx, hazards::HazardRow, names, photos, suggestions};

/// The names of the places of a page's rows. A place without a name is absent.
pub(super) struct PlaceNames {
    areas: HashMap<AreaPath, String>,
    compounds: HashMap<CompoundId, String>,
}

impl PlaceNames {
    /// Reads the names for rows, each with its area and its compound.
    pub(super) fn of<'r>(
        tx: &mut dyn Tx,
        rows: impl Iterator<Item = (&'r AreaPath, Option<&'r CompoundId>)>,
    ) -> Result<Self, StorageError> {
        let (paths, compounds): (BTreeSet<_>, BTreeSet<_>) = rows.unzip();
        Ok(Self {
            areas: names::areas(tx, paths)?,
            compounds: names::compounds(tx, compounds.into_iter().flatten())?,
        })
    }

    /// The name of an area.
    pub(super) fn area(&self, path: &AreaPath) -> Option<String> {
        self.areas.get(path).cloned()
    }

    /// The name of a row's compound.
    pub(super) fn compound(&self, id: Option<&CompoundId>) -> Option<String> {
        self.compounds.get(id?).cloned()
    }
}

/// The enrichment of rows of the ledger, read for all of them at once.
pub(super) struct Lookups {
    pub(super) places: PlaceNames,
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
    let places = rows.iter().map(|row| (&row.path, row.compound.as_ref()));
    Ok(Lookups {
        places: PlaceNames::of(tx, places)?,
        pending,
        alarms,
    })
}
