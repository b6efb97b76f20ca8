//! The conflicts of a hazard: open ones first, and all of them counted by rule.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::hazard::{Conflict, HazardState};

/// The maximum number of conflicts in a response: n concurrent events can have about n² / 2 pairs.
pub(super) const CONFLICTS: usize = 100;

/// Two concurrent events that a rule names and a reviewer must decide.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictView {
    /// Id of the concurrent-pair rule.
    pub rule: String,
    /// One event.
    pub one: String,
    /// The other.
    pub other: String,
    /// The resolution, if there is one.
    pub resolved_by: Option<String>,
}

/// Conflicts of one rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConflictGroup {
    /// Id of the concurrent-pair rule.
    pub rule: String,
    /// The number of conflicts.
    pub count: usize,
    /// The number of conflicts that are not decided.
    pub open: usize,
}

/// The conflicts to display. Only these are limited; the fold decided from all of them.
pub(super) fn displayed(state: &HazardState) -> Vec<ConflictView> {
    let mut conflicts: Vec<_> = state.conflicts.iter().collect();
    conflicts.sort_by_key(|c| c.resolved_by.is_some());
    conflicts.truncate(CONFLICTS);
    conflicts.into_iter().map(conflict).collect()
}

/// The number of conflicts of each rule.
pub(super) fn groups(state: &HazardState) -> Vec<ConflictGroup> {
    let mut counts = BTreeMap::<&str, (usize, usize)>::new();
    for conflict in &state.conflicts {
        let (count, open) = counts.entry(&conflict.rule).or_default();
        *count += 1;
        *open += usize::from(conflict.resolved_by.is_none());
    }
    let group = |(rule, (count, open)): (&str, (usize, usize))| ConflictGroup {
        rule: rule.to_owned(),
        count,
        open,
    };
    counts.into_iter().map(group).collect()
}

fn conflict(c: &Conflict) -> ConflictView {
    ConflictView {
        rule: c.rule.clone(),
        one: c.one.to_string(),
        other: c.other.to_string(),
        resolved_by: c.resolved_by.map(|id| id.to_string()),
    }
}
