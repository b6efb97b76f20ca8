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
    /// Whether an accepted event counts.
    #[serde(skip_serializing_if = "Validity::is_yes")]
    #[schemars(default)]
    pub count: Validity,
}

impl JudgedEvent {
    /// Whether the event has an effect on the document, as far as is known. A suspended, rejected or overruled event has:
    /// the work was done.
    pub fn has_effect(&self) -> bool {
        self.verdict.has_effect() && !matches!(self.count, Validity::NoEffect | Validity::Waiting)
    }
}

/// Whether an accepted event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// It counts.
    #[default]
    Yes,
    /// What it depends on is not known yet: a receipt. It counts until then, because that keeps the document open.
    Pending,
    /// What it depends on is not known yet: a receipt. It does not count until then.
    Waiting,
    /// It has no effect: its device was revoked, its grant had ended, or its time limit had passed.
    NoEffect,
    /// It does not count while a conflict is open.
    Suspended,
    /// A conflict was settled against it, or without it: it never counts.
    Rejected,
    /// It is not legal after the events that count.
    WithoutBasis,
    /// An objection that was overruled: its state does not count.
    Overruled,
}

impl Validity {
    fn is_yes(&self) -> bool {
        *self == Self::Yes
    }

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::NoEffect => "no_effect",
            Self::Suspended => "suspended",
            Self::Rejected => "rejected",
            Self::WithoutBasis => "without_basis",
            Self::Overruled => "overruled",
        }
    }

    /// The Chinese word for users.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Yes => "计入",
            Self::Pending => "待定，暂计入",
            Self::Waiting => "待定，暂不计",
            Self::NoEffect => "不计",
            Self::Suspended => "中止",
            Self::Rejected => "不计，须重新办理",
            Self::WithoutBasis => "无依据，不计",
            Self::Overruled => "已驳回",
        }
    }

    /// The English word for users.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Yes => "counts",
            Self::Pending => "pending, counts for now",
            Self::Waiting => "pending, does not count yet",
            Self::NoEffect => "without effect",
            Self::Suspended => "suspended",
            Self::Rejected => "rejected, to be stated again",
            Self::WithoutBasis => "without basis",
            Self::Overruled => "overruled",
        }
    }
}
