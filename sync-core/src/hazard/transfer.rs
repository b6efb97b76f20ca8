//! Transfers of a clue: sent, signed for, accepted or returned, reported back; and which step waits how long.

use serde::Serialize;

use super::{
    deadline::{self, Standing},
    state::HazardState,
};
use crate::{
    catalogue::{Catalogue, Due},
    history::{EventEntry, FoldContext},
    record::{DeviceTime, EventBody, EventId, OrganId, ServerTime},
};

/// A step that the receiving department owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// To sign for it.
    Sign,
    /// To accept or return it.
    Answer,
    /// To report back.
    Feedback,
}

impl Step {
    /// The name in the calendar's timers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Answer => "answer",
            Self::Feedback => "feedback",
        }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The step.
    pub step: Step,
    /// When it is due.
    pub due: Due,
    /// Whether that is over.
    pub standing: Standing,
}

/// One transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TransferCase {
    /// The transfer.
    pub event: EventId,
    /// To whom.
    pub to: OrganId,
    /// When it was sent, by its author's clock.
    pub sent: DeviceTime,
    /// Signed for.
    pub signed: Option<DeviceTime>,
    /// Accepted.
    pub accepted: Option<DeviceTime>,
    /// Returned or taken back.
    pub ended: Option<DeviceTime>,
    /// Reported back.
    pub result: Option<DeviceTime>,
    /// The step that is waited for.
    pub waiting: Option<Waiting>,
}

/// The transfers of a hazard in the order they were sent.
///
/// # Properties
/// An acceptance is never earlier than its transfer: its author had seen the transfer, or it took no effect.
pub(crate) fn transfers(
    state: &HazardState,
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
    now: ServerTime,
) -> Vec<TransferCase> {
    let mut cases: Vec<TransferCase> = Vec::new();
    for judged in &state.history {
        if !judged.verdict.has_effect() {
            continue;
        }
        let Some(stated) = events.iter().find(|s| s.id == judged.id) else {
            continue;
        };
        let claimed = stated.event.claimed;
        let organ = context.grant(&stated.event.grant).map(|g| g.organ);
        if let EventBody::Transfer(transfer) = &stated.event.body {
            cases.push(TransferCase {
                event: stated.id,
                to: transfer.to,
                sent: claimed,
                signed: None,
                accepted: None,
                ended: None,
                result: None,
                waiting: None,
            });
            continue;
        }
        let theirs = |case: &&mut TransferCase| case.ended.is_none() && Some(case.to) == organ;
        match &stated.event.body {
            EventBody::TransferWithdraw(_) => {
                if let Some(case) = cases.iter_mut().rev().find(|c| c.ended.is_none()) {
                    case.ended = Some(claimed);
                }
            }
            body => {
                if let Some(case) = cases.iter_mut().rev().find(theirs) {
                    case.enter(body, claimed);
                }
            }
        }
    }
    for case in &mut cases {
        case.waiting = case.waits(catalogue, now);
    }
    cases
}

impl TransferCase {
    fn enter(&mut self, body: &EventBody, claimed: DeviceTime) {
        let slot = match body {
            EventBody::TransferSign(_) => &mut self.signed,
            EventBody::TransferAccept(_) => &mut self.accepted,
            EventBody::TransferReturn(_) => &mut self.ended,
            EventBody::TransferResult(_) => &mut self.result,
            _ => return,
        };
        slot.get_or_insert(claimed);
    }

    fn waits(&self, catalogue: &Catalogue, now: ServerTime) -> Option<Waiting> {
        if self.ended.or(self.result).is_some() {
            return None;
        }
        let (step, from) = match (self.accepted, self.signed) {
            (Some(accepted), _) => (Step::Feedback, accepted),
            (None, Some(signed)) => (Step::Answer, signed),
            (None, None) => (Step::Sign, self.sent),
        };
        let due = catalogue.calendar.timer("transfer", step.name(), from)?;
        let standing = deadline::standing(due.at, deadline::now(now));
        Some(Waiting {
            step,
            due,
            standing,
        })
    }
}
