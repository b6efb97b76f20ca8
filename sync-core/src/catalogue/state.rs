//! The states of a hazard.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A state by its number: 10 is HS10.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct StateCode(pub u16);

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HS{:02}", self.0)
    }
}

/// A state of a hazard.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its number.
    pub number: StateCode,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Openness: of several states, the one with the higher openness holds.
    pub rank: u8,
    /// Whether the hazard still needs work.
    pub open: bool,
}
