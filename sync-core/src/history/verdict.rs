//! What a fold decides about each event.

use schemars::JsonSchema;
use serde::Serialize;

use super::reason::VoidReason;
use crate::{catalogue::StateCode, record::EventId};

/// A step of the state machine of hazards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// Id of the row of the transition table.
    pub transition: String,
    /// State before the event, folded from its author's causal history.
    pub from: StateCode,
    /// State after the event.
    pub to: StateCode,
}

/// What a fold decides about one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The event takes part in deciding the state of the document.
    Accepted {
        /// Of a hazard: the step that the event made.
        #[serde(flatten)]
        step: Option<Step>,
    },
    /// The event adds to the document and decides nothing.
    Added,
    /// The event proposes a transition that an author with more authority must state.
    Proposed {
        /// Id of the row of the transition table.
        transition: String,
    },
    /// The event stays in the history and has no effect.
    Void {
        /// The reason.
        reason: VoidReason,
    },
    /// The event is of a newer version: it is kept, and blocks closing, confirming and finishing.
    Unknown,
}

impl Verdict {
    /// Accepted without a step: of an activity or an inspection.
    pub(crate) const ACCEPTED: Self = Self::Accepted { step: None };

    /// Whether the event has an effect on the document.
    pub fn has_effect(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Added)
    }
}

/// An event id with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JudgedEvent {
    /// The event.
    pub id: EventId,
    /// The verdict of the fold.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Positions of the events that have an effect.
pub(crate) fn effective<'v>(verdicts: &'v [Verdict]) -> impl Iterator<Item = usize> + Clone + 'v {
    (0..verdicts.len()).filter(|at| verdicts[*at].has_effect())
}
