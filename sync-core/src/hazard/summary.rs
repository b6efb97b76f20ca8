//! The state of a hazard, summarised from its judged events.

use super::{
    assessment::Assessment,
    cards::{self, Card},
    dispute::{Fate, Fated},
    effect::Effect,
    guard,
    known::{Known, World},
    notices::Decided,
    state::{Conflict, ConflictFate, Flags, HazardState, Notice},
    values::{self, Values},
};
use crate::{
    catalogue::{EventClass, Grade},
    history::{History, JudgedEvent, Positions, Redacted, Validity, Verdict, is_late},
    record::{DAY_MS, DeviceTime, EventBody, EventId, MINUTE_MS, PhotoSource},
};

/// The most objections, decisions or settlements that are listed of a conflict: the first ones in causal order. To
/// settle the conflict, a resolution names the objection and one decision.
const MOST_SHOWN: usize = 100;

/// What the judged events amount to.
pub(super) struct Amounts {
    pub(super) now: Assessment,
    /// Checks and endings that are not legal in what their author knew, with effects and receipts.
    pub(super) baseless: Positions,
    /// Pairs that a rule decided.
    pub(super) notices: Vec<Decided>,
}

/// The state of the judged events.
pub(super) fn summarise(known: &Known<'_, '_>, amounts: &Amounts) -> HazardState {
    let history = known.history;
    let (now, baseless) = (&amounts.now, &amounts.baseless);
    let cards = cards::open(known);
    let values = values::values(known, now, &cards);
    let code = values.code.first().map(|v| v.value.clone());
    let grade = values.grade.iter().map(|v| v.value).max();
    let grade = grade.or_else(|| code.as_ref().and_then(|code| known.default_grade(code)));
    let counts = counts(known, now, baseless);
    let effective = || live(known);
    let proposals = proposals(known);
    let redacted = Redacted::of(effective().map(|at| history.body(at)));
    let flags = flags(known, amounts, &values, grade, &counts);
    let observations = effective().filter(|at| matches!(history.body(*at), EventBody::Observe(_)));
    let claimed = |at: usize| possible(history, at);
    HazardState {
        state: now.state,
        cycle: now.round,
        grade,
        code,
        area: known.first().map(|o| o.area.clone()),
        found_at: observations
            .clone()
            .map(claimed)
            .min()
            .unwrap_or(DeviceTime(0)),
        edition: known.found_under().unwrap_or_default(),
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
        conflicts: conflicts(known, now, &cards),
        notices: notices(known, amounts),
        proposals,
        redacted,
        observation_count: observations.count().try_into().unwrap_or(u32::MAX),
        history: (0..history.len())
            .map(|at| JudgedEvent {
                id: history.entry(at).id,
                verdict: verdict(known, at),
                count: counts[at],
            })
            .collect(),
    }
}

/// The events that have an effect.
fn live<'k>(known: &'k Known<'_, '_>) -> impl Iterator<Item = usize> + Clone + 'k {
    (0..known.history.len()).filter(|at| known.is_live(*at, World::Effective))
}

/// The verdict on an event. A correction that was provably made after the window for it is a proposal.
fn verdict(known: &Known<'_, '_>, at: usize) -> Verdict {
    match &known.taken[at] {
        Some(taken) if taken.effect == Effect::Proposed => Verdict::Proposed {
            transition: taken.row.map_or_else(String::new, |row| row.id.clone()),
        },
        _ => known.verdicts[at].clone(),
    }
}

/// The settlements in force; of an open conflict, those that differ.
fn settled_by(fated: &Fated) -> Positions {
    match fated.fate {
        Fate::Open => fated.settlements.all(),
        _ => fated.in_force(),
    }
}

