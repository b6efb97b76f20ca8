//! The fields of a hazard, and which event kinds set them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field of a hazard: a multi-value register that keeps every concurrent value.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum FieldName {
    Code,
    Grade,
    Place,
    Count,
    Deadline,
    Responsible,
    Transfer,
    Duplicate,
    Penalty,
    Clearance,
    PhotoRole,
}

impl FieldName {
    /// The field's bit; bit 0 is the state.
    pub const fn bit(self) -> u16 {
        2 << (self as u16)
    }
}

/// Which of several concurrent values is displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Keep {
    FirstRegistered,
    Highest,
    Earliest,
    HigherLevel,
    All,
}

/// How a field gets its values.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: FieldName,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The event kinds that set it.
    pub set_by: Vec<String>,
    /// Whether the first observation sets it too.
    #[serde(default)]
    pub first: bool,
    /// Whether a later value does not supersede an earlier one.
    #[serde(default)]
    pub additive: bool,
    /// Which of several values is displayed.
    pub keep: Keep,
}
