//! The verdict on one event, decided from its author's causal history; see `docs/rules.md`, 3.

use super::{
    effect::{self, Effect},
    guard::{self, Situation},
    known::{Before, Known, World},
    rounds,
    settle::{self, Settled},
    steps,
    taken::Taken,
    values,
    view::{Knew, View},
};
use crate::{
    catalogue::{EventClass, Guard, Outcome, StateCode, Transition},
    history::{Step, Verdict, VoidReason, entitled},
    record::{EventBody, Grant},
};

/// The verdict on an event, and what it takes if it is accepted.
pub(super) struct Judgement<'t> {
    pub(super) verdict: Verdict,
    pub(super) taken: Option<Taken<'t>>,
    /// What its author knew if receipts order every pair that they could order.
    pub(super) ordered: Before,
}

fn untaken<'t>(verdict: Verdict, ordered: Before) -> Judgement<'t> {
    Judgement {
        verdict,
        taken: None,
        ordered,
    }
}

fn void<'t>(reason: VoidReason, ordered: Before) -> Judgement<'t> {
    untaken(Verdict::Void { reason }, ordered)
}

/// Judges the next event in causal order, given what its author knew.
pub(super) fn judge<'a>(known: &Known<'_, 'a>, at: usize, knew: &Knew) -> Judgement<'a> {
    let (view, ordered) = (&knew.contested, knew.ordered.as_ref());
    let area = known.area_before(at);
    let before = ordered.unwrap_or(view).summary();
    let grant = match entitled(known.history, at, area) {
        Ok(grant) => grant,
        Err(reason) => return void(reason, before),
    };
    if matches!(known.history.body(at), EventBody::Unknown { .. }) {
        return untaken(Verdict::Unknown, before);
    }
    if view.state == StateCode::NONE {
        return begin(known, at, grant);
    }
    match choose(known, at, grant, view, ordered) {
        Ok((row, from)) => take(known, at, grant, row, from, view, before),
        Err(reason) => void(reason, before),
    }
}

/// The first transition that matches event, state, role and guards; otherwise the reason why the event is void.
fn choose<'a>(
    known: &Known<'_, 'a>,
    at: usize,
    grant: &Grant,
    view: &View,
    ordered: Option<&View>,
) -> Result<(&'a Transition, StateCode), VoidReason> {
    let rules = known.history.rules;
    let body = known.history.body(at);
    let variant = body.variant();
    // Orders that form a circle leave no state.
    let ordered = ordered.filter(|ordered| ordered.state != StateCode::NONE);
    let (mut is_blocked, mut role_failed, mut guard_failed) = (false, false, None);
    for row in rules.transitions_of(body.number()) {
        if !row.fits(variant) {
            continue;
        }
        for knew in [Some(view), ordered].into_iter().flatten() {
            match fits(known, at, grant, row, [knew, view]) {
                Ok(()) => return Ok((row, knew.state)),
                // The author is referred to the conflict, because it decides the state too.
                Err(Misfit::State) => {
                    is_blocked |= row.guards.contains(&Guard::NoOpenConflict)
                        && row.roles.contains(grant.role)
                        && knew.is_contested();
                }
                Err(Misfit::Role) => role_failed = true,
                Err(Misfit::Guard(VoidReason::ConflictOpen)) => is_blocked = true,
                Err(Misfit::Guard(reason)) => guard_failed = Some(reason),
            }
        }
    }
    Err(match guard_failed {
        _ if is_blocked => VoidReason::ConflictOpen,
        Some(reason) => reason,
        None if role_failed => VoidReason::RoleMayNot,
        None => VoidReason::IllegalFromState,
    })
}

/// Why a transition does not fit.
enum Misfit {
    State,
    Role,
    Guard(VoidReason),
}

fn fits(
    known: &Known<'_, '_>,
    at: usize,
    grant: &Grant,
    row: &Transition,
    [view, contested]: [&View; 2],
) -> Result<(), Misfit> {
    if !known.history.rules.starts_from(row, view.state) {
        return Err(Misfit::State);
    }
    if !row.roles.contains(grant.role) {
        return Err(Misfit::Role);
    }
    let situation = Situation {
        at,
        known,
        grant,
        view,
        contested,
    };
    let broken = row
        .guards
        .iter()
        .find_map(|guard| guard::check(*guard, &situation).err());
    broken.map_or(Ok(()), |reason| Err(Misfit::Guard(reason)))
}

fn accepted(transition: &str, from: StateCode, to: StateCode) -> Verdict {
    let transition = transition.to_owned();
    Verdict::Accepted {
        step: Some(Step {
            transition,
            from,
            to,
        }),
    }
}

