//! An event under judgement, with its author's causal history.

use crate::{
    catalogue::Grade,
    hazard::{frontier::HazardFrontier, values},
    history::{History, Verdict},
    record::{AreaPath, DeviceTime, EventBody, Grant, Observation},
};

/// An event under judgement and everything that the judgement may read.
pub(in crate::hazard) struct Situation<'s, 'a> {
    pub(in crate::hazard) at: usize,
    pub(in crate::hazard) history: &'s History<'a>,
    /// Verdicts of the events at earlier positions, by position.
    pub(in crate::hazard) verdicts: &'s [Verdict],
    pub(in crate::hazard) area: Option<&'s AreaPath>,
    /// The observation that the hazard began with, and its claimed time.
    pub(in crate::hazard) first: Option<(&'s Observation, DeviceTime)>,
}

impl<'a> Situation<'_, 'a> {
    pub(in crate::hazard) fn body(&self) -> &'a EventBody {
        self.history.body(self.at)
    }

    pub(super) fn claimed(&self) -> i64 {
        self.history.entry(self.at).event.claimed.0
    }

    /// Positions of the events in the author's causal history that have an effect and satisfy `which`.
    pub(super) fn seen(&self, which: impl Fn(&EventBody) -> bool) -> impl Iterator<Item = usize> {
        (0..self.at).filter(move |at| {
            which(self.history.body(*at))
                && self.history.happened_before(*at, self.at)
                && self.verdicts[*at].has_effect()
        })
    }

    /// The grants of those events.
    pub(super) fn grants_of(
        &self,
        which: impl Fn(&EventBody) -> bool,
    ) -> impl Iterator<Item = &'a Grant> {
        self.seen(which).filter_map(|at| self.history.grants[at])
    }

    /// The grade in the author's causal history: as set, or else the default of the kind.
    pub(super) fn grade(&self, frontier: &HazardFrontier) -> Option<Grade> {
        let default = || {
            self.first
                .and_then(|(o, found)| self.history.grade_of(&o.code, found))
        };
        values::grade(self.history, frontier).or_else(default)
    }
}
