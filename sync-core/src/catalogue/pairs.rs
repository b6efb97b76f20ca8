//! Concurrent-pair rules as data: the meaning of two concurrent events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::state::StateCode;

/// The class of a concurrent pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// Both hold; nothing is shown.
    A,
    /// A rule decides; the history shows it.
    B,
    /// A conflict: a reviewer must decide, and closing is blocked until then.
    C,
}

/// What holds until a reviewer decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PairResult {
    /// This state, if it is more open than the states of both events.
    State(StateCode),
    /// A named rule.
    Rule(Provisional),
}

/// Which of two concurrent events holds until a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provisional {
    /// The state that is more open.
    MoreOpen,
    /// The state that is less open.
    LessOpen,
    /// Both are kept as they are; they do not affect each other's state.
    Keep,
    /// The first event of the row has no effect.
    AUndone,
    /// The second event of the row has no effect.
    BUndone,
    /// The events count as a sequence in the order of their trusted times.
    Sequence,
}

/// A condition of a rule beyond the two event kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the documentation; hazard::relation explains each"
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

/// Where a concurrent pair is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairScope {
    /// Within one document: the fold decides.
    #[default]
    Record,
    /// Between two documents: `grouping` decides.
    Across,
    /// Whether an event is void: `history::authority` decides by grants and time.
    Authority,
    /// Photos and notes of one document, which never change a state.
    Additive,
    /// Master data: `grouping` decides.
    Master,
}

/// The subject of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// The hazard: closing is blocked until the decision.
    #[default]
    Hazard,
    /// Only a reward: the hazard continues without the decision.
    Reward,
}

/// A concurrent-pair rule: two event kinds and what they mean if they are concurrent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairRule {
    /// Its number in the source table.
    pub id: String,
    /// Where the pair is judged.
    #[serde(default)]
    pub scope: PairScope,
    /// The first event kind.
    #[serde(default)]
    pub a: String,
    /// The second event kind, or `*` for any.
    #[serde(default)]
    pub b: String,
    /// A condition beyond the two event kinds.
    #[serde(default)]
    pub when: Option<When>,
    /// The class.
    pub class: Class,
    /// What holds until a reviewer decides.
    pub result: PairResult,
    /// The subject of the conflict.
    #[serde(default)]
    pub concerns: Concern,
    /// Whether the hazard has recurred: it counts as another cycle.
    #[serde(default)]
    pub recurs: bool,
    /// What holds and why, in Chinese.
    pub zh: String,
    /// What holds and why, in English.
    pub en: String,
}
