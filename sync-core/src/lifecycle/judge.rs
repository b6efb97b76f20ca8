//! Judging one event by what its author knew.

use super::{
    case::Case,
    guard::{self, Situation},
    reason::VoidReason,
    state::Verdict,
    values,
    view::{Member, STATE, View},
};
use crate::{
    catalogue::{FieldName, Guard, Outcome, PairResult, StateCode, Transition},
    record::{AreaPath, EventBody, Grant, ServerTime},
};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// The verdict, and what holds after the event.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) view: View,
}

/// The grant the event was made under, if it fits author, phone, place and time.
pub(crate) fn authority<'g>(
    case: &Case<'g>,
    at: usize,
    area: Option<&AreaPath>,
) -> Result<&'g Grant, VoidReason> {
    if case.unattested[at] {
        return Err(VoidReason::Unattested);
    }
    let event = &case.stated(at).event;
    let grant = case.grants[at].ok_or(VoidReason::GrantUnknown)?;
    if grant.person != event.author || grant.device != event.device {
        return Err(VoidReason::GrantNotTheirs);
    }
    // A clock that is behind voids nothing: only the server's receipt proves that an event is older than its grant.
    if case.times[at].upper.is_some_and(|upper| upper < grant.from) {
        return Err(VoidReason::GrantOtherTime);
    }
    if let Some(until) = grant.until {
        // Claimed within the grant or its grace, and not provably made after both.
        let grace = i64::from(case.rules.bounds.grant_grace_hours) * HOUR_MS;
        let end = until.0.saturating_add(grace);
        let provably_late = case.times[at].lower.is_some_and(|lower| lower.0 >= end);
        if event.claimed.0 >= end || provably_late {
            return Err(VoidReason::GrantOtherTime);
        }
    }
    if let Some(revoked) = case.revoked[at] {
        let provably_before = case.times[at].upper.is_some_and(|upper| upper <= revoked);
        if !provably_before {
            return Err(VoidReason::DeviceRevoked);
        }
    }
    let place = match (&event.body, area) {
        (_, Some(area)) => Some(area),
        (body, None) => body.begins_in(),
    };
    if place.is_some_and(|area| !grant.area.covers(area)) {
        return Err(VoidReason::GrantOtherArea);
    }
    Ok(grant)
}

/// Whether an accepted event stands on a grant that had ended or on a phone that was revoked later.
pub(super) fn is_late(case: &Case<'_>, at: usize) -> bool {
    let claimed = ServerTime(case.stated(at).event.claimed.0);
    let ended = case.grants[at]
        .and_then(|g| g.until)
        .is_some_and(|until| claimed >= until);
    ended || case.revoked[at].is_some()
}

pub(super) fn judge(s: &Situation<'_, '_>, view: View) -> Judgement {
    if matches!(s.body(), EventBody::Unknown { .. }) {
        let verdict = match authority(s.case, s.at, s.area) {
            Err(reason) => Verdict::Void { reason },
            Ok(_) => Verdict::Unknown,
        };
        return Judgement { verdict, view };
    }
    let decided = authority(s.case, s.at, s.area).and_then(|grant| choose(s, grant, &view));
    match decided {
        Ok(Choice::Begin) => begin(s),
        Ok(Choice::Take(transition, from)) => follow(s, transition, view, from),
        Err(reason) => Judgement {
            verdict: Verdict::Void { reason },
            view,
        },
    }
}

/// What an event does, if it does anything.
enum Choice<'t> {
    Begin,
    Take(&'t Transition, StateCode),
}

