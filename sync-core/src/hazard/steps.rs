//! The sequences that a hazard has in addition to its state: transfers to departments, the work of the government, and
//! penalty cases. A step is legal by its own sequence, in every state of the hazard.

use super::{in_force::receiver, known::Known, view::View};
use crate::{history::VoidReason, record::EventBody};

/// The transfers in force that a step concerns: those received, or for a withdrawal sent, by the author's organisation.
pub(super) fn concerned(known: &Known<'_, '_>, at: usize, view: &View) -> Vec<usize> {
    let organ = known.organ(at);
    let withdraws = matches!(known.history.body(at), EventBody::TransferWithdraw(_));
    let side = |transfer: usize| {
        if withdraws {
            known.organ(transfer)
        } else {
            receiver(known, transfer)
        }
    };
    let transfers = view.transfers.iter().copied();
    transfers
        .filter(|transfer| organ.is_some() && side(*transfer) == organ)
        .collect()
}

/// Whether a step of a transfer follows: its author knew a transfer in force in the right stage, received or sent by the
/// author's organisation.
pub(super) fn transfer_step(
    known: &Known<'_, '_>,
    at: usize,
    view: &View,
) -> Result<(), VoidReason> {
    let body = known.history.body(at);
    let mine = concerned(known, at, view);
    if mine.is_empty() {
        return Err(if matches!(body, EventBody::TransferWithdraw(_)) {
            VoidReason::NotTheSender
        } else {
            VoidReason::NotTheReceiver
        });
    }
    let accepted = |transfer: &usize| {
        known.ancestors(at).iter().any(|step| {
            matches!(known.history.body(step), EventBody::TransferAccept(_))
                && known.taken[step].is_some()
                && known.organ(step) == receiver(known, *transfer)
                && known.history.happened_before(*transfer, step)
        })
    };
    let follows = match body {
        EventBody::TransferResult(_) => mine.iter().any(accepted),
        EventBody::TransferReturn(_) | EventBody::TransferWithdraw(_) => {
            mine.iter().any(|transfer| !accepted(transfer))
        }
        _ => true,
    };
    if follows {
        Ok(())
    } else {
        Err(VoidReason::StepOutOfOrder)
    }
}

/// The escalations of the current round that an author knew.
pub(super) fn escalations(known: &Known<'_, '_>, at: usize, view: &View) -> Vec<usize> {
    view.of_round(known, at, |_, body| matches!(body, EventBody::Escalate(_)))
        .collect()
}

/// Whether a step of a penalty case or of the government may follow the last steps that its author knew.
pub(super) fn step_follows(known: &Known<'_, '_>, at: usize, view: &View) -> bool {
    let body = known.history.body(at);
    let machines = &known.history.rules.machines;
    let Some(machine) = machines.iter().find(|m| m.event == body.name()) else {
        return true;
    };
    let Some(step) = step(body) else {
        return true;
    };
    let escalated = match body {
        EventBody::GovProgress(_) => escalations(known, at, view),
        _ => Vec::new(),
    };
    let mut seen = known.of_matter(at).cloned().unwrap_or_default();
    seen.keep(known.ancestors(at));
    // The steps of the government count from the newest escalation.
    for escalation in &escalated {
        seen.subtract(known.ancestors(*escalation));
    }
    let since = |seen: &usize| {
        let after = |e: &usize| known.history.happened_before(*e, *seen);
        escalated.is_empty() || escalated.iter().any(after)
    };
    let last = known.history.order.newest(&seen);
    let last: Vec<&str> = last
        .iter()
        .filter(since)
        .filter_map(|at| self::step(known.history.body(at)))
        .collect();
    machine.follows(&last, step)
}

fn step(body: &EventBody) -> Option<&'static str> {
    match body {
        EventBody::PenaltyLink(p) => Some(p.stage.name()),
        EventBody::GovProgress(p) => Some(p.stage.name()),
        _ => None,
    }
}
