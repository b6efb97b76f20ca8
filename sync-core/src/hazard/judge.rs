//! The verdict on one event, decided from its author's causal history.

use super::{
    frontier::HazardFrontier,
    guard::{self, Situation},
    member::{Member, STATE},
    values,
};
use crate::{
    catalogue::{FieldName, Guard, Outcome, PairResult, StateCode, Transition},
    history::{Lanes, Step, Verdict, VoidReason, authority},
    record::{EventBody, Grant},
};

/// The verdict on an event, and the frontier after it.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) frontier: HazardFrontier,
}

pub(super) fn judge(s: &Situation<'_, '_>, frontier: HazardFrontier) -> Judgement {
    if matches!(s.body(), EventBody::Unknown { .. }) {
        let verdict = match authority(s.history, s.at, s.area) {
            Err(reason) => Verdict::Void { reason },
            Ok(_) => Verdict::Unknown,
        };
        return Judgement { verdict, frontier };
    }
    let decided = authority(s.history, s.at, s.area).and_then(|grant| choose(s, grant, &frontier));
    match decided {
        Ok(Choice::Begin) => begin(s),
        Ok(Choice::Take(transition, from)) => follow(s, transition, frontier, from),
        Err(reason) => Judgement {
            verdict: Verdict::Void { reason },
            frontier,
        },
    }
}

/// The transition that an event takes.
enum Choice<'t> {
    Begin,
    Take(&'t Transition, StateCode),
}

/// The first transition that matches event, state, role and guards; otherwise the reason why the event is void.
fn choose<'t>(
    s: &Situation<'_, 't>,
    grant: &Grant,
    frontier: &HazardFrontier,
) -> Result<Choice<'t>, VoidReason> {
    let rules = s.history.rules;
    let Some(from) = frontier.effective_state(s.history) else {
        return if s.body().name() != rules.first.event {
            Err(VoidReason::IllegalFromState)
        } else if rules.first.roles.contains(grant.role) {
            Ok(Choice::Begin)
        } else {
            Err(VoidReason::RoleMayNot)
        };
    };
    let variant = s.body().variant();
    let mut why = VoidReason::IllegalFromState;
    for row in rules.transitions_of(s.body().number()) {
        if !row.fits(variant) {
            continue;
        }
        if !rules.starts_from(row, from) {
            if row.guards.contains(&Guard::NoOpenConflict) && frontier.is_contested(s.history) {
                why = VoidReason::ConflictOpen;
            }
            continue;
        }
        if !row.roles.contains(grant.role) {
            if why == VoidReason::IllegalFromState {
                why = VoidReason::RoleMayNot;
            }
            continue;
        }
        let broken = row
            .guards
            .iter()
            .find_map(|guard| guard::check(*guard, s, grant, frontier).err());
        match broken {
            None => return Ok(Choice::Take(row, from)),
            Some(reason) => why = reason,
        }
    }
    Err(why)
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

fn begin(s: &Situation<'_, '_>) -> Judgement {
    let first = &s.history.rules.first;
    let member = Member {
        at: s.at,
        state: first.to,
        from: first.to,
        cycle: 1,
        sighting: false,
        lanes: STATE | s.history.rules.fields_of_first(),
    };
    Judgement {
        verdict: accepted(&first.id, StateCode::NONE, first.to),
        frontier: HazardFrontier {
            members: vec![member],
            ..HazardFrontier::default()
        },
    }
}

fn follow(
    s: &Situation<'_, '_>,
    t: &Transition,
    mut frontier: HazardFrontier,
    from: StateCode,
) -> Judgement {
    if t.proposal {
        let verdict = Verdict::Proposed {
            transition: t.id.clone(),
        };
        return Judgement { verdict, frontier };
    }
    let mut lanes = s.history.rules.fields_of(s.body().number()) & values::set_by(s.body());
    if t.new_cycle {
        // A new cycle supersedes the deadline, the responsible organisation and the transfers of the earlier one.
        lanes |=
            FieldName::Deadline.bit() | FieldName::Responsible.bit() | FieldName::Transfer.bit();
    }
    let mut cycle = frontier.stated_cycle() + u16::from(t.new_cycle);
    let to = match &t.to {
        Outcome::State(state) => {
            lanes |= STATE;
            *state
        }
        Outcome::Word(word) if word == "held" => {
            let decision = resolve(s, &mut frontier, from);
            lanes = decision.lanes;
            cycle += decision.more_cycles;
            decision.state
        }
        Outcome::Word(word) if word == "previous" => {
            lanes |= STATE;
            frontier.states().map(|m| m.from).next().unwrap_or(from)
        }
        Outcome::Word(_) if t.sighting => {
            lanes |= STATE;
            from
        }
        Outcome::Word(_) if lanes == 0 => {
            return Judgement {
                verdict: Verdict::Added,
                frontier,
            };
        }
        Outcome::Word(_) => from,
    };
    let member = Member {
        at: s.at,
        state: to,
        from,
        cycle,
        sighting: t.sighting,
        lanes,
    };
    if lanes != 0 {
        frontier.add(s.history, member);
    }
    Judgement {
        verdict: accepted(&t.id, from, if lanes & STATE == 0 { from } else { to }),
        frontier,
    }
}

/// The decision of a resolution.
struct Decision {
    state: StateCode,
    lanes: Lanes,
    more_cycles: u16,
}

/// Ends the open conflicts that a resolution names. The state is the most open one that the events declared to hold
/// lead to, or else the most open one before the named events.
fn resolve(s: &Situation<'_, '_>, frontier: &mut HazardFrontier, from: StateCode) -> Decision {
    let nothing = Decision {
        state: from,
        lanes: 0,
        more_cycles: 0,
    };
    let EventBody::Resolve(resolution) = s.body() else {
        return nothing;
    };
    let rules = s.history.rules;
    let named = |at: usize| resolution.resolves.contains(&s.history.entry(at).id);
    let held = |at: usize| {
        let id = s.history.entry(at).id;
        resolution.holds == id || resolution.also_hold.contains(&id)
    };
    let ended: Vec<_> = frontier
        .open_conflicts()
        .filter(|m| named(m.a) && named(m.b))
        .copied()
        .collect();
    let mut decision = nothing;
    let (mut states, mut before) = (Vec::new(), Vec::new());
    for member in frontier.members.iter().filter(|m| named(m.at)) {
        decision.lanes |= member.lanes;
        if member.is_state() {
            before.push(member.from);
            if held(member.at) {
                states.push(member.state);
            }
        }
    }
    for pair in &ended {
        let row = rules.row(pair.row);
        let second_holds =
            |at: usize| held(at) && s.history.body(at).name() == row.b && row.a != row.b;
        if [pair.a, pair.b].into_iter().any(second_holds) {
            if let PairResult::State(state) = row.result {
                states.push(state);
            }
            decision.more_cycles |= u16::from(row.recurs);
        }
        frontier.resolved.push((pair.a, pair.b, s.at));
    }
    frontier.resolved.sort_unstable();
    let most_open = |states: Vec<StateCode>| {
        let key = |s: &StateCode| (rules.rank(*s), std::cmp::Reverse(*s));
        states.into_iter().max_by_key(key)
    };
    decision.state = most_open(states).or(most_open(before)).unwrap_or(from);
    decision
}
