//! What a file of events expects of the fold, and how the result differs from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sync_core::{
    hazard::{Conflict, ConflictFate, HazardState},
    history::{Validity, Verdict},
    record::EventId,
};

/// What the fold must state about a hazard. Events are named as in the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// The number of the state.
    state: u16,
    /// The round.
    round: u16,
    /// The conflicts and cards.
    #[serde(default)]
    conflicts: BTreeSet<ExpectedConflict>,
    /// The void events, with the reason.
    #[serde(default)]
    void: BTreeMap<String, String>,
    /// The accepted events that do not count, with the word of `count`.
    #[serde(default)]
    not_counted: BTreeMap<String, String>,
}

/// An expected conflict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ExpectedConflict {
    /// The rules of its pairs.
    rules: Vec<String>,
    /// The events that object; none if values of a field differ.
    objections: BTreeSet<String>,
    /// The decisions, or the values.
    decisions: BTreeSet<String>,
    /// `open`, `held`, `overruled`, or `card` for a question that suspends nothing.
    fate: String,
}

impl Expected {
    /// What the fold stated, in the words of a file.
    pub(super) fn of(state: &HazardState, name: &dyn Fn(&EventId) -> String) -> Self {
        let judged = state.history.iter();
        let void = judged.clone().filter_map(|j| match &j.verdict {
            Verdict::Void { reason } => Some((name(&j.id), reason.code().to_owned())),
            _ => None,
        });
        let not_counted = judged
            .filter(|j| j.verdict.has_effect() && j.count != Validity::Yes)
            .map(|j| (name(&j.id), j.count.name().to_owned()));
        Self {
            state: state.state.0,
            round: state.cycle,
            conflicts: state.conflicts.iter().map(|c| conflict(c, name)).collect(),
            void: void.collect(),
            not_counted: not_counted.collect(),
        }
    }

    /// How the result differs, one sentence for each difference.
    pub(super) fn differences(&self, found: &Self) -> Vec<String> {
        let mut all = Vec::new();
        let mut compare = |what: &str, expected: String, found: String| {
            if expected != found {
                all.push(format!(
                    "{what}: 应为 / expected {expected}, 实为 / found {found}"
                ));
            }
        };
        compare("state", self.state.to_string(), found.state.to_string());
        compare("round", self.round.to_string(), found.round.to_string());
        compare(
            "conflicts",
            format!("{:?}", self.conflicts),
            format!("{:?}", found.conflicts),
        );
        compare(
            "void",
            format!("{:?}", self.void),
            format!("{:?}", found.void),
        );
        compare(
            "not_counted",
            format!("{:?}", self.not_counted),
            format!("{:?}", found.not_counted),
        );
        all
    }
}

fn conflict(c: &Conflict, name: &dyn Fn(&EventId) -> String) -> ExpectedConflict {
    let fate = match c.fate {
        _ if c.is_card => "card",
        ConflictFate::Open => "open",
        ConflictFate::Held => "held",
        ConflictFate::Overruled => "overruled",
    };
    ExpectedConflict {
        rules: c.rules.clone(),
        objections: c.objections.iter().map(name).collect(),
        decisions: c.decisions.iter().map(name).collect(),
        fate: fate.to_owned(),
    }
}
