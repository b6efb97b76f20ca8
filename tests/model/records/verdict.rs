//! Verdicts (docs/rules.md, sections 3 and 10.2): beginnings, and the kinds of activities.

use sync_core::record::{ActivityEntry, Amendment, DAY_MS, DeviceTime, EventBody, Role};

use super::{
    authority,
    case::{Case, Class, Verdict},
    decide, inspection,
    state::{State, View},
};

/// 2000-01-01T00:00Z.
const EARLIEST_MS: i64 = 946_684_800_000;

/// The roles of the inspected side.
pub(crate) const SIDE: [Role; 3] = [
    Role::PropertyManager,
    Role::PropertyPatrol,
    Role::OwnersCommittee,
];

/// The verdict on an event whose causal history is judged.
pub(crate) fn judge(case: &Case<'_>, e: usize) -> Verdict {
    let past = &case.doc.past[e];
    let begun = case.begun(past).first().copied();
    let waiting = case.begun_unknown(past).first().copied();
    if let Err(reason) = authority::check(case, e, begun.or(waiting)) {
        return Verdict::Void(reason);
    }
    let judged = match case.doc.body(e) {
        EventBody::Unknown { .. } => return Verdict::Unknown,
        EventBody::Activity(_) | EventBody::Inspect(_) => begin(case, e),
        _ if begun.is_none() && waiting.is_some() => return Verdict::Unknown,
        _ => other(case, e, begun),
    };
    judged.unwrap_or_else(Verdict::Void)
}

/// Section 10.2, "Beginning".
fn begin(case: &Case<'_>, e: usize) -> Result<Verdict, &'static str> {
    let content = |x: &usize| case.is_accepted(*x) && case.class(*x) == Class::Content;
    if case.doc.past[e].iter().any(content) {
        return Err("illegal-from-state");
    }
    match case.doc.body(e) {
        EventBody::Activity(entry) => begin_activity(case, e, entry),
        _ => inspection::begin(case, e),
    }
}

fn begin_activity(
    case: &Case<'_>,
    e: usize,
    entry: &ActivityEntry,
) -> Result<Verdict, &'static str> {
    let Some(of) = case.types.activity(entry.r#type.as_str()) else {
        return Ok(Verdict::Unknown);
    };
    let role = case.doc.role(e);
    if !role.is_some_and(|role| of.roles.contains(&role)) {
        return Err("role-may-not");
    }
    if !of.may_lie_in(&entry.area) {
        return Err("level-too-low");
    }
    if of.photo && entry.photos.is_empty() {
        return Err("photo-missing");
    }
    if !of.allows(entry.data.as_str()) || !is_plausible(case, e, entry.held) {
        return Err("data-invalid");
    }
    Ok(Verdict::Accepted)
}

/// Section 10.2, `held` and `started`.
pub(crate) fn is_plausible(case: &Case<'_>, e: usize, at: DeviceTime) -> bool {
    let latest = case.doc.events[e].event.claimed.0.saturating_add(DAY_MS);
    (EARLIEST_MS..=latest).contains(&at.0)
}

/// Section 10.2, "Every other kind".
fn other(case: &Case<'_>, e: usize, begun: Option<usize>) -> Result<Verdict, &'static str> {
    let begun = begun.ok_or("illegal-from-state")?;
    let v = case.known(e);
    if matches!(v.state, State::Void | State::Withdrawn) {
        return Err("illegal-from-state");
    }
    let is_activity = matches!(case.doc.body(begun), EventBody::Activity(_));
    match case.doc.body(e) {
        EventBody::Note(_) | EventBody::AddPhoto(_) => Ok(Verdict::Added),
        EventBody::Redact(_) => redact(case, e),
        EventBody::Withdraw(reason) => decide::withdraw(case, e, begun, &v, reason),
        EventBody::Amend(amendment) if is_activity => amend(case, e, begun, amendment),
        EventBody::Confirm(_) if is_activity => confirm(case, e, begun, &v),
        EventBody::Receive(_) | EventBody::Respond(_) if is_activity => answer_task(case, e, begun),
        EventBody::Confirm(_) => confirm_inspection(case, e, begun, &v),
        EventBody::Answer(answers) if !is_activity => {
            inspection::answer(case, e, begun, &v, answers)
        }
        EventBody::Sign(signature) if !is_activity => {
            inspection::sign(case, e, begun, &v, signature)
        }
        EventBody::FinishInspection(conclusion) if !is_activity => {
            inspection::finish(case, e, begun, &v, conclusion)
        }
        _ => Err("illegal-from-state"),
    }
}

fn redact(case: &Case<'_>, e: usize) -> Result<Verdict, &'static str> {
    if case.doc.role(e) == Some(Role::Dpo) {
        Ok(Verdict::Added)
    } else {
        Err("role-may-not")
    }
}

fn amend(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    amendment: &Amendment,
) -> Result<Verdict, &'static str> {
    if !case.is_own(e) {
        return Err("role-may-not");
    }
    let of = activity_type(case, begun).ok_or("type-unknown")?;
    if of.allows(amendment.data.as_str()) && is_plausible(case, e, amendment.held) {
        Ok(Verdict::Accepted)
    } else {
        Err("data-invalid")
    }
}

fn activity_type<'a>(case: &Case<'a>, begun: usize) -> Option<&'a super::catalogue::ActivityType> {
    match case.doc.body(begun) {
        EventBody::Activity(entry) => case.types.activity(entry.r#type.as_str()),
        _ => None,
    }
}

/// Whether P(e) has an unknown event.
pub(crate) fn knows_unknown(case: &Case<'_>, e: usize) -> bool {
    let is_unknown = |x: &usize| case.verdicts[*x] == Verdict::Unknown;
    case.doc.past[e].iter().any(is_unknown)
}

fn confirm(case: &Case<'_>, e: usize, begun: usize, v: &View) -> Result<Verdict, &'static str> {
    if !case.is_decider(e, begun) {
        return Err("role-may-not");
    }
    let states = |x: &&usize| case.is_accepted(**x) && case.class(**x) == Class::Content;
    let mut content = case.doc.past[e].iter().filter(states);
    if content.any(|x| case.doc.same_person(*x, e)) {
        return Err("same-person");
    }
    if v.is_withdrawal_disputed() {
        return decide::keep(case, e, begun, v);
    }
    if v.all_disagrees {
        return Err("conflict-open");
    }
    if knows_unknown(case, e) {
        return Err("unknown-event");
    }
    Ok(Verdict::Accepted)
}

fn confirm_inspection(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    v: &View,
) -> Result<Verdict, &'static str> {
    if v.is_withdrawal_disputed() {
        decide::keep(case, e, begun, v)
    } else {
        Err("illegal-from-state")
    }
}

/// `receive` and `respond`.
fn answer_task(case: &Case<'_>, e: usize, begun: usize) -> Result<Verdict, &'static str> {
    if !activity_type(case, begun).is_some_and(|of| of.task) {
        return Err("illegal-from-state");
    }
    if case.is_own(e) {
        return Err("same-person");
    }
    Ok(Verdict::Added)
}
