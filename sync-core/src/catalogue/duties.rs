//! What a property company owes for a violation, as configuration of a province.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The chain found → dissuaded → reported.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duties {
    /// Version of the table.
    pub version: u32,
    /// What the numbers mean.
    pub note: String,
    /// Deadline class for dissuading, from when the company knew.
    pub dissuade_within: String,
    /// Deadline class for reporting, from when dissuasion failed.
    pub report_within: String,
    /// So many reminders without success are a failure.
    pub reminders_before_report: u32,
    /// Kinds that are reported at once.
    pub report_at_once: Vec<String>,
    /// The finding if nobody dissuaded.
    pub not_dissuaded: String,
    /// The finding if nobody reported.
    pub not_reported: String,
}
