//! Machines of steps within one event kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The steps that may follow a step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The step.
    pub from: String,
    /// The steps that may follow.
    pub to: Vec<String>,
}

/// A machine of steps that a hazard has in addition to its state, such as a penalty case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// The event kind that states a step.
    pub event: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Steps it may begin with.
    pub first: Vec<String>,
    /// The allowed moves.
    pub moves: Vec<Move>,
}

impl Machine {
    /// Whether a step may follow the last known ones; with none known, whether it may be the first.
    pub fn follows(&self, known: &[&str], step: &str) -> bool {
        if known.is_empty() {
            return self.first.iter().any(|first| first == step);
        }
        let after = |m: &&Move| known.contains(&m.from.as_str());
        let mut moves = self.moves.iter().filter(after);
        moves.any(|m| m.to.iter().any(|to| to == step))
    }
}
