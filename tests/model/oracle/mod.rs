//! The oracle: the rules of docs/rules.md as a slow and literal program, independent of the fold.
//!
//! An event is judged in the state of its causal history, which is folded as if it were a document. The only memo is
//! that of these folded causal histories, so events are judged in display order and never recursively.

mod amended;
pub(crate) mod case;
pub(crate) mod classes;
mod conclude;
pub(crate) mod doc;
pub(crate) mod effects;
pub(crate) mod facts;
mod fold;
pub(crate) mod guards;
mod notices;
pub(crate) mod outcome;
mod pairs;
mod people;
pub(crate) mod registers;
pub(crate) mod roles;
mod rounds;
mod same_person;
mod sequences;
mod settle;
mod state;
mod suspend;
pub(crate) mod tables;
pub(crate) mod times;
mod verdict;

use sync_core::record::{Event, EventId, Grant};

use case::{Case, Mode, View};
use classes::passes_or_ends;
use doc::{Doc, Set};
use facts::Facts;
pub(crate) use outcome::Outcome;
use tables::Tables;

/// Judges a document by the rules. It does not panic on any input.
pub(crate) fn judge(events: &[(EventId, Event)], facts: &Facts, tables: &Tables) -> Outcome {
    let (case, whole) = judge_whole(events, facts, tables);
    conclude::outcome(&case, &whole)
}

/// The judgement with all intermediate results, for generators and coverage.
pub(crate) fn judge_whole<'a>(
    events: &[(EventId, Event)],
    facts: &'a Facts,
    tables: &'a Tables,
) -> (Case<'a>, View) {
    let mut case = known(events, facts, tables);
    let count = case.doc.events.len();
    case.effects = (0..count).map(|e| effects::effect(&case, e)).collect();
    for e in 0..count {
        let view = fold::fold(&case, case.doc.past[e].clone(), Mode::Actual);
        case.views[Mode::Actual as usize].push(view);
        let needs_basis = case.is_accepted(e) && passes_or_ends(case.doc.body(e));
        let has_basis = !needs_basis || verdict::has_basis(&case, e);
        case.has_basis.push(has_basis);
    }
    let whole = fold::fold(&case, (0..count).collect(), Mode::Actual);
    (case, whole)
}

/// The outcome of a document that was judged with all intermediate results.
pub(crate) fn outcome(case: &Case<'_>, whole: &View) -> Outcome {
    conclude::outcome(case, whole)
}

/// The verdicts alone, which depend on no receipt.
pub(crate) fn known<'a>(
    events: &[(EventId, Event)],
    facts: &'a Facts,
    tables: &'a Tables,
) -> Case<'a> {
    let mut case = Case::new(facts, tables);
    for entry in Doc::new(events, &facts.grants).events {
        push(&mut case, entry.id, entry.event, entry.grant);
    }
    case.bounds = times::bounds(&case.doc, facts);
    case
}

/// Judges one more event, whose known parents are in the case.
pub(crate) fn push(case: &mut Case<'_>, id: EventId, event: Event, grant: Option<Grant>) {
    case.doc.push(id, event, grant);
    case.bounds = times::bounds(&case.doc, case.facts);
    let e = case.doc.events.len() - 1;
    let past: Set = case.doc.past[e].clone();
    let contested = fold::fold(case, past.clone(), Mode::Contested);
    case.views[Mode::Contested as usize].push(contested);
    let ordered = fold::fold(case, past, Mode::Ordered);
    case.views[Mode::Ordered as usize].push(ordered);
    let settles = settle::settles(case, e);
    case.settles.push(settles);
    let judgement = verdict::judge(case, e);
    case.judgements.push(judgement);
}

/// Removes the newest event again.
pub(crate) fn pop(case: &mut Case<'_>) {
    case.doc.pop();
    case.bounds.pop();
    case.views[Mode::Contested as usize].pop();
    case.views[Mode::Ordered as usize].pop();
    case.settles.pop();
    case.judgements.pop();
}

/// A set of the case, folded as its author knows it: no receipts, every pair contested.
pub(crate) fn contested(case: &Case<'_>, set: Set) -> View {
    folded(case, set, Mode::Contested)
}

/// A set of the case that is closed under ancestors, folded.
pub(crate) fn folded(case: &Case<'_>, set: Set, mode: Mode) -> View {
    fold::fold(case, set, mode)
}
