//! The conflicts of a hazard: open ones first, and all of them counted by rule.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::{
    hazard::{Conflict, ConflictFate, HazardState},
    record::EventId,
};

/// The maximum number of conflicts in a response.
pub(super) const CONFLICTS: usize = 100;

/// The maximum number of objections, and of decisions, of a conflict in a response.
const EVENTS_OF_CONFLICT: usize = 50;

/// Concurrent events that contradict each other: one card for a reviewer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictView {
    /// Ids of the concurrent-pair rules.
    pub rules: Vec<String>,
    /// The events that object, at most 50; none if values of a field differ.
    pub objections: Vec<String>,
    /// The number of events that object.
    pub objections_total: usize,
    /// The decisions to which they object, at most 50; of a field, its differing values; of a card, its events.
    pub decisions: Vec<String>,
    /// The number of decisions.
    pub decisions_total: usize,
    /// `open`, `held` (the objection holds) or `overruled` (the decisions hold).
    pub fate: &'static str,
    /// The settlements in force: resolutions, and events that answered it.
    pub settled_by: Vec<String>,
    /// Whether it is a question about a figure or a name that suspends nothing.
    pub is_card: bool,
}

/// Conflicts of one rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictGroup {
    /// Id of the concurrent-pair rule.
    pub rule: String,
    /// The number of conflicts with a pair of this rule.
    pub count: usize,
    /// The number of these that are not settled.
    pub open: usize,
}

/// The conflicts to display. Only these are limited; the fold decided from all of them.
pub(super) fn displayed(state: &HazardState) -> Vec<ConflictView> {
    let mut conflicts: Vec<_> = state.conflicts.iter().collect();
    conflicts.sort_by_key(|c| !c.is_open());
    conflicts.truncate(CONFLICTS);
    conflicts.into_iter().map(conflict).collect()
}

/// The number of conflicts of each rule.
pub(super) fn groups(state: &HazardState) -> Vec<ConflictGroup> {
    let mut counts = BTreeMap::<&str, (usize, usize)>::new();
    for conflict in &state.conflicts {
        for rule in &conflict.rules {
            let (count, open) = counts.entry(rule).or_default();
            *count += 1;
            *open += usize::from(conflict.is_open());
        }
    }
    let group = |(rule, (count, open)): (&str, (usize, usize))| ConflictGroup {
        rule: rule.to_owned(),
        count,
        open,
    };
    counts.into_iter().map(group).collect()
}

fn conflict(c: &Conflict) -> ConflictView {
    let ids = |events: &[EventId]| {
        let shown = events.iter().take(EVENTS_OF_CONFLICT);
        shown.map(ToString::to_string).collect()
    };
    ConflictView {
        rules: c.rules.clone(),
        objections: ids(&c.objections),
        objections_total: c.objections.len(),
        decisions: ids(&c.decisions),
        decisions_total: c.decisions.len(),
        fate: match c.fate {
            ConflictFate::Open => "open",
            ConflictFate::Held => "held",
            ConflictFate::Overruled => "overruled",
        },
        settled_by: ids(&c.settled_by),
        is_card: c.is_card,
    }
}
