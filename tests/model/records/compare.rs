//! Compares the folds of activities and inspections with the oracle: both judge the same random worlds, and every
//! difference is a fault of one of them or of the text of the rules.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    activity::ActivityState,
    document::DocumentState,
    history::{JudgedEvent, Validity, Verdict},
    inspection::{AnswerValue, Answered, InspectionState, Outcome as Concluded},
    record::{DeviceTime, Event, EventBody, EventId, PersonId},
};

use super::{
    answers::{Key, Register, Value},
    case,
    catalogue::Types,
    judge,
    outcome::{Outcome, Result},
    state::State,
    world::of_seed,
};
use crate::{
    fold::{document, first_seed},
    oracle::case::Effect,
    shrink,
    world::World,
};

/// `XUNCHA_MODEL_RECORDS` worlds, from `XUNCHA_MODEL_FROM` on.
fn records(least: u64) -> u64 {
    let asked = std::env::var("XUNCHA_MODEL_RECORDS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(least)
}

fn agree(found: &Verdict, expected: case::Verdict) -> bool {
    match (found, expected) {
        (
            Verdict::Accepted { step: None },
            case::Verdict::Accepted | case::Verdict::Keeps { .. },
        )
        | (Verdict::Added, case::Verdict::Added)
        | (Verdict::Unknown, case::Verdict::Unknown) => true,
        (Verdict::Proposed { transition }, case::Verdict::Proposed) => transition == "withdraw",
        (Verdict::Void { reason }, case::Verdict::Void(code)) => reason.code() == code,
        _ => false,
    }
}

/// Whether an event counts, by the oracle.
fn expected_count(kind: &str, verdict: case::Verdict, effect: Effect) -> Validity {
    let decides = ["confirm", "finish_inspection", "withdraw"].contains(&kind);
    match effect {
        _ if !verdict.is_accepted() && verdict != case::Verdict::Added => Validity::Yes,
        Effect::None => Validity::NoEffect,
        Effect::Pending if decides => Validity::Waiting,
        Effect::Pending => Validity::Pending,
        _ => Validity::Yes,
    }
}

/// The author of a beginning and, of an inspection, the time at which it began.
type Beginning = (Option<PersonId>, Option<DeviceTime>);

type Registers = BTreeMap<Key, Register>;

fn values(values: &[AnswerValue]) -> Vec<Value> {
    let of = |v: &AnswerValue| Value {
        by: v.by,
        finding: v.finding,
        milli: v.milli,
        hazard: v.hazard,
    };
    let mut all: Vec<Value> = values.iter().map(of).collect();
    all.sort();
    all
}

fn registers(answers: &[Answered]) -> Registers {
    let of = |a: &Answered| {
        let key = Key {
            building: a.building.clone(),
            unit: a.unit.clone(),
            item: a.item.as_str().to_owned(),
        };
        let register = Register {
            values: values(&a.values),
            earlier: values(&a.earlier),
            finding: a.finding,
            contested: a.contested,
        };
        (key, register)
    };
    answers.iter().map(of).collect()
}

fn result(found: Concluded) -> Result {
    match found {
        Concluded::Passed => Result::Passed,
        Concluded::Problems => Result::Problems,
        Concluded::Stopped => Result::Stopped,
        Concluded::NotReached => Result::NotReached,
    }
}

/// What differs, in words.
#[derive(Debug, Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: std::fmt::Debug + PartialEq>(&mut self, what: &str, found: T, expected: T) {
        if found != expected {
            self.0.push(format!("{what}: {found:?}, not {expected:?}"));
        }
    }

    fn history(&mut self, world: &World, history: &[JudgedEvent], expected: &Outcome) {
        self.compare("events", history.len(), expected.events.len());
        for JudgedEvent { id, verdict, count } in history {
            let Some((rule, effect)) = expected.events.get(id).copied() else {
                self.0.push(format!("{id} is no event"));
                continue;
            };
            let of = world.events.iter().find(|(known, _)| known == id);
            let kind = of.map_or("", |(_, event)| event.body.name());
            if !agree(verdict, rule) {
                self.0
                    .push(format!("{kind} {id}: {verdict:?}, not {rule:?}"));
            }
            let counts = expected_count(kind, rule, effect);
            self.compare(&format!("{kind} {id} counts"), *count, counts);
        }
    }

    /// Who began the document, and when.
    fn beginning(&mut self, world: &World, found: Beginning, expected: &Outcome) {
        let is_first = |(id, _): &&(EventId, Event)| Some(*id) == expected.first;
        // Of a document without an accepted beginning the fold shows what was stated.
        if let Some((_, first)) = world.events.iter().find(is_first) {
            let at = match &first.body {
                EventBody::Inspect(start) => Some(start.started),
                _ => None,
            };
            self.compare("beginning", found, (Some(first.author), at));
        }
    }

    fn activity(&mut self, state: &ActivityState, expected: &Outcome) {
        let ids = |versions: &[sync_core::activity::Version]| -> BTreeSet<EventId> {
            versions.iter().map(|version| version.by).collect()
        };
        let set = |ids: &[EventId]| ids.iter().copied().collect::<BTreeSet<_>>();
        self.compare("counted", state.counted, expected.counted);
        // Of a void document the fold keeps what was stated, so that a list has a title.
        if !matches!(expected.state, State::Void | State::Unknown) {
            self.compare("versions", ids(&state.versions), set(&expected.versions));
        }
        let supplement = set(&expected.supplement);
        self.compare("supplement", ids(&state.supplement), supplement);
    }

    /// `hidden`: a redaction hides answers, so that what is displayed has fewer.
    fn inspection(&mut self, state: &InspectionState, expected: &Outcome, hidden: bool) {
        self.compare("result", state.result.map(result), expected.result);
        self.compare("attempted", state.attempted, expected.attempted);
        if !hidden {
            let answers = registers(&state.answers);
            self.compare("answers", answers, expected.answers.clone());
            let supplement = registers(&state.supplement);
            self.compare("supplement", supplement, expected.more_answers.clone());
        }
        let persons = &expected.inspectors;
        let named = |ids: &BTreeSet<PersonId>| {
            let named = state.inspectors.iter().filter(|id| ids.contains(id));
            named.count() == 1
        };
        let fits = state.inspectors.len() == persons.len() && persons.iter().all(named);
        if !fits {
            let found = &state.inspectors;
            self.0
                .push(format!("inspectors: {found:?}, not {persons:?}"));
        }
    }
}

