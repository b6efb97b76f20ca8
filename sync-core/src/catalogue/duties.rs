//! The duties of a property company after a violation, as configuration of a province.

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
    /// Deadline class for the dissuasion, from when the company knew of the violation.
    pub dissuade_within: String,
    /// Deadline class for the report, from when the dissuasion failed.
    pub report_within: String,
    /// This many reminders without success count as a failed dissuasion.
    pub reminders_before_report: u32,
    /// Hazard kinds that are reported at once.
    pub report_at_once: Vec<String>,
    /// The hazard kind of a missing dissuasion.
    pub not_dissuaded: String,
    /// The hazard kind of a missing report.
    pub not_reported: String,
}
