//! The state of a hazard, summarised from its judged events.

use super::{
    frontier::{ConcurrentPair, HazardFrontier},
    guard,
    state::{Conflict, Flags, HazardState, Notice},
    values::{self, Values},
};
use crate::{
    catalogue::{Grade, StateCode},
    history::{History, JudgedEvent, Redacted, Verdict, effective, is_blocked_by_unknown, is_late},
    record::{DAY_MS, DeviceTime, EventBody, EventId, MINUTE_MS, Observation, PhotoSource},
};

pub(super) fn summarise(
    history: &History<'_>,
    first: Option<usize>,
    now: &HazardFrontier,
    verdicts: Vec<Verdict>,
) -> HazardState {
    let began: Option<&Observation> = first.and_then(|at| match history.body(at) {
        EventBody::Observe(o) => Some(o),
        _ => None,
    });
    let values = values::values(history, now, first);
    let code = values.code.first().map(|v| v.value.clone());
    let grade = values.grade.first().map(|v| v.value);
    let found = first.map_or(DeviceTime(0), |at| history.entry(at).event.claimed);
    let grade = grade.or_else(|| code.as_ref().and_then(|code| history.grade_of(code, found)));
    let proposals = proposals(history, &verdicts);
    let redacted = Redacted::of(effective(&verdicts).map(|at| history.body(at)));
    let flags = flags(history, now, &verdicts, &values, grade);
    let observations =
        effective(&verdicts).filter(|at| matches!(history.body(*at), EventBody::Observe(_)));
    let claimed = |at: usize| possible(history, at);
    HazardState {
        state: now.effective_state(history).unwrap_or(StateCode::NONE),
        cycle: now.cycle(history),
        grade,
        code,
        area: began.map(|o| o.area.clone()),
        found_at: observations
            .clone()
            .map(claimed)
            .min()
            .unwrap_or(DeviceTime(0)),
        updated_at: (0..history.len())
            .map(claimed)
            .max()
            .unwrap_or(DeviceTime(0)),
        deadline: values.deadline.first().map(|v| v.value),
        duplicate_of: values.duplicate_of.first().map(|v| v.value),
        flags: Flags {
            proposal_open: !proposals.is_empty(),
            redacted: redacted != Redacted::default(),
            ..flags
        },
        values,
        conflicts: conflicts(history, now),
        notices: notices(history, now, &verdicts),
        proposals,
        redacted,
        observation_count: observations.count().try_into().unwrap_or(u32::MAX),
        history: verdicts
            .into_iter()
            .enumerate()
            .map(|(at, verdict)| JudgedEvent {
                id: history.entry(at).id,
                verdict,
            })
            .collect(),
    }
}

/// The claimed time of an event, clamped if it is wrong by more than one day: an event was made neither before its
/// grant or its lower bound, nor after its upper bound. The event keeps its claim. The hazard is flagged
/// (`time_untrusted`) if the claim contradicts the time bounds.
fn possible(history: &History<'_>, at: usize) -> DeviceTime {
    let claimed = history.entry(at).event.claimed;
    let known = history.times[at];
    let since = history.grants[at].map(|grant| grant.from).max(known.lower);
    match (since, known.upper) {
        (_, Some(upper)) if claimed.0.saturating_sub(DAY_MS) > upper.0 => DeviceTime(upper.0),
        (Some(since), _) if claimed.0.saturating_add(DAY_MS) < since.0 => DeviceTime(since.0),
        _ => claimed,
    }
}

fn flags(
    history: &History<'_>,
    now: &HazardFrontier,
    verdicts: &[Verdict],
    values: &Values,
    grade: Option<Grade>,
) -> Flags {
    let bodies = || effective(verdicts).map(|at| history.body(at));
    let mut photos = bodies().flat_map(EventBody::photos).peekable();
    let weak = photos.peek().is_none() || photos.any(|p| p.source != PhotoSource::InApp);
    let shown = |which: fn(&EventBody) -> bool| bodies().filter(move |b| which(b));
    let in_order = history.rules.in_order_row();
    Flags {
        conflict_open: now.is_contested(history),
        major_suspected: grade >= Some(Grade::G3Suspected),
        evidence_weak: weak,
        unknown_events: is_blocked_by_unknown(history),
        reopened: now.cycle(history) > 1,
        penalised: !values.penalties.is_empty(),
        listed_supervision: bodies().any(|b| matches!(b, EventBody::GovDecision(d) if d.listed)),
        interim_measures_missing: effective(verdicts).any(|at| unguarded(history, at)),
        time_untrusted: time_untrusted(history, verdicts),
        ordered_by_time: now.notices.iter().any(|m| m.row == in_order),
        evidence_repeated: guard::repeated(shown(guard::shows_hazard), shown(guard::shows_fixed)),
        authority_late: effective(verdicts).any(|at| is_late(history, at)),
        ..Flags::default()
    }
}

