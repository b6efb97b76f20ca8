//! The answers of an inspection by building, entrance and item, each item a multi-value register: a later answer
//! supersedes an earlier one, and concurrent answers are all kept.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    activity::engine::Judging,
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
}

/// The rank of a finding by severity; the worst holds while answers differ.
fn weight(finding: Finding) -> u8 {
    match finding {
        Finding::Problem => 4,
        Finding::NotReached => 3,
        Finding::Given => 2,
        Finding::Ok => 1,
        Finding::NotApplicable => 0,
    }
}

impl Answered {
    /// Whether the item was reached: an answer states another finding than `NotReached`.
    pub fn is_reached(&self) -> bool {
        self.values.iter().any(|v| v.finding != Finding::NotReached)
    }
}

type Key = (String, String, String);
/// An answer with the position of its event.
type Said<'a> = (usize, &'a Label, &'a Label, &'a Answer);

/// The answers of these events, which must have an effect and be in causal order.
pub(super) fn answered<'a>(j: &Judging<'a>, events: impl Iterator<Item = usize>) -> Vec<Answered> {
    let mut said: BTreeMap<Key, Vec<Said<'a>>> = BTreeMap::new();
    for at in events {
        let EventBody::Answer(a) = j.history.body(at) else {
            continue;
        };
        let building = place_key::building(a.building.as_str());
        let unit = place_key::unit(a.unit.as_str());
        for answer in &a.answers {
            let key = (building.clone(), unit.clone(), answer.item.to_string());
            let held = said.entry(key).or_default();
            // Events are in causal order, so no event that is held happened after this one.
            held.retain(|(earlier, ..)| !j.history.happened_before(*earlier, at));
            held.push((at, &a.building, &a.unit, answer));
        }
    }
    let of = |((building, unit, _), values): (Key, Vec<Said<'_>>)| one(j, building, unit, &values);
    said.into_iter().filter_map(of).collect()
}

fn one(j: &Judging<'_>, building: String, unit: String, said: &[Said<'_>]) -> Option<Answered> {
    let (_, building_label, unit_label, first) = said.first()?;
    let values: Vec<AnswerValue> = said
        .iter()
        .map(|(at, _, _, answer)| value(j, *at, answer))
        .collect();
    let differs =
        |two: &[AnswerValue]| (two[0].finding, two[0].milli) != (two[1].finding, two[1].milli);
    let worst = values.iter().map(|v| v.finding).max_by_key(|f| weight(*f));
    Some(Answered {
        building,
        unit,
        building_label: (*building_label).clone(),
        unit_label: (*unit_label).clone(),
        item: first.item.clone(),
        finding: worst?,
        contested: values.windows(2).any(differs),
        values,
    })
}

fn value(j: &Judging<'_>, at: usize, answer: &Answer) -> AnswerValue {
    AnswerValue {
        by: j.history.entry(at).id,
        finding: answer.finding,
        milli: answer.milli,
        words: answer.words.clone(),
        hazard: answer.hazard,
    }
}