/// Whether each event counts.
fn counts(known: &Known<'_, '_>, now: &Assessment, baseless: &Positions) -> Vec<Validity> {
    let mut overruled = Positions::new(known.history.len());
    for fated in now.conflicts().filter(|c| c.fate == Fate::Overruled) {
        let objections = fated.conflict.objections.iter();
        objections.for_each(|at| overruled.insert(*at));
    }
    let count = |at: usize| {
        let Some(taken) = &known.taken[at] else {
            return Validity::Yes;
        };
        if baseless.has(at) {
            Validity::WithoutBasis
        } else if now.rejected.has(at) {
            Validity::Rejected
        } else if now.suspended.has(at) {
            Validity::Suspended
        } else if taken.effect == Effect::None {
            Validity::NoEffect
        } else if taken.effect == Effect::Pending {
            if known.is_live(at, World::Effective) {
                Validity::Pending
            } else {
                Validity::Waiting
            }
        } else if overruled.has(at) {
            Validity::Overruled
        } else {
            Validity::Yes
        }
    };
    (0..known.history.len()).map(count).collect()
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
    known: &Known<'_, '_>,
    amounts: &Amounts,
    values: &Values,
    grade: Option<Grade>,
    counts: &[Validity],
) -> Flags {
    let history = known.history;
    let now = &amounts.now;
    let bodies = || live(known).map(|at| history.body(at));
    let ending = |at: &usize| {
        known.taken[*at]
            .as_ref()
            .is_some_and(|taken| taken.class == EventClass::Ending)
    };
    let endings = |count: Validity| {
        (0..history.len())
            .filter(ending)
            .any(|at| counts[at] == count)
    };
    let rules = history.rules;
    let mut photos = bodies().flat_map(EventBody::photos).peekable();
    let weak = photos.peek().is_none() || photos.any(|p| p.source != PhotoSource::InApp);
    let shown = |which: fn(&EventBody) -> bool| bodies().filter(move |b| which(b));
    Flags {
        conflict_open: now.is_contested(),
        ending_suspended: endings(Validity::Suspended),
        close_again: rules.is_open(now.state) && endings(Validity::Rejected),
        major_suspected: grade >= Some(Grade::G3Suspected),
        evidence_weak: weak,
        unknown_events: known.verdicts.contains(&Verdict::Unknown),
        reopened: now.round > 1,
        penalised: !values.penalties.is_empty(),
        listed_supervision: bodies().any(|b| matches!(b, EventBody::GovDecision(d) if d.listed)),
        interim_measures_missing: live(known).any(|at| unguarded(history, at)),
        time_untrusted: time_untrusted(known),
        ordered_by_time: amounts
            .notices
            .iter()
            .any(|(row, ..)| ["C-05", "C-TIME"].contains(&rules.concurrent[*row].id.as_str())),
        evidence_repeated: guard::repeated(shown(guard::shows_hazard), shown(guard::shows_fixed)),
        authority_late: live(known).any(|at| is_late(history, at)),
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
fn time_untrusted(known: &Known<'_, '_>) -> bool {
    let history = known.history;
    let skew = i64::from(history.rules.bounds.clock_skew_minutes) * MINUTE_MS;
    live(known).any(|at| {
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
fn proposals(known: &Known<'_, '_>) -> Vec<EventId> {
    let history = known.history;
    let decided = |at: usize| {
        let kind = history.body(at).number();
        live(known)
            .any(|later| history.body(later).number() == kind && history.happened_before(at, later))
    };
    (0..history.len())
        .filter(|at| matches!(verdict(known, *at), Verdict::Proposed { .. }) && !decided(*at))
        .map(|at| history.entry(at).id)
        .collect()
}

fn conflicts(known: &Known<'_, '_>, now: &Assessment, cards: &[Card]) -> Vec<Conflict> {
    let rules = &known.history.rules.concurrent;
    let id = |at: usize| known.history.entry(at).id;
    let ids = |of: &mut dyn Iterator<Item = usize>| {
        let mut ids: Vec<EventId> = of.take(MOST_SHOWN).map(id).collect();
        ids.sort_unstable();
        ids
    };
    let conflict = |fated: &Fated| {
        let rows = (0..rules.len()).filter(|row| fated.conflict.rows >> row & 1 == 1);
        let mut names: Vec<String> = rows.map(|row| rules[row].id.clone()).collect();
        names.dedup();
        Conflict {
            rules: names,
            objections: ids(&mut fated.conflict.objections.iter().copied()),
            decisions: ids(&mut fated.conflict.decisions.iter()),
            fate: match fated.fate {
                Fate::Open => ConflictFate::Open,
                Fate::Held => ConflictFate::Held,
                Fate::Overruled => ConflictFate::Overruled,
            },
            settled_by: ids(&mut settled_by(fated).iter()),
            is_card: false,
        }
    };
    let card = |card: &Card| Conflict {
        rules: vec![rules[card.row].id.clone()],
        objections: Vec::new(),
        decisions: ids(&mut card.events.iter().copied()),
        fate: ConflictFate::Open,
        settled_by: Vec::new(),
        is_card: true,
    };
    let mut conflicts: Vec<_> = now.conflicts().map(conflict).collect();
    conflicts.extend(cards.iter().map(card));
    conflicts.sort();
    conflicts
}

/// Pairs that a rule decided, and photos that are concurrent with a closing, which a reviewer should examine (C-11).
fn notices(known: &Known<'_, '_>, amounts: &Amounts) -> Vec<Notice> {
    let history = known.history;
    let notice = |rule: &str, a: usize, b: usize| {
        let (x, y) = (history.entry(a).id, history.entry(b).id);
        Notice {
            rule: rule.to_owned(),
            one: x.min(y),
            other: x.max(y),
        }
    };
    let mut notices: Vec<_> = amounts
        .notices
        .iter()
        .map(|(row, a, b)| notice(&history.rules.concurrent[*row].id, *a, *b))
        .collect();
    let closes = amounts
        .now
        .maximal
        .iter()
        .filter(|at| matches!(history.body(**at), EventBody::Close(_)));
    for close in closes {
        for at in live(known) {
            let photo = matches!(history.body(at), EventBody::AddPhoto(_));
            if photo && history.is_concurrent(at, *close) {
                notices.push(notice("C-11", at, *close));
            }
        }
    }
    notices.sort_by(|x, y| (x.one, x.other, &x.rule).cmp(&(y.one, y.other, &y.rule)));
    notices.dedup();
    notices
}