/// Whether an event states a rectification of more than one day without interim safety measures.
fn unguarded(history: &History<'_>, at: usize) -> bool {
    let EventBody::StartRectify(plan) = history.body(at) else {
        return false;
    };
    let claimed = history.entry(at).event.claimed.0;
    let long = plan
        .ready_by
        .is_some_and(|ready| ready.0 - claimed > DAY_MS);
    let measures = plan.interim_measures.as_ref();
    long && measures.is_none_or(crate::record::Short::is_empty)
}

/// Whether a claimed time contradicts its time bounds, or a device's clock was set back between two events.
fn time_untrusted(history: &History<'_>, verdicts: &[Verdict]) -> bool {
    let skew = i64::from(history.rules.bounds.clock_skew_minutes) * MINUTE_MS;
    effective(verdicts).any(|at| {
        let event = &history.entry(at).event;
        let set_back = || {
            let mut earlier = history.order.parents[at]
                .iter()
                .map(|p| &history.entry(*p).event);
            earlier.any(|e| e.device == event.device && e.claimed.0 > event.claimed.0 + skew)
        };
        !history.times[at].allows(event.claimed, skew) || set_back()
    })
}

/// Proposals that are not decided: they did not happen before any effective event of their kind.
fn proposals(history: &History<'_>, verdicts: &[Verdict]) -> Vec<EventId> {
    let decided = |at: usize| {
        let kind = history.body(at).number();
        effective(verdicts)
            .any(|later| history.body(later).number() == kind && history.happened_before(at, later))
    };
    (0..verdicts.len())
        .filter(|at| matches!(verdicts[*at], Verdict::Proposed { .. }) && !decided(*at))
        .map(|at| history.entry(at).id)
        .collect()
}

fn conflicts(history: &History<'_>, now: &HazardFrontier) -> Vec<Conflict> {
    let conflict = |m: &ConcurrentPair| {
        let (x, y) = (history.entry(m.a).id, history.entry(m.b).id);
        let resolved = now.resolved.iter().find(|(i, j, _)| (*i, *j) == (m.a, m.b));
        let row = history.rules.row(m.row);
        Conflict {
            rule: row.id.clone(),
            class: Some(row.class),
            one: x.min(y),
            other: x.max(y),
            resolved_by: resolved.map(|(_, _, by)| history.entry(*by).id),
        }
    };
    let mut conflicts: Vec<_> = now.conflicts.iter().map(conflict).collect();
    conflicts.sort_by(|x, y| (x.one, x.other, &x.rule).cmp(&(y.one, y.other, &y.rule)));
    conflicts.dedup_by_key(|c| (c.one, c.other));
    conflicts
}

/// Pairs that a rule decided, and photos that are concurrent with a closing, which a reviewer should examine (C-11).
fn notices(history: &History<'_>, now: &HazardFrontier, verdicts: &[Verdict]) -> Vec<Notice> {
    let notice = |rule: &str, a: usize, b: usize| {
        let (x, y) = (history.entry(a).id, history.entry(b).id);
        Notice {
            rule: rule.to_owned(),
            one: x.min(y),
            other: x.max(y),
        }
    };
    let decided = now.notices.iter();
    let mut notices: Vec<_> = decided
        .map(|m| notice(&history.rules.row(m.row).id, m.a, m.b))
        .collect();
    for close in now
        .states()
        .filter(|m| matches!(history.body(m.at), EventBody::Close(_)))
    {
        for at in effective(verdicts) {
            let photo = matches!(history.body(at), EventBody::AddPhoto(_));
            if photo && history.is_concurrent(at, close.at) {
                notices.push(notice("C-11", at, close.at));
            }
        }
    }
    notices.sort_by(|x, y| (x.one, x.other, &x.rule).cmp(&(y.one, y.other, &y.rule)));
    notices.dedup();
    notices
}
