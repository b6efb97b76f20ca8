//! Withdrawing an activity or an inspection, and deciding about a withdrawal in dispute; see `docs/rules.md`, 10.2.

use super::{
    engine::{Asked, Judging, Ruling},
    standing::Standing,
};
use crate::{
    history::{Positions, VoidReason},
    record::Reason,
};

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
            let parties = parties(j, knew);
            parties.iter().all(|party| j.history.same_person(party, at))
        };
        if is_own && !knew.is_closed() && is_only_party() {
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
    // What a second person confirmed is withdrawn by two persons only. A proposal holds while the document is as its author
    // knew it.
    let proposed = j.known(at, &j.sets.proposals);
    let is_second = proposed.iter().any(|first| {
        !j.history.same_person(first, at) && knew.has_only(&j.history.order.ancestors[first])
    });
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

/// The parties to the dispute about withdrawals: those of [`Standing::parties`], and who proposed one of the withdrawals.
fn parties(j: &Judging<'_>, knew: &Standing) -> Positions {
    let mut parties = knew.parties(&j.history);
    for withdrawal in knew.disputed.iter() {
        parties.extend(&j.known(withdrawal, &j.sets.proposals));
    }
    parties
}

/// Whether an author may decide about the withdrawals in dispute.
fn decide(j: &Judging<'_>, asked: Asked<'_>, is_decider: bool) -> Result<(), VoidReason> {
    if !is_decider {
        return Err(VoidReason::RoleMayNot);
    }
    let parties = parties(j, asked.knew);
    let mut parties = parties.iter();
    if parties.any(|party| j.history.same_person(party, asked.at)) {
        return Err(VoidReason::SamePerson);
    }
    Ok(())
}
