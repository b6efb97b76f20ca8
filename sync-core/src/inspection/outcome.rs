//! What became of an inspection.

use super::answers::answered;
use crate::{
    activity::{engine::Judging, standing::Standing},
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

/// The outcome of an inspection; `None` while no conclusion counts. Of the conclusions that found out something, the most
/// severe one holds: no later one takes anything from it.
pub(super) fn outcome(j: &Judging<'_>, now: &Standing) -> Option<Outcome> {
    let mut outcomes = Vec::new();
    for at in now.closings.iter() {
        if let EventBody::FinishInspection(conclusion) = j.history.body(at) {
            outcomes.push(of_conclusion(j, at, conclusion.result));
        }
    }
    let counting = outcomes.iter().copied().filter(|outcome| outcome.counts());
    counting.max().or_else(|| {
        let is_stopped = outcomes.contains(&Outcome::Stopped);
        let stopped = is_stopped.then_some(Outcome::Stopped);
        stopped.or(outcomes.first().copied())
    })
}
