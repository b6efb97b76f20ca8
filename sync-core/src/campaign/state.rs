//! States and verdicts of records and inspections.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    lifecycle::VoidReason,
    record::{EventId, codes::code_list},
};

code_list! {
    /// How a record or an inspection stands.
    State {
        Stated = 1 "stated" "已登记",
        Confirmed = 2 "confirmed" "已确认",
        Disputed = 3 "disputed" "有争议",
        Withdrawn = 4 "withdrawn" "已撤回",
        Void = 5 "void" "无效",
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It decides, with others, how the record stands.
    Accepted,
    /// It added to the record and decides nothing.
    Added,
    /// It stays in the history and changes nothing.
    Void {
        /// Why.
        reason: VoidReason,
    },
    /// Of a newer version: kept, and it holds confirming and finishing.
    Unknown,
}

/// An event with its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judged {
    /// The event.
    pub id: EventId,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}
