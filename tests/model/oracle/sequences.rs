//! Transfers, escalations and penalty cases (docs/rules.md, sections 6.3 and 6.4).

use sync_core::record::{EventBody, OrganId};

use super::{
    case::{Case, Mode, PairRow, Register, Status, View},
    doc::Set,
    registers,
    tables::Steps,
};

/// The organisation to which an event transfers the clue.
pub(crate) fn receiver(case: &Case<'_>, t: usize) -> Option<OrganId> {
    match case.doc.body(t) {
        EventBody::Transfer(transfer) => Some(transfer.to),
        _ => None,
    }
}

/// Section 6.3: the live transfers of a set.
pub(crate) fn live_transfers(case: &Case<'_>, v: &View) -> Set {
    let is_live = |t: &&usize| {
        case.doc.kind(**t) == "transfer"
            && case.own_round(v, **t) >= v.round
            && !registers::is_removed(case, v, **t)
            && !v.live.iter().any(|x| ends(case, v, **t, *x))
    };
    v.live.iter().filter(is_live).copied().collect()
}

/// Whether x returns or withdraws the transfer t that it saw.
fn ends(case: &Case<'_>, v: &View, t: usize, x: usize) -> bool {
    let by = match case.doc.kind(x) {
        "transfer_return" => receiver(case, t),
        "transfer_withdraw" => case.doc.organ(t),
        _ => return false,
    };
    case.doc.before(t, x) && by.is_some() && by == case.doc.organ(x) && !is_held_back(v, x)
}

/// Section 5.6: a `transfer_withdraw` is suspended while its C-16 is open, and rejected if it is held.
fn is_held_back(v: &View, d: usize) -> bool {
    let against = |o| v.fates.get(&o) != Some(&Status::Overruled);
    v.pairs
        .iter()
        .any(|p| p.row == PairRow::C16 && p.d == d && against(p.o))
}

/// The live transfers of a view.
fn transfers(v: &View) -> Set {
    v.values
        .get(&Register::Transfer)
        .cloned()
        .unwrap_or_default()
}

/// Section 6.3: whether the transfer is accepted in the view.
pub(crate) fn is_accepted(case: &Case<'_>, v: &View, t: usize) -> bool {
    v.live.iter().any(|a| {
        case.doc.kind(*a) == "transfer_accept"
            && case.doc.before(t, *a)
            && case.doc.organ(*a) == receiver(case, t)
    })
}

/// The live transfers in the view that the step e concerns: to its author's organisation, or sent by it.
fn concerned(case: &Case<'_>, v: &View, e: usize) -> Set {
    let organ = case.doc.organ(e);
    let side = |t: usize| match case.doc.kind(e) {
        "transfer_withdraw" => case.doc.organ(t),
        _ => receiver(case, t),
    };
    let all = transfers(v);
    all.into_iter()
        .filter(|t| organ.is_some() && side(*t) == organ)
        .collect()
}

/// C-16: whether `transfer_accept` and `transfer_withdraw` concern one transfer. What a step concerns is read in its
/// author's contested candidate.
pub(crate) fn concern_one_transfer(case: &Case<'_>, accept: usize, withdraw: usize) -> bool {
    let accepted = concerned(case, case.view(accept, Mode::Contested), accept);
    let withdrawn = concerned(case, case.view(withdraw, Mode::Contested), withdraw);
    accepted.intersection(&withdrawn).next().is_some()
}

/// The guard *transfer_step* (section 6.3).
pub(crate) fn step(case: &Case<'_>, v: &View, e: usize) -> Result<(), &'static str> {
    let kind = case.doc.kind(e);
    let all = concerned(case, v, e);
    if all.is_empty() {
        let sends = kind == "transfer_withdraw";
        return Err(if sends {
            "not-the-sender"
        } else {
            "not-the-receiver"
        });
    }
    let fits = match kind {
        "transfer_return" | "transfer_withdraw" => all.iter().any(|t| !is_accepted(case, v, *t)),
        "transfer_result" => all.iter().any(|t| is_accepted(case, v, *t)),
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err("step-out-of-order")
    }
}

/// The `escalate` events in the view's current round (section 6.4).
pub(crate) fn escalations(case: &Case<'_>, v: &View) -> Set {
    let all = case.of_round(v);
    all.into_iter()
        .filter(|e| case.doc.kind(*e) == "escalate")
        .collect()
}

/// The guard *step_follows* (section 6.4).
pub(crate) fn follows(case: &Case<'_>, v: &View, e: usize) -> Result<(), &'static str> {
    let good = match case.doc.body(e) {
        EventBody::GovProgress(next) => {
            let escalations = escalations(case, v);
            let before = |s: &&usize| {
                case.is_accepted(**s)
                    && case.doc.kind(**s) == "gov_progress"
                    && escalations.iter().any(|x| case.doc.before(*x, **s))
                    && !escalations.iter().any(|x| case.doc.before(**s, *x))
            };
            let earlier: Set = v.set.iter().filter(before).copied().collect();
            !escalations.is_empty() && may_follow(case, "gov_progress", &earlier, next.stage.name())
        }
        EventBody::PenaltyLink(next) => {
            let before = |s: &&usize| match case.doc.body(**s) {
                EventBody::PenaltyLink(step) => case.is_accepted(**s) && step.case == next.case,
                _ => false,
            };
            let earlier: Set = v.set.iter().filter(before).copied().collect();
            may_follow(case, "penalty_link", &earlier, next.stage.name())
        }
        _ => true,
    };
    if good {
        Ok(())
    } else {
        Err("step-out-of-order")
    }
}

/// Whether a step begins its sequence, or follows one of the newest earlier steps.
fn may_follow(case: &Case<'_>, machine: &str, earlier: &Set, next: &str) -> bool {
    let nothing = Steps::default();
    let steps = case.tables.machines.get(machine).unwrap_or(&nothing);
    let newest = case.doc.newest(earlier);
    if newest.is_empty() {
        return steps.first.iter().any(|s| s == next);
    }
    newest.iter().any(|e| {
        let stage = match case.doc.body(*e) {
            EventBody::GovProgress(step) => step.stage.name(),
            EventBody::PenaltyLink(step) => step.stage.name(),
            _ => "",
        };
        steps
            .moves
            .get(stage)
            .is_some_and(|to| to.iter().any(|s| s == next))
    })
}

/// C-26: whether the penalty case of the objection reached its stage `closed` among the events.
pub(crate) fn case_is_closed(case: &Case<'_>, v: &View, o: usize) -> bool {
    let EventBody::PenaltyLink(link) = case.doc.body(o) else {
        return false;
    };
    v.live.iter().any(|e| match case.doc.body(*e) {
        EventBody::PenaltyLink(step) => step.case == link.case && step.stage.name() == "closed",
        _ => false,
    })
}
