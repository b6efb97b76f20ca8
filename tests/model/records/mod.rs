//! The oracle of activities and inspections: docs/rules.md, section 10, as a slow and literal program.
//!
//! An event is judged in the state of its causal history with all effects taken as *counts*. It reads the catalogue files
//! as JSON and shares the graph, the times and the effects of device and grant with the model of hazards.

mod answers;
mod authority;
mod bodies;
mod by_hand;
mod case;
mod catalogue;
mod compare;
mod coverage;
mod decide;
mod inspection;
mod laws;
mod merges;
mod outcome;
mod state;
mod steps;
mod verdict;
mod ways;
mod world;

use std::collections::BTreeMap;

use sync_core::record::{Event, EventId};

use crate::oracle::{case::Effect, doc::Doc, effects, facts::Facts};
use case::Case;
use catalogue::Types;
pub(crate) use outcome::Outcome;

/// Judges a document by the rules. It does not panic on any input.
pub(crate) fn judge(events: &[(EventId, Event)], facts: &Facts, types: &Types) -> Outcome {
    outcome::outcome(&judged(events, facts, types))
}

/// The judgement with all intermediate results.
pub(crate) fn judged<'a>(
    events: &[(EventId, Event)],
    facts: &'a Facts,
    types: &'a Types,
) -> Case<'a> {
    let mut case = Case::new(facts, types);
    let doc = Doc::new(events, &BTreeMap::clone(&facts.grants));
    for entry in doc.events {
        case.push(entry.id, entry.event, entry.grant);
    }
    case.effects = (0..case.doc.events.len())
        .map(|e| effect(&case, e))
        .collect();
    case
}

/// The effect of an event by revocation and grant.
fn effect(case: &Case<'_>, e: usize) -> Effect {
    let entry = &case.doc.events[e];
    let Some(grant) = &entry.grant else {
        return Effect::None;
    };
    effects::of_device_and_grant(
        case.facts,
        entry,
        grant,
        &case.bounds[e],
        case.types.grace_ms,
    )
}