/// Whether an added redaction names an answer.
fn hides_answers(world: &World, expected: &Outcome) -> bool {
    let body = |id: &EventId| {
        let of = world.events.iter().find(|(known, _)| known == id);
        of.map(|(_, event)| &event.body)
    };
    let is_answer = |id: &EventId| matches!(body(id), Some(EventBody::Answer(_)));
    expected.events.iter().any(|(id, (verdict, _))| {
        let Some(EventBody::Redact(redaction)) = body(id) else {
            return false;
        };
        *verdict == case::Verdict::Added && redaction.events.iter().any(is_answer)
    })
}

fn differ(world: &World, types: &Types) -> Vec<String> {
    let expected = judge(&world.events, &world.facts, types);
    let mut found = Differences::default();
    let folded = document(world.inputs());
    found.history(world, folded.judged(), &expected);
    let whole = (
        format!("{:?}", expected.state).to_lowercase(),
        expected.counts,
    );
    match folded.state() {
        DocumentState::Activity(state) => {
            let name = format!("{:?}", state.state).to_lowercase();
            found.compare("state and counts", (name, state.counts), whole);
            found.beginning(world, (state.author, None), &expected);
            found.activity(state, &expected);
        }
        DocumentState::Inspection(state) => {
            let name = format!("{:?}", state.state).to_lowercase();
            found.compare("state and counts", (name, state.counts), whole);
            found.beginning(world, (state.author, Some(state.started)), &expected);
            found.inspection(state, &expected, hides_answers(world, &expected));
        }
        DocumentState::Hazard(_) => {
            // Without an attested beginning, the document is of no kind.
            let begun = expected.events.values().any(|(v, _)| v.is_accepted());
            found.compare("has a beginning", false, begun);
        }
    }
    found.0
}

#[test]
fn the_folds_of_activities_and_inspections_judge_every_world_as_the_rules_do() {
    let types = Types::embedded();
    let (from, count) = (first_seed(), records(5_000));
    let broken = crate::parallel(count, |n| {
        let world = of_seed(from + n, &types);
        (!differ(&world, &types).is_empty()).then_some(world)
    });
    let seeds: Vec<u64> = broken.iter().map(|world| world.seed).collect();
    for world in broken.into_iter().take(12) {
        let seed = world.seed;
        let small = shrink::shrink(world, &|world| !differ(world, &types).is_empty());
        let what = differ(&small, &types).join("\n  ");
        eprintln!("seed {seed}:\n  {what}\n{}", shrink::print(&small, &what));
    }
    assert!(
        seeds.is_empty(),
        "worlds of records from {from}, {count} of them, differ: {seeds:?}"
    );
}
