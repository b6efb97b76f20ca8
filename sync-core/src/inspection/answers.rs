//! The answers of an inspection by building, entrance and item, each item a multi-value register: an answer supersedes
//! those that happened before it, and concurrent answers are all kept. See `docs/rules.md`, 10.3.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    activity::engine::Judging,
    history::Positions,
    place_key,
    record::{Answer, DocId, EventBody, EventId, Finding, ItemCode, Label, Short},
};

/// What one event states about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AnswerValue {
    /// The event.
    pub by: EventId,
    /// The finding.
    pub finding: Finding,
    /// The number, in thousandths of the item's unit.
    pub milli: Option<i64>,
    /// The answer in words.
    pub words: Option<Short>,
    /// The document of the hazard that was opened for it.
    pub hazard: Option<DocId>,
}

/// An item at a place with every answer that no event supersedes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answered {
    /// The place key of the building; empty: the compound as a whole.
    pub building: String,
    /// The place key of the entrance; empty: the building as a whole.
    pub unit: String,
    /// The building as an author wrote it.
    pub building_label: Label,
    /// The entrance as an author wrote it.
    pub unit_label: Label,
    /// The item.
    pub item: ItemCode,
    /// The effective finding: the worst of the answers until they agree.
    pub finding: Finding,
    /// Whether concurrent answers differ.
    pub contested: bool,
    /// The answers.
    pub values: Vec<AnswerValue>,
    /// Superseded answers that found a problem or opened a hazard.
    pub earlier: Vec<AnswerValue>,
}

/// The rank of a finding by severity; the worst holds while answers differ.
fn weight(finding: Finding) -> u8 {
    match finding {
        Finding::Problem => 4,
        Finding::Given => 3,
        Finding::Ok => 2,
        Finding::NotApplicable => 1,
        Finding::NotReached => 0,
    }
}

impl AnswerValue {
    fn is_reached(&self) -> bool {
        self.finding != Finding::NotReached
    }
}

impl Answered {
    /// Whether the item was reached: an answer states another finding than `NotReached`.
    pub fn is_reached(&self) -> bool {
        self.values.iter().any(AnswerValue::is_reached)
    }

    /// The answers that hold, then the superseded ones that found something.
    pub fn every(&self) -> impl Iterator<Item = &AnswerValue> {
        self.values.iter().chain(&self.earlier)
    }
}

type Key = (String, String, String);
/// An answer with the position of its event.
struct Said<'a> {
    at: usize,
    building: &'a Label,
    unit: &'a Label,
    answer: &'a Answer,
    is_superseded: bool,
}

/// The registers of these answers, which must have an effect.
pub(super) fn answered(j: &Judging<'_>, events: &Positions) -> Vec<Answered> {
    let mut said: BTreeMap<Key, Vec<Said<'_>>> = BTreeMap::new();
    for at in events.iter() {
        let EventBody::Answer(a) = j.history.body(at) else {
            continue;
        };
        let building = place_key::building(a.building.as_str());
        let unit = place_key::unit(a.unit.as_str());
        for answer in &a.answers {
            let key = (building.clone(), unit.clone(), answer.item.to_string());
            let held = said.entry(key).or_default();
            // Who did not get in knows nothing that an earlier answer did not. Positions are in causal order, so no
            // answer that is held happened after this one.
            for earlier in held.iter_mut() {
                earlier.is_superseded |= (answer.finding != Finding::NotReached
                    || earlier.answer.finding == Finding::NotReached)
                    && j.history.happened_before(earlier.at, at);
            }
            held.push(Said {
                at,
                building: &a.building,
                unit: &a.unit,
                answer,
                is_superseded: false,
            });
        }
    }
    let of = |((building, unit, _), said): (Key, Vec<Said<'_>>)| one(j, building, unit, &said);
    said.into_iter().filter_map(of).collect()
}

fn one(j: &Judging<'_>, building: String, unit: String, said: &[Said<'_>]) -> Option<Answered> {
    let mut holding = said.iter().filter(|said| !said.is_superseded);
    let first = holding.next()?;
    let values: Vec<AnswerValue> = std::iter::once(first)
        .chain(holding)
        .map(|said| value(j, said))
        .collect();
    let found =
        |said: &&Said<'_>| said.answer.finding == Finding::Problem || said.answer.hazard.is_some();
    let superseded = said.iter().filter(|said| said.is_superseded).filter(found);
    let earlier = superseded.map(|said| value(j, said)).collect();
    let mut reached = values.iter().filter(|value| value.is_reached());
    let stated = |value: &AnswerValue| (value.finding, value.milli);
    let one = reached.next().map(stated);
    let worst = values.iter().map(|v| v.finding).max_by_key(|f| weight(*f));
    Some(Answered {
        building,
        unit,
        building_label: first.building.clone(),
        unit_label: first.unit.clone(),
        item: first.answer.item.clone(),
        finding: worst?,
        contested: reached.any(|value| Some(stated(value)) != one),
        values,
        earlier,
    })
}

fn value(j: &Judging<'_>, said: &Said<'_>) -> AnswerValue {
    AnswerValue {
        by: j.history.entry(said.at).id,
        finding: said.answer.finding,
        milli: said.answer.milli,
        words: said.answer.words.clone(),
        hazard: said.answer.hazard,
    }
}
