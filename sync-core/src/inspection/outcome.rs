//! What became of an inspection.

use super::answers::answered;
use crate::{
    activity::{engine::Judging, standing::Standing},
    history::Positions,
    record::{EventBody, InspectionResult, codes::code_list},
};

code_list! {
    /// What became of an inspection: the result of its conclusion, or that no answer reached its place.
    Outcome {
        Passed = 1 "passed" "未发现问题",
        Problems = 2 "problems" "发现问题",
        Stopped = 3 "stopped" "中止检查",
        NotReached = 4 "not_reached" "未能进入",
    }
}

impl Outcome {
    /// Whether an inspection with this outcome counts.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Passed | Self::Problems)
    }
}

/// The outcome of a conclusion: `NotReached` if its author knew answers and none of them reached its place.
fn of_conclusion(j: &Judging<'_>, at: usize, result: InspectionResult) -> Outcome {
    let answers = answered(j, &j.known(at, &j.sets.content));
    if !answers.is_empty() && !answers.iter().any(|answer| answer.is_reached()) {
        return Outcome::NotReached;
    }
    match result {
        InspectionResult::Passed => Outcome::Passed,
        InspectionResult::Problems => Outcome::Problems,
        InspectionResult::Stopped => Outcome::Stopped,
    }
}

/// The outcome of an inspection; `None` while no conclusion counts. A conclusion that counts stays: one that breaks the
/// inspection off takes nothing from it.
pub(super) fn outcome(j: &Judging<'_>, now: &Standing) -> Option<Outcome> {
    let mut counting = Positions::new(j.history.len());
    let mut outcomes = Vec::new();
    for at in now.closings.iter() {
        if let EventBody::FinishInspection(conclusion) = j.history.body(at) {
            let outcome = of_conclusion(j, at, conclusion.result);
            if outcome.counts() {
                counting.insert(at);
            }
            outcomes.push((at, outcome));
        }
    }
    let newest = j.history.order.newest(&counting);
    let held = outcomes.iter().filter(|(at, _)| newest.has(*at));
    let worst = held.map(|(_, outcome)| *outcome).max();
    worst.or_else(|| {
        let is_stopped = |(_, outcome): &&(usize, Outcome)| *outcome == Outcome::Stopped;
        let stopped = outcomes.iter().find(is_stopped);
        stopped.or(outcomes.first()).map(|(_, outcome)| *outcome)
    })
}
