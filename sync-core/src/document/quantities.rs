//! What a folded document contributes to indicators, and what an inspection still lacks.

use super::{folded::Folded, state::DocumentState};
use crate::{
    activity::counts,
    hazard::quantity::{Quantity, quantities},
    inspection::Answered,
    record::DeviceTime,
};

impl Folded<'_> {
    /// Whether an answer states a problem that opens a hazard, and no hazard was opened.
    pub fn lacks_hazard(&self, answered: &Answered) -> bool {
        let DocumentState::Inspection(state) = &self.full else {
            return false;
        };
        let same = |a: &&Answered| {
            (&a.building, &a.unit, &a.item) == (&answered.building, &answered.unit, &answered.item)
        };
        let mut lacking = state.failed_without_hazard(&self.catalogue).into_iter();
        lacking.any(|a| same(&a))
    }

    /// What the document contributes to indicators.
    pub fn quantities(&self) -> Vec<Quantity> {
        match &self.full {
            DocumentState::Hazard(state) => quantities(state, &self.events),
            DocumentState::Activity(state) => {
                let at = state.shown().map_or(DeviceTime(0), |v| v.held);
                let counted = counts(state, &self.catalogue).into_iter();
                counted
                    .map(|(name, milli)| Quantity { name, at, milli })
                    .collect()
            }
            DocumentState::Inspection(state) => state.quantities(),
        }
    }
}
