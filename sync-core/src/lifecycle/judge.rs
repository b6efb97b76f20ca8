//! Judging one event by what its author knew.

use super::{
    guard::{self, Situation},
    state::{Verdict, VoidReason},
    view::{Member, View},
};
use crate::{
    catalogue::{Guard, Outcome, StateCode, Transition},
    record::{EventBody, Grant},
};

/// The verdict, and what holds after the event.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) view: View,
}

/// The grant the event was made under, if it fits author, phone, place and time.
pub(super) fn authority<'g>(s: &Situation<'_, 'g>) -> Result<&'g Grant, VoidReason> {
    let event = &s.ordered.events[s.at].event;
    let grant = s.grant.ok_or(VoidReason::GrantUnknown)?;
    if grant.person != event.author || grant.device != event.device {
        return Err(VoidReason::GrantNotTheirs);
    }
    if !grant.is_valid_at(event.claimed) {
        return Err(VoidReason::GrantOtherTime);
    }
    let place = match (&event.body, s.area) {
        (_, Some(area)) => Some(area),
        (EventBody::Observe(observation), None) => Some(&observation.area),
        _ => None,
    };
    if place.is_some_and(|area| !grant.area.covers(area)) {
        return Err(VoidReason::GrantOtherArea);
    }
    Ok(grant)
}

pub(super) fn judge(s: &Situation<'_, '_>, view: View) -> Judgement {
    if matches!(s.body(), EventBody::Unknown { .. }) {
        return Judgement {
            verdict: Verdict::Unknown,
            view,
        };
    }
    match authority(s).and_then(|grant| decide(s, grant, &view)) {
        Ok((verdict, view)) => Judgement { verdict, view },
        Err(reason) => Judgement {
            verdict: Verdict::Void { reason },
            view,
        },
    }
}

fn decide(
    s: &Situation<'_, '_>,
    grant: &Grant,
    view: &View,
) -> Result<(Verdict, View), VoidReason> {
    let rules = s.rules;
    let Some(from) = view.effective(rules, s.ordered) else {
        return begin(s, grant, view);
    };
    let name = s.body().name();
    let named = || {
        rules
            .transitions
            .iter()
            .filter(move |t| t.event == name && applies(t, s.body()))
    };
    let Some(transition) = named().find(|t| rules.starts_from(t, from)) else {
        let blocked = named().any(|t| t.guards.contains(&Guard::NoOpenConflict));
        let conflict = blocked && !view.open_conflicts().is_empty();
        return Err(if conflict {
            VoidReason::ConflictOpen
        } else {
            VoidReason::IllegalFromState
        });
    };
    if !transition.roles.contains(grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    for guard in &transition.guards {
        guard::check(*guard, s, grant, view)?;
    }
    Ok(follow(s, transition, view, from))
}

fn applies(transition: &Transition, body: &EventBody) -> bool {
    match (&transition.when, body) {
        (Some(when), EventBody::Dissuade(d)) => d.result.name() == when,
        (when, _) => when.is_none(),
    }
}

fn begin(s: &Situation<'_, '_>, grant: &Grant, view: &View) -> Result<(Verdict, View), VoidReason> {
    let first = &s.rules.first;
    if s.body().name() != first.event {
        return Err(VoidReason::IllegalFromState);
    }
    if !first.roles.contains(grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    let mut next = view.clone();
    next.members = [Member {
        at: s.at,
        state: first.to,
        from: first.to,
        cycle: 1,
        sighting: false,
    }]
    .into();
    let verdict = Verdict::Accepted {
        transition: first.id.clone(),
        from: StateCode(0),
        to: first.to,
    };
    Ok((verdict, next))
}

fn follow(s: &Situation<'_, '_>, t: &Transition, view: &View, from: StateCode) -> (Verdict, View) {
    let mut next = view.clone();
    let to = match &t.to {
        Outcome::State(state) => *state,
        Outcome::Word(word) if word == "held" => resolve(s, &mut next, from),
        Outcome::Word(_) if !t.sighting => return (Verdict::Added, next),
        Outcome::Word(_) => from,
    };
    let cycle = view.cycle() + u16::from(t.new_cycle);
    if !t.sighting {
        next.members.clear();
    }
    let kind = s.body().number();
    let same = |m: &Member| s.ordered.events[m.at].event.body.number() == kind;
    next.members.retain(|m| !(m.sighting && same(m)));
    next.members.insert(Member {
        at: s.at,
        state: to,
        from,
        cycle,
        sighting: t.sighting,
    });
    (
        Verdict::Accepted {
            transition: t.id.clone(),
            from,
            to,
        },
        next,
    )
}

/// Ends the conflicts that a resolution names; returns the state of the event that holds.
fn resolve(s: &Situation<'_, '_>, view: &mut View, from: StateCode) -> StateCode {
    let EventBody::Resolve(resolution) = s.body() else {
        return from;
    };
    let named = |at: usize| resolution.resolves.contains(&s.ordered.events[at].id);
    for (a, b) in view.open_conflicts() {
        if named(a) && named(b) {
            view.resolved.insert((a, b, s.at));
        }
    }
    let held = view
        .members
        .iter()
        .find(|m| s.ordered.events[m.at].id == resolution.holds);
    held.map_or(from, |m| m.state)
}
