//! Withdrawing an activity or an inspection, and deciding about a withdrawal in dispute; see `docs/rules.md`, 10.2.

use super::engine::{Asked, Judging, Ruling};
use crate::{history::VoidReason, record::Reason};

/// The ruling on a withdrawal. `is_decider`: whether the author's role decides about documents of this kind.
pub(crate) fn withdraw(
    j: &Judging<'_>,
    asked: Asked<'_>,
    reason: &Reason,
    is_decider: bool,
) -> Result<Ruling, VoidReason> {
    let Asked { at, knew, .. } = asked;
    let is_own = j.is_own(at);
    if !knew.disputed.is_empty() {
        let is_only_party = || {
            let parties = knew.parties(&j.history);
            parties.iter().all(|party| j.history.same_person(party, at))
        };
        if is_own && is_only_party() {
            return Ok(Ruling::Withdraws);
        }
        return decide(j, asked, is_decider).map(|()| Ruling::Withdraws);
    }
    if !knew.is_closed() {
        let may = is_own || (is_decider && !j.agree(&knew.content));
        return may
            .then_some(Ruling::Withdraws)
            .ok_or(VoidReason::RoleMayNot);
    }
    if !is_own && !is_decider {
        return Err(VoidReason::RoleMayNot);
    }
    if reason.reason.as_str().trim().is_empty() {
        return Err(VoidReason::Incomplete);
    }
    // What a second person confirmed is withdrawn by two persons only.
    let proposed = j.known(at, &j.sets.proposals);
    let is_second = proposed
        .iter()
        .any(|first| !j.history.same_person(first, at));
    Ok(if is_second {
        Ruling::Withdraws
    } else {
        Ruling::Proposes
    })
}

/// The ruling on a confirmation that keeps a document whose withdrawal is in dispute. `closes`: whether a confirmation
/// closes documents of this kind.
pub(crate) fn keep(
    j: &Judging<'_>,
    asked: Asked<'_>,
    is_decider: bool,
    closes: bool,
) -> Result<Ruling, VoidReason> {
    decide(j, asked, is_decider)?;
    Ok(Ruling::Keeps {
        closes: closes && j.agree(&asked.knew.content),
    })
}

/// Whether an author may decide about the withdrawals in dispute.
fn decide(j: &Judging<'_>, asked: Asked<'_>, is_decider: bool) -> Result<(), VoidReason> {
    if !is_decider {
        return Err(VoidReason::RoleMayNot);
    }
    let parties = asked.knew.parties(&j.history);
    let mut parties = parties.iter();
    if parties.any(|party| j.history.same_person(party, asked.at)) {
        return Err(VoidReason::SamePerson);
    }
    Ok(())
}