/// An event that states the beginning of the hazard.
fn begin<'a>(known: &Known<'_, 'a>, at: usize, grant: &Grant) -> Judgement<'a> {
    let rules = known.history.rules;
    let (first, body) = (&rules.first, known.history.body(at));
    let before = Before {
        state: StateCode::NONE,
        round: 1,
    };
    if body.name() != first.event {
        return void(VoidReason::IllegalFromState, before);
    }
    if !first.roles.contains(grant.role) {
        return void(VoidReason::RoleMayNot, before);
    }
    let class = EventClass::of(body);
    let taken = Taken {
        row: None,
        class,
        to: Some(first.to),
        round: 1,
        opens: false,
        rows: rules.rows_of(body, class),
        effect: effect::of(known.history, &known.verdicts, at, None),
        lanes: rules.fields_of_first(),
        replaces: 0,
        settles: Vec::new(),
        picks: Vec::new(),
        confirms: Vec::new(),
        transfers: Vec::new(),
    };
    Judgement {
        verdict: accepted(&first.id, StateCode::NONE, first.to),
        taken: Some(taken),
        ordered: before,
    }
}

/// An event that takes a transition.
fn take<'a>(
    known: &Known<'_, 'a>,
    at: usize,
    grant: &Grant,
    row: &'a Transition,
    from: StateCode,
    view: &View,
    ordered: Before,
) -> Judgement<'a> {
    let (history, rules) = (known.history, known.history.rules);
    let body = history.body(at);
    if row.proposal {
        let transition = row.id.clone();
        return untaken(Verdict::Proposed { transition }, ordered);
    }
    let class = EventClass::of(body);
    let settled = match body {
        EventBody::Resolve(r) => settle::by_resolution(known, at, r, grant, view),
        _ => Settled {
            settles: settle::by_answer(known, at, grant, view),
            ..Settled::default()
        },
    };
    let mut lanes = rules.fields_of(body.number()) & values::set_by(body);
    for pick in &settled.picks {
        lanes |= pick.lane;
    }
    let extends = match body {
        EventBody::ExtendDeadline(_) => values::earliest_deadline(known, view),
        _ => None,
    };
    let to = match row.to {
        Outcome::State(state) => Some(state),
        Outcome::Word(_) => None,
    };
    let decides = to.is_some() || lanes != 0 || !settled.settles.is_empty();
    if matches!(body, EventBody::Observe(_)) {
        // If no earlier observation has an effect, this one states the fields of the beginning.
        lanes |= rules.fields_of_first();
    }
    let effect = effect::of(history, &known.verdicts, at, extends);
    let effect = if is_late_correction(known, at, row) {
        effect.max(Effect::Proposed)
    } else {
        effect
    };
    let taken = Taken {
        row: Some(row),
        class,
        to,
        round: round(known, at, class, view),
        opens: row.new_cycle,
        rows: rules.rows_of(body, class),
        effect,
        lanes,
        replaces: values::replaceable(known, at, view),
        settles: settled.settles,
        picks: settled.picks,
        confirms: settled.confirms,
        transfers: match body {
            EventBody::TransferAccept(_) | EventBody::TransferWithdraw(_) => {
                steps::concerned(known, at, view)
            }
            _ => Vec::new(),
        },
    };
    let verdict = if decides || matches!(body, EventBody::Unmerge(_)) || row.sighting {
        accepted(&row.id, from, to.unwrap_or(from))
    } else {
        Verdict::Added
    };
    Judgement {
        verdict,
        taken: Some(taken),
        ordered,
    }
}

/// The own round of an event, as its author knew: that of its causal history, or the one that it opens.
fn round(known: &Known<'_, '_>, at: usize, class: EventClass, view: &View) -> u16 {
    if class != EventClass::Finding || !rounds::is_ended(view.state) {
        return view.round;
    }
    let contest = view.contest.as_ref();
    let last = rounds::last_round(known, World::Contested, at, |ending| {
        contest.is_none_or(|contest| contest.counted.has(ending))
    });
    last.map_or(view.round, |last| last + 1)
}

/// Whether a finder's own correction was provably made after the window for it: it is then a proposal.
fn is_late_correction(known: &Known<'_, '_>, at: usize, row: &Transition) -> bool {
    if !row.guards.contains(&Guard::ReporterSoon) {
        return false;
    }
    let own = known
        .ancestors(at)
        .iter()
        .filter(|seen| {
            known.taken[*seen].is_some()
                && known.same_person(*seen, at)
                && matches!(known.history.body(*seen), EventBody::Observe(_))
        })
        .collect::<Vec<usize>>();
    !own.is_empty()
        && own
            .iter()
            .all(|seen| effect::after_own_window(known.history, at, *seen))
}