/// The first row that fits event, state, role and conditions.
fn choose<'t>(s: &Situation<'_, 't>, grant: &Grant, view: &View) -> Result<Choice<'t>, VoidReason> {
    let rules = s.case.rules;
    let Some(from) = view.effective(s.case) else {
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
            if row.guards.contains(&Guard::NoOpenConflict) && view.is_contested(s.case) {
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
            .find_map(|guard| guard::check(*guard, s, grant, view).err());
        match broken {
            None => return Ok(Choice::Take(row, from)),
            Some(reason) => why = reason,
        }
    }
    Err(why)
}

fn begin(s: &Situation<'_, '_>) -> Judgement {
    let first = &s.case.rules.first;
    let member = Member {
        at: s.at,
        state: first.to,
        from: first.to,
        cycle: 1,
        sighting: false,
        lanes: STATE | s.case.rules.fields_of_first(),
    };
    Judgement {
        verdict: Verdict::Accepted {
            transition: first.id.clone(),
            from: StateCode(0),
            to: first.to,
        },
        view: View {
            members: vec![member],
            ..View::default()
        },
    }
}

fn follow(s: &Situation<'_, '_>, t: &Transition, mut view: View, from: StateCode) -> Judgement {
    if t.proposal {
        let verdict = Verdict::Proposed {
            transition: t.id.clone(),
        };
        return Judgement { verdict, view };
    }
    let mut lanes = s.case.rules.fields_of(s.body().number()) & values::set_by(s.body());
    if t.new_cycle {
        // What was ordered in an earlier round is over.
        lanes |=
            FieldName::Deadline.bit() | FieldName::Responsible.bit() | FieldName::Transfer.bit();
    }
    let mut cycle = view.round() + u16::from(t.new_cycle);
    let to = match &t.to {
        Outcome::State(state) => {
            lanes |= STATE;
            *state
        }
        Outcome::Word(word) if word == "held" => {
            let decision = resolve(s, &mut view, from);
            lanes = decision.lanes;
            cycle += decision.more_cycles;
            decision.state
        }
        Outcome::Word(word) if word == "previous" => {
            lanes |= STATE;
            view.states().map(|m| m.from).next().unwrap_or(from)
        }
        Outcome::Word(_) if t.sighting => {
            lanes |= STATE;
            from
        }
        Outcome::Word(_) if lanes == 0 => {
            return Judgement {
                verdict: Verdict::Added,
                view,
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
        view.members.push(member);
        view.members = View::left(s.case, &view.members);
    }
    Judgement {
        verdict: Verdict::Accepted {
            transition: t.id.clone(),
            from,
            to: if lanes & STATE == 0 { from } else { to },
        },
        view,
    }
}

/// What a resolution decides.
struct Decision {
    state: StateCode,
    lanes: u16,
    more_cycles: u16,
}

/// Ends the conflicts that a resolution names; what holds is the state and the values of the events that hold.
fn resolve(s: &Situation<'_, '_>, view: &mut View, from: StateCode) -> Decision {
    let nothing = Decision {
        state: from,
        lanes: 0,
        more_cycles: 0,
    };
    let EventBody::Resolve(resolution) = s.body() else {
        return nothing;
    };
    let rules = s.case.rules;
    let named = |at: usize| resolution.resolves.contains(&s.case.stated(at).id);
    let held = |at: usize| {
        let id = s.case.stated(at).id;
        resolution.holds == id || resolution.also_hold.contains(&id)
    };
    let ended: Vec<_> = view
        .open_conflicts()
        .filter(|m| named(m.a) && named(m.b))
        .copied()
        .collect();
    let mut decision = nothing;
    let (mut states, mut before) = (Vec::new(), Vec::new());
    for member in view.members.iter().filter(|m| named(m.at)) {
        decision.lanes |= member.lanes;
        if member.is_state() {
            before.push(member.from);
            if held(member.at) {
                states.push(member.state);
            }
        }
    }
    for meeting in &ended {
        let row = rules.row(meeting.row);
        let second_holds =
            |at: usize| held(at) && s.case.body(at).name() == row.b && row.a != row.b;
        if [meeting.a, meeting.b].into_iter().any(second_holds) {
            if let PairResult::State(state) = row.result {
                states.push(state);
            }
            decision.more_cycles |= u16::from(row.recurs);
        }
        view.resolved.push((meeting.a, meeting.b, s.at));
    }
    view.resolved.sort_unstable();
    let most_open = |states: Vec<StateCode>| {
        let key = |s: &StateCode| (rules.rank(*s), std::cmp::Reverse(*s));
        states.into_iter().max_by_key(key)
    };
    decision.state = most_open(states).or(most_open(before)).unwrap_or(from);
    decision
}
