//! Answer registers and the outcome of conclusions (docs/rules.md, section 10.3).

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    place_key,
    record::{Answer, DocId, EventBody, EventId, Finding},
};

use super::case::Case;
use crate::oracle::doc::Set;

/// A building, an entrance and an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The place key of the building.
    pub(crate) building: String,
    /// The place key of the entrance.
    pub(crate) unit: String,
    /// The item.
    pub(crate) item: String,
}

/// An answer in a register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value {
    /// The event.
    pub(crate) by: EventId,
    /// The finding.
    pub(crate) finding: Finding,
    /// The number.
    pub(crate) milli: Option<i64>,
    /// The hazard that it opened.
    pub(crate) hazard: Option<DocId>,
}

/// A register. Lists are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Register {
    /// The values.
    pub(crate) values: Vec<Value>,
    /// Superseded answers that found a problem or opened a hazard.
    pub(crate) earlier: Vec<Value>,
    /// The finding.
    pub(crate) finding: Finding,
    /// Whether it is contested.
    pub(crate) contested: bool,
}

/// The accepted answers of a set.
pub(crate) fn accepted(case: &Case<'_>, set: &Set) -> Vec<usize> {
    let is_answer =
        |e: &usize| case.is_accepted(*e) && matches!(case.doc.body(*e), EventBody::Answer(_));
    set.iter().copied().filter(is_answer).collect()
}

/// The key of the building that an answer is about.
pub(crate) fn building(case: &Case<'_>, e: usize) -> String {
    match case.doc.body(e) {
        EventBody::Answer(a) => place_key::building(a.building.as_str()),
        _ => String::new(),
    }
}

/// What a finding is worth: problem, given, ok, not applicable, in this order.
fn severity(finding: Finding) -> u8 {
    match finding {
        Finding::Problem => 4,
        Finding::Given => 3,
        Finding::Ok => 2,
        Finding::NotApplicable => 1,
        Finding::NotReached => 0,
    }
}

fn has_reached(answer: &Answer) -> bool {
    answer.finding != Finding::NotReached
}

/// The registers of some answers.
pub(crate) fn registers(case: &Case<'_>, answers: &[usize]) -> BTreeMap<Key, Register> {
    let mut stated: BTreeMap<Key, Vec<(usize, &Answer)>> = BTreeMap::new();
    for e in answers {
        let EventBody::Answer(all) = case.doc.body(*e) else {
            continue;
        };
        for answer in &all.answers {
            let key = Key {
                building: place_key::building(all.building.as_str()),
                unit: place_key::unit(all.unit.as_str()),
                item: answer.item.as_str().to_owned(),
            };
            stated.entry(key).or_default().push((*e, answer));
        }
    }
    let of = |(key, stated)| (key, register(case, stated));
    stated.into_iter().map(of).collect()
}

fn register(case: &Case<'_>, stated: Vec<(usize, &Answer)>) -> Register {
    let is_superseded = |a: &(usize, &Answer)| {
        stated
            .iter()
            .any(|b| case.doc.before(a.0, b.0) && (has_reached(b.1) || !has_reached(a.1)))
    };
    type Stated<'a> = (usize, &'a Answer);
    let (superseded, values): (Vec<&Stated<'_>>, Vec<&Stated<'_>>) =
        stated.iter().partition(|a| is_superseded(a));
    let reached: Vec<&Answer> = values
        .iter()
        .map(|v| v.1)
        .filter(|a| has_reached(a))
        .collect();
    let differing: BTreeSet<_> = reached.iter().map(|a| (a.finding, a.milli)).collect();
    let worst = reached
        .iter()
        .map(|a| a.finding)
        .max_by_key(|f| severity(*f));
    let stays = |a: &&(usize, &Answer)| a.1.finding == Finding::Problem || a.1.hazard.is_some();
    let value = |(e, answer): &(usize, &Answer)| Value {
        by: case.doc.events[*e].id,
        finding: answer.finding,
        milli: answer.milli,
        hazard: answer.hazard,
    };
    let mut register = Register {
        values: values.into_iter().map(value).collect(),
        earlier: superseded.into_iter().filter(stays).map(value).collect(),
        finding: worst.unwrap_or(Finding::NotReached),
        contested: differing.len() > 1,
    };
    register.values.sort();
    register.earlier.sort();
    register
}

/// Whether the accepted answers in P(f), of which there are some, all failed to reach their places.
pub(crate) fn reached_nothing(case: &Case<'_>, f: usize) -> bool {
    let answers = accepted(case, &case.doc.past[f]);
    let reached = |e: &usize| match case.doc.body(*e) {
        EventBody::Answer(all) => all.answers.iter().any(has_reached),
        _ => false,
    };
    !answers.is_empty() && !answers.iter().any(reached)
}
