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

impl StateCode {
    /// No state: the history has no accepted observation.
    pub const NONE: Self = Self(0);
    /// 已销号: closed.
    pub const CLOSED: Self = Self(80);
    /// Examined, and no hazard.
    pub const VOID: Self = Self(95);
    /// Merged into another document.
    pub const MERGED: Self = Self(96);
}

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
