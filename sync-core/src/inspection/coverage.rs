//! Coverage: the buildings and entrances that finished inspections reached, each counted once.

use std::collections::BTreeSet;

use serde::Serialize;

use super::fold::InspectionState;
use crate::{grouping::covered, record::CompoundId};

/// A building or one of its entrances, as place keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InspectedPlace {
    /// The compound.
    pub compound: CompoundId,
    /// The building.
    pub building: String,
    /// The entrance; empty: the building as a whole.
    pub unit: String,
}

/// The coverage of an area.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Number of buildings and entrances to inspect.
    pub total: usize,
    /// How many of them are inspected.
    pub inspected: usize,
    /// Those that are not inspected yet.
    pub missing: Vec<InspectedPlace>,
}

/// The buildings and entrances that an inspection reached. An inspection of papers only, and a building that no
/// inspector could enter, reach nothing.
pub fn inspected(inspection: &InspectionState) -> BTreeSet<InspectedPlace> {
    let Some(compound) = inspection.compound else {
        return BTreeSet::new();
    };
    let reached = inspection.answers.iter().filter(|a| a.is_reached());
    let place = |a: &super::Answered| InspectedPlace {
        compound,
        building: a.building.clone(),
        unit: a.unit.clone(),
    };
    let places = reached.filter(|a| !a.building.is_empty());
    places.map(place).collect()
}

/// How many of these buildings and entrances the finished inspections reached. A building counts as a whole if any part
/// of it was reached; an entrance counts only if it was reached.
///
/// # Properties
/// `total` is `inspected` plus the number of `missing`; a second visit changes nothing.
pub fn coverage(places: &BTreeSet<InspectedPlace>, inspections: &[InspectionState]) -> Coverage {
    let mut visits = BTreeSet::new();
    for place in inspections.iter().filter(|i| i.counts).flat_map(inspected) {
        visits.insert(InspectedPlace {
            unit: String::new(),
            ..place.clone()
        });
        visits.insert(place);
    }
    let list: Vec<InspectedPlace> = visits.iter().cloned().collect();
    Coverage {
        total: places.len(),
        inspected: covered(places, &list),
        missing: places.difference(&visits).cloned().collect(),
    }
}
