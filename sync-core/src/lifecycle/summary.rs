//! What is told of a hazard once every event is judged.

use super::{
    case::Case,
    guard, judge,
    state::{Conflict, Flags, HazardState, Judged, Notice, Verdict},
    values::{self, Redacted, Values},
    view::{Meeting, View},
};
use crate::{
    catalogue::{Grade, StateCode},
    record::{DeviceTime, EventBody, EventId, Observation, PhotoSource},
};

/// Milliseconds of a minute and of a day.
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// Positions of events that took effect.
fn effective<'v>(verdicts: &'v [Verdict]) -> impl Iterator<Item = usize> + Clone + 'v {
    (0..verdicts.len())
        .filter(|at| matches!(verdicts[*at], Verdict::Accepted { .. } | Verdict::Added))
}

pub(super) fn summarise(
    case: &Case<'_>,
    first: Option<usize>,
    now: &View,
    verdicts: Vec<Verdict>,
) -> HazardState {
    let began: Option<&Observation> = first.and_then(|at| match case.body(at) {
        EventBody::Observe(o) => Some(o),
        _ => None,
    });
    let values = values::values(case, now, first);
    let code = values.code.first().map(|v| v.value.clone());
    let grade = values.grade.first().map(|v| v.value);
    let found = first.map_or(DeviceTime(0), |at| case.stated(at).event.claimed);
    let grade = grade.or_else(|| code.as_ref().and_then(|code| case.grade_of(code, found)));
    let proposals = proposals(case, &verdicts);
    let redacted = redacted(case, &verdicts);
    let flags = flags(case, now, &verdicts, &values, grade);
    let observations =
        effective(&verdicts).filter(|at| matches!(case.body(*at), EventBody::Observe(_)));
    let claimed = |at: usize| possible(case, at);
    HazardState {
        state: now.effective(case).unwrap_or(StateCode(0)),
        cycle: now.cycle(case),
        grade,
        code,
        area: began.map(|o| o.area.clone()),
        found_at: observations
            .clone()
            .map(claimed)
            .min()
            .unwrap_or(DeviceTime(0)),
        updated_at: (0..case.len()).map(claimed).max().unwrap_or(DeviceTime(0)),
        deadline: values.deadline.first().map(|v| v.value),
        duplicate_of: values.duplicate_of.first().map(|v| v.value),
        flags: Flags {
            proposal_open: !proposals.is_empty(),
            redacted: redacted != Redacted::default(),
            ..flags
        },
        values,
        conflicts: conflicts(case, now),
        notices: notices(case, now, &verdicts),
        proposals,
        redacted,
        observation_count: observations.count().try_into().unwrap_or(u32::MAX),
        history: verdicts
            .into_iter()
            .enumerate()
            .map(|(at, verdict)| Judged {
                id: case.stated(at).id,
                verdict,
            })
            .collect(),
    }
}

/// The claimed time of an event, moved into what the server knows if it is wrong by more than a day: it was not made
/// before its grant nor after its receipt. The claim itself stays in the event, and the hazard is flagged
/// (`time_untrusted`).
fn possible(case: &Case<'_>, at: usize) -> DeviceTime {
    let claimed = case.stated(at).event.claimed;
    let known = case.times[at];
    let since = case.grants[at].map(|grant| grant.from).max(known.lower);
    match (since, known.upper) {
        (_, Some(upper)) if claimed.0.saturating_sub(DAY_MS) > upper.0 => DeviceTime(upper.0),
        (Some(since), _) if claimed.0.saturating_add(DAY_MS) < since.0 => DeviceTime(since.0),
        _ => claimed,
    }
}

fn flags(
    case: &Case<'_>,
    now: &View,
    verdicts: &[Verdict],
    values: &Values,
    grade: Option<Grade>,
) -> Flags {
    let bodies = || effective(verdicts).map(|at| case.body(at));
    let mut photos = bodies().flat_map(EventBody::photos).peekable();
    let weak = photos.peek().is_none() || photos.any(|p| p.source != PhotoSource::InApp);
    let shown = |which: fn(&EventBody) -> bool| bodies().filter(move |b| which(b));
    let in_order = case.rules.in_order_row();
    Flags {
        conflict_open: now.is_contested(case),
        major_suspected: grade >= Some(Grade::G3Suspected),
        evidence_weak: weak,
        unknown_events: case.has_unknown,
        reopened: now.cycle(case) > 1,
        penalised: !values.penalties.is_empty(),
        listed_supervision: bodies().any(|b| matches!(b, EventBody::GovDecision(d) if d.listed)),
        interim_measures_missing: effective(verdicts).any(|at| unguarded(case, at)),
        time_untrusted: time_untrusted(case, verdicts),
        ordered_by_time: now.notices.iter().any(|m| m.row == in_order),
        evidence_repeated: guard::repeated(shown(guard::shows_hazard), shown(guard::shows_fixed)),
        authority_late: effective(verdicts).any(|at| judge::is_late(case, at)),
        ..Flags::default()
    }
}

