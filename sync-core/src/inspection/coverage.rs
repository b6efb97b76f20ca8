//! Which buildings were looked at: each once, however many visits.

use std::collections::BTreeSet;

use serde::Serialize;

use super::fold::InspectionState;
use crate::{grouping::covered, record::CompoundId};

/// A building, or one of its units, as `place_key` spells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The compound.
    pub compound: CompoundId,
    /// The building.
    pub building: String,
    /// The unit; empty: the building as a whole.
    pub unit: String,
}

/// How far an area is inspected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Buildings and units to inspect.
    pub total: usize,
    /// Of these, inspected.
    pub inspected: usize,
    /// Of these, not yet.
    pub missing: Vec<Place>,
}

/// The buildings and units that an inspection has looked at. Where only papers are read, and where nobody got in, no
/// building was looked at.
pub fn inspected(inspection: &InspectionState) -> BTreeSet<Place> {
    let Some(compound) = inspection.compound else {
        return BTreeSet::new();
    };
    let reached = inspection.answers.iter().filter(|a| a.is_reached());
    let place = |a: &super::Answered| Place {
        compound,
        building: a.building.clone(),
        unit: a.unit.clone(),
    };
    let places = reached.filter(|a| !a.building.is_empty());
    places.map(place).collect()
}

/// How many of these buildings and units the finished inspections have looked at. A building counts as a whole when
/// any of it was looked at, a unit only itself.
///
/// # Properties
/// `total = inspected + missing`; a second visit changes nothing.
pub fn coverage(places: &BTreeSet<Place>, inspections: &[InspectionState]) -> Coverage {
    let mut visits = BTreeSet::new();
    for place in inspections.iter().filter(|i| i.counts).flat_map(inspected) {
        visits.insert(Place {
            unit: String::new(),
            ..place.clone()
        });
        visits.insert(place);
    }
    let list: Vec<Place> = visits.iter().cloned().collect();
    Coverage {
        total: places.len(),
        inspected: covered(places, &list),
        missing: places.difference(&visits).cloned().collect(),
    }
}
