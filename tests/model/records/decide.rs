//! `withdraw`, and decisions about a withdrawal in dispute (docs/rules.md, section 10.2).

use sync_core::record::{EventBody, Reason};

use super::{
    case::{Case, Class, Mode, Verdict},
    state::{self, View},
};
use crate::oracle::doc::Set;

/// The verdict on a `withdraw`.
pub(crate) fn withdraw(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    v: &View,
    reason: &Reason,
) -> Result<Verdict, &'static str> {
    if v.is_withdrawal_disputed() {
        let mut parties = parties(case, v).into_iter();
        if case.is_own(e) && !v.is_closed() && parties.all(|p| case.doc.same_person(p, e)) {
            return Ok(Verdict::Accepted);
        }
        entitled(case, e, begun, v)?;
        return Ok(Verdict::Accepted);
    }
    let (own, decider) = (case.is_own(e), case.is_decider(e, begun));
    if !v.is_closed() {
        return if own || (v.disagrees && decider) {
            Ok(Verdict::Accepted)
        } else {
            Err("role-may-not")
        };
    }
    if !own && !decider {
        return Err("role-may-not");
    }
    if reason.reason.is_empty() {
        return Err("incomplete");
    }
    let closings = deciding(case, v);
    let knew_all = |p: usize| {
        let mut all = v.content.iter().chain(&closings);
        all.all(|d| case.doc.before(*d, p))
    };
    let proposes = |p: &usize| {
        case.verdicts[*p] == Verdict::Proposed && !case.doc.same_person(*p, e) && knew_all(*p)
    };
    if case.doc.past[e].iter().any(proposes) {
        Ok(Verdict::Accepted)
    } else {
        Ok(Verdict::Proposed)
    }
}

/// The verdict on a `confirm` that decides.
pub(crate) fn keep(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    v: &View,
) -> Result<Verdict, &'static str> {
    entitled(case, e, begun, v)?;
    let is_activity = matches!(case.doc.body(begun), EventBody::Activity(_));
    Ok(Verdict::Keeps {
        covers: is_activity && !v.all_disagrees,
    })
}

/// A decider who is no party.
fn entitled(case: &Case<'_>, e: usize, begun: usize, v: &View) -> Result<(), &'static str> {
    if !case.is_decider(e, begun) {
        return Err("role-may-not");
    }
    let is_party = |p: &usize| case.doc.same_person(*p, e);
    if parties(case, v).iter().any(is_party) {
        return Err("same-person");
    }
    Ok(())
}

/// The accepted closings and keeps.
fn deciding(case: &Case<'_>, v: &View) -> Set {
    state::live(case, &v.set, Class::Closing, Mode::AllCount)
}

/// The events of the parties: the withdrawals that are disputed, the proposals that one of them saw, and the content, closings
/// and keeps concurrent with one.
fn parties(case: &Case<'_>, v: &View) -> Set {
    let deciding = deciding(case, v);
    let proposed = |p: &&usize| {
        case.verdicts[**p] == Verdict::Proposed
            && v.disputed.iter().any(|w| case.doc.before(**p, *w))
    };
    let against = |d: &&usize| v.disputed.iter().any(|w| case.doc.concurrent(**d, *w));
    let mut all = v.disputed.clone();
    all.extend(v.content.iter().chain(&deciding).filter(against));
    all.extend(v.set.iter().filter(proposed));
    all
}
