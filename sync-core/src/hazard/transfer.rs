//! Transfers of a hazard to departments: sent, signed for, accepted or returned, reported back; and which step is due.

use serde::Serialize;

use super::{
    deadline::{self, Standing},
    state::HazardState,
};
use crate::{
    catalogue::{Catalogue, Due},
    history::{EventEntry, FoldContext, edition_of},
    record::{DeviceTime, Edition, EventBody, EventId, OrganId, ServerTime},
};

/// A step that the receiving department must take.
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
    /// The name of the step among the timers of the calendar.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Answer => "answer",
            Self::Feedback => "feedback",
        }
    }
}

/// The step of a transfer that is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The step.
    pub step: Step,
    /// When it is due.
    pub due: Due,
    /// Whether the due time has passed.
    pub standing: Standing,
}

/// One transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TransferCase {
    /// The transfer.
    pub event: EventId,
    /// The receiving organisation.
    pub to: OrganId,
    /// When it was sent; like all times of this type, by the author's clock.
    pub sent: DeviceTime,
    /// When it was signed for.
    pub signed: Option<DeviceTime>,
    /// When it was accepted.
    pub accepted: Option<DeviceTime>,
    /// When it was returned or withdrawn.
    pub ended: Option<DeviceTime>,
    /// When a result was reported back.
    pub result: Option<DeviceTime>,
    /// The pending step.
    pub waiting: Option<Waiting>,
    /// The edition of the catalogue that judges the event by which the pending step began: its calendar counts.
    #[serde(skip)]
    edition: Edition,
}

/// The transfers of a hazard, in causal order.
///
/// # Properties
/// A transfer happened before its acceptance; an acceptance whose author did not have the transfer has no effect.
pub(crate) fn transfers(
    state: &HazardState,
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
    now: ServerTime,
) -> Vec<TransferCase> {
    let mut cases: Vec<TransferCase> = Vec::new();
    for judged in &state.history {
        if !judged.has_effect() {
            continue;
        }
        let Some(stated) = events.iter().find(|s| s.id == judged.id) else {
            continue;
        };
        let claimed = stated.event.claimed;
        let edition = edition_of(stated, context, catalogue);
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
                edition,
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
                    case.enter(body, claimed, edition);
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
    fn enter(&mut self, body: &EventBody, claimed: DeviceTime, edition: Edition) {
        // The first acceptance begins the last step; a signature after it begins none.
        let begins = match body {
            EventBody::TransferSign(_) => self.signed.or(self.accepted).is_none(),
            EventBody::TransferAccept(_) => self.accepted.is_none(),
            _ => false,
        };
        if begins {
            self.edition = edition;
        }
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
        let calendar = catalogue.calendar_of(self.edition);
        let due = calendar.timer("transfer", step.name(), from)?;
        let standing = deadline::standing(due.at, deadline::now(now));
        Some(Waiting {
            step,
            due,
            standing,
        })
    }
}