/// Works that take more than a day, and nothing that keeps people safe meanwhile.
fn unguarded(case: &Case<'_>, at: usize) -> bool {
    let EventBody::StartRectify(plan) = case.body(at) else {
        return false;
    };
    let claimed = case.stated(at).event.claimed.0;
    let long = plan
        .ready_by
        .is_some_and(|ready| ready.0 - claimed > DAY_MS);
    let measures = plan.interim_measures.as_ref();
    long && measures.is_none_or(crate::record::Short::is_empty)
}

/// A claimed time outside what the server knows, or a phone's clock that was set back.
fn time_untrusted(case: &Case<'_>, verdicts: &[Verdict]) -> bool {
    let skew = i64::from(case.rules.bounds.clock_skew_minutes) * MINUTE_MS;
    effective(verdicts).any(|at| {
        let event = &case.stated(at).event;
        let set_back = || {
            let mut earlier = case.ordered.parents[at]
                .iter()
                .map(|p| &case.stated(*p).event);
            earlier.any(|e| e.device == event.device && e.claimed.0 > event.claimed.0 + skew)
        };
        !case.times[at].allows(event.claimed, skew) || set_back()
    })
}

/// Proposals that no later event of their kind has decided.
fn proposals(case: &Case<'_>, verdicts: &[Verdict]) -> Vec<EventId> {
    let decided = |at: usize| {
        let kind = case.body(at).number();
        effective(verdicts)
            .any(|later| case.body(later).number() == kind && case.had_seen(later, at))
    };
    (0..verdicts.len())
        .filter(|at| matches!(verdicts[*at], Verdict::Proposed { .. }) && !decided(*at))
        .map(|at| case.stated(at).id)
        .collect()
}

fn redacted(case: &Case<'_>, verdicts: &[Verdict]) -> Redacted {
    let mut redacted = Redacted::default();
    for at in effective(verdicts) {
        if let EventBody::Redact(r) = case.body(at) {
            redacted.events.extend(&r.events);
            redacted.photos.extend(&r.photos);
        }
    }
    redacted.events.sort_unstable();
    redacted.events.dedup();
    redacted.photos.sort_unstable();
    redacted.photos.dedup();
    redacted
}

fn conflicts(case: &Case<'_>, now: &View) -> Vec<Conflict> {
    let conflict = |m: &Meeting| {
        let (x, y) = (case.stated(m.a).id, case.stated(m.b).id);
        let resolved = now.resolved.iter().find(|(i, j, _)| (*i, *j) == (m.a, m.b));
        let row = case.rules.row(m.row);
        Conflict {
            rule: row.id.clone(),
            class: Some(row.class),
            one: x.min(y),
            other: x.max(y),
            resolved_by: resolved.map(|(_, _, by)| case.stated(*by).id),
        }
    };
    let mut conflicts: Vec<_> = now.conflicts.iter().map(conflict).collect();
    conflicts.sort_by(|x, y| (x.one, x.other, &x.rule).cmp(&(y.one, y.other, &y.rule)));
    conflicts.dedup_by_key(|c| (c.one, c.other));
    conflicts
}

/// Pairs that a rule decided; and photos beside a closing, which the reviewer should look at.
fn notices(case: &Case<'_>, now: &View, verdicts: &[Verdict]) -> Vec<Notice> {
    let notice = |rule: &str, a: usize, b: usize| {
        let (x, y) = (case.stated(a).id, case.stated(b).id);
        Notice {
            rule: rule.to_owned(),
            one: x.min(y),
            other: x.max(y),
        }
    };
    let decided = now.notices.iter();
    let mut notices: Vec<_> = decided
        .map(|m| notice(&case.rules.row(m.row).id, m.a, m.b))
        .collect();
    for close in now
        .states()
        .filter(|m| matches!(case.body(m.at), EventBody::Close(_)))
    {
        for at in effective(verdicts) {
            let photo = matches!(case.body(at), EventBody::AddPhoto(_));
            if photo && case.apart(at, close.at) {
                notices.push(notice("C-11", at, close.at));
            }
        }
    }
    notices.sort_by(|x, y| (x.one, x.other, &x.rule).cmp(&(y.one, y.other, &y.rule)));
    notices.dedup();
    notices
}
