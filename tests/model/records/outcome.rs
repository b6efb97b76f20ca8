//! What section 10 decides about a whole document, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::record::{DocId, EventBody, EventId, InspectionResult, PersonId, SignedAs};

use super::{
    answers::{self, Key, Register},
    case::{Case, Mode, Verdict},
    inspection,
    state::{self, State, View},
};
use crate::oracle::{case::Effect, doc::Set};

/// What a conclusion comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Result {
    /// No place was reached.
    NotReached,
    /// It was broken off.
    Stopped,
    /// Without a problem.
    Passed,
    /// With problems.
    Problems,
}

/// The outcome of a document. Lists are in display order or sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The verdict and the effect of each event.
    pub(crate) events: BTreeMap<EventId, (Verdict, Effect)>,
    /// The state.
    pub(crate) state: State,
    /// Whether the document counts.
    pub(crate) counts: bool,
    /// Of an activity: the version that counts.
    pub(crate) counted: Option<EventId>,
    /// Of an activity: the maximal relevant content.
    pub(crate) versions: Vec<EventId>,
    /// Of an activity: the maximal content of the supplement.
    pub(crate) supplement: Vec<EventId>,
    /// Of an inspection: the result, once it is closed.
    pub(crate) result: Option<Result>,
    /// Of an inspection: whether it counts as an attempt.
    pub(crate) attempted: bool,
    /// Of an inspection: the registers.
    pub(crate) answers: BTreeMap<Key, Register>,
    /// Of an inspection: the registers of the supplement.
    pub(crate) more_answers: BTreeMap<Key, Register>,
    /// Of an inspection: the hazards of all accepted answers.
    pub(crate) hazards: BTreeSet<DocId>,
    /// Of an inspection: the inspectors, each with all known ids.
    pub(crate) inspectors: BTreeSet<BTreeSet<PersonId>>,
    /// The first beginning.
    pub(crate) first: Option<EventId>,
}

/// The outcome of all events.
pub(crate) fn outcome(case: &Case<'_>) -> Outcome {
    let all: Set = (0..case.doc.events.len()).collect();
    of_set(case, &all, Mode::Actual)
}

/// The outcome of a set that is closed under ancestors.
pub(crate) fn of_set(case: &Case<'_>, set: &Set, mode: Mode) -> Outcome {
    let v = state::view(case, set, mode);
    let id = |e: usize| case.doc.events[e].id;
    let counted = state::counted(case, &v);
    let newest = |set: &Set| -> Vec<EventId> { case.doc.newest(set).into_iter().map(id).collect() };
    let first = state::first_beginning(case, &v);
    let is_activity = first.is_some_and(|b| matches!(case.doc.body(b), EventBody::Activity(_)));
    let results: Vec<(usize, Result)> = v
        .closings
        .iter()
        .filter_map(|f| Some((*f, result_of(case, *f)?)))
        .collect();
    let is_done = |r: &Result| *r >= Result::Passed;
    let is_gone = v.state.is_gone();
    let finds = results.iter().any(|(_, r)| is_done(r));
    let attempted =
        !is_gone && !results.is_empty() && results.iter().all(|(_, r)| *r == Result::NotReached);
    let of_activity = |ids: Vec<EventId>| if is_activity { ids } else { Vec::new() };
    Outcome {
        events: events(case, set),
        state: v.state,
        counts: counted.is_some() || (finds && !is_gone),
        counted: counted.map(id),
        versions: of_activity(newest(&v.relevant)),
        supplement: of_activity(newest(&v.supplement)),
        result: result(&v, &results).filter(|_| !is_activity && !is_gone),
        attempted,
        answers: registers(case, &v.relevant),
        more_answers: registers(case, &v.supplement),
        hazards: hazards(case, set),
        inspectors: inspectors(case, &v, mode),
        first: first.map(id),
    }
}

fn events(case: &Case<'_>, set: &Set) -> BTreeMap<EventId, (Verdict, Effect)> {
    let effect = |e: usize| case.effects.get(e).copied().unwrap_or(Effect::Counts);
    let of = |e: &usize| (case.doc.events[*e].id, (case.verdicts[*e], effect(*e)));
    set.iter().map(of).collect()
}

fn registers(case: &Case<'_>, content: &Set) -> BTreeMap<Key, Register> {
    answers::registers(case, &answers::accepted(case, content))
}

/// The outcome of a conclusion; none of another event.
pub(crate) fn result_of(case: &Case<'_>, f: usize) -> Option<Result> {
    let EventBody::FinishInspection(conclusion) = case.doc.body(f) else {
        return None;
    };
    if answers::reached_nothing(case, f) {
        return Some(Result::NotReached);
    }
    Some(match conclusion.result {
        InspectionResult::Passed => Result::Passed,
        InspectionResult::Problems => Result::Problems,
        InspectionResult::Stopped => Result::Stopped,
    })
}

/// The result of a closed inspection.
fn result(v: &View, results: &[(usize, Result)]) -> Option<Result> {
    if !v.is_closed() {
        return None;
    }
    let done = results.iter().filter(|(_, r)| *r >= Result::Passed);
    if let Some(worst) = done.map(|(_, r)| *r).max() {
        return Some(worst);
    }
    let is_stopped = results.iter().any(|(_, r)| *r == Result::Stopped);
    Some(if is_stopped {
        Result::Stopped
    } else {
        Result::NotReached
    })
}

/// The hazards of all accepted answers.
fn hazards(case: &Case<'_>, set: &Set) -> BTreeSet<DocId> {
    let answers = answers::accepted(case, set);
    let of = |e: usize| match case.doc.body(e) {
        EventBody::Answer(all) => all.answers.iter().filter_map(|a| a.hazard).collect(),
        _ => Vec::new(),
    };
    answers.into_iter().flat_map(of).collect()
}

/// The persons of live beginnings and answers, and of added signatures as inspector.
fn inspectors(case: &Case<'_>, v: &View, mode: Mode) -> BTreeSet<BTreeSet<PersonId>> {
    let has_effect = |e: usize| mode == Mode::AllCount || case.effects[e] != Effect::None;
    let signed = inspection::signatures(case, &v.set).into_iter();
    let signed = signed.filter(|(s, r#as)| *r#as == SignedAs::Inspector && has_effect(*s));
    let content = v.content.iter().copied();
    let all = content.chain(signed.map(|(s, _)| s));
    let of_inspection = |e: &usize| {
        matches!(
            case.doc.body(*e),
            EventBody::Inspect(_) | EventBody::Answer(_) | EventBody::Sign(_)
        )
    };
    let all: Vec<usize> = all.filter(of_inspection).collect();
    let ids = |group: &Vec<usize>| group.iter().flat_map(|e| case.doc.ids(*e)).collect();
    case.persons(&all).iter().map(ids).collect()
}
