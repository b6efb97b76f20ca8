//! Concurrent pairs as data: what two statements mean to each other whose authors had not seen each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::StateCode;

/// What a concurrent pair means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// Both stand, silently.
    A,
    /// A rule decides, shown in the history.
    B,
    /// A reviewer must decide; closing is blocked until then.
    C,
}

/// What holds meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PairResult {
    /// This state, if it is more open than both.
    State(StateCode),
    /// A rule by name.
    Rule(Provisional),
}

/// Which of two concurrent statements holds meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provisional {
    /// The state that is more open.
    MoreOpen,
    /// The state that is less open.
    LessOpen,
    /// Both are kept as they are; the states do not touch each other.
    Keep,
    /// The first event of the row has no effect.
    AUndone,
    /// The second event of the row has no effect.
    BUndone,
    /// The later one follows the earlier one.
    Sequence,
}

/// When a row applies, beyond the two events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the documentation; lifecycle::relation explains each"
)]
pub enum When {
    BothStatutory,
    MajorInvolved,
    FireSetsMajor,
    SameDay,
    BothPublicReports,
    AEarlier,
    OtherAuthor,
}

/// Where two statements meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In one record: the fold decides.
    #[default]
    Record,
    /// Between two records: `lifecycle::across` decides.
    Across,
    /// Whether a statement counts at all: `lifecycle::judge` decides by grants and time.
    Authority,
    /// In the photo and note lane of one record, which never moves a state.
    Additive,
    /// In master data: `lifecycle::across` decides.
    Master,
}

/// What a conflict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// The hazard: closing waits for the decision.
    #[default]
    Hazard,
    /// A reward only: the hazard goes its way meanwhile.
    Reward,
}

/// A pair of events whose authors had not seen each other.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Its number in the field's table.
    pub id: String,
    /// Where the two meet.
    #[serde(default)]
    pub scope: Scope,
    /// One event.
    #[serde(default)]
    pub a: String,
    /// The other, or `*`.
    #[serde(default)]
    pub b: String,
    /// A condition beyond the two events.
    #[serde(default)]
    pub when: Option<When>,
    /// What it means.
    pub class: Class,
    /// What holds meanwhile.
    pub result: PairResult,
    /// What it is about.
    #[serde(default)]
    pub concerns: Concern,
    /// The hazard is back: it counts as another cycle.
    #[serde(default)]
    pub recurs: bool,
    /// What holds and why, in Chinese.
    pub zh: String,
    /// What holds and why, in English.
    pub en: String,
}
