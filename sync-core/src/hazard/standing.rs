//! The state of a set: its maximal state events, which of them yield, and the states to which objections lead; see
//! `docs/rules.md`, 4.5 and 7.

use std::cmp::Reverse;

use super::{
    assessing::Assessing,
    conflict,
    dispute::{Fate, Fated},
    known::World,
    pairs::each,
    rounds::{self, Opens},
};
use crate::{
    catalogue::{Class, PairScope, Rows, StateCode, Transition},
    history::Positions,
    record::EventBody,
};

/// The states to which a finding leads that opens a round.
const FOUND: StateCode = StateCode(10);
const RECHECK_FAILED: StateCode = StateCode(65);

/// The state of a set, and the maximal events behind it.
pub(super) struct Standing {
    pub(super) state: StateCode,
    pub(super) maximal: Vec<usize>,
}

/// Finds the state from the events that count. `recurring`: the findings that open a round because an ending counts.
pub(super) fn find(
    it: &Assessing<'_, '_, '_>,
    opens: &Opens,
    recurring: &[usize],
    round: u16,
    counted: &Positions,
) -> Standing {
    let mut states = counted.clone();
    states.keep(&it.relations.states);
    for at in recurring.iter().filter(|at| counted.has(**at)) {
        states.insert(*at);
    }
    if round > 1 {
        let past = states
            .iter()
            .filter(|at| rounds::own(it, opens, *at) < round);
        let past: Vec<usize> = past.collect();
        past.into_iter().for_each(|at| states.remove(at));
    }
    let newest = it.known.history.order.newest(&states);
    let maximal: Vec<usize> = newest
        .iter()
        .filter(|at| !is_ordered(it, *at, &states))
        .collect();
    let rules = it.known.history.rules;
    let key = |state: StateCode| (rules.rank(state), Reverse(state));
    let yielding = yielding(it, &maximal);
    let holding = maximal
        .iter()
        .zip(&yielding)
        .filter(|(_, yields)| !**yields)
        .filter_map(|(at, _)| to(it, *at).or_else(|| recurs(it, recurring, *at)));
    let mut state = holding.max_by_key(|state| key(*state));
    for fated in it.disputes.iter() {
        let Some(lead) = fated.conflict.lead else {
            continue;
        };
        let is_in_force = fated.fate != Fate::Overruled;
        if is_in_force
            && state.is_none_or(|state| key(lead) > key(state))
            && !has_ended(it, fated, &newest)
        {
            state = Some(lead);
        }
    }
    Standing {
        state: state.unwrap_or(StateCode::NONE),
        maximal,
    }
}

/// Which of these maximal events yield to another one.
fn yielding(it: &Assessing<'_, '_, '_>, maximal: &[usize]) -> Vec<bool> {
    if maximal.len() < 2 {
        return vec![false; maximal.len()];
    }
    if it.world == World::Effective {
        let yields_to_another =
            |one: &usize| maximal.iter().any(|other| yields(it, *one, *other).is_some());
        return maximal.iter().map(yields_to_another).collect();
    }
    // No time orders two states here, so that the kinds of the events decide.
    let rows = |at: &usize| it.known.taken[*at].as_ref().map_or([0; 2], |t| t.rows);
    let decisive = maximal.iter().fold(0, |all, at| all | rows(at)[1]);
    let decisive = decisive & state_rows(it);
    let yields_to_another = |one: &usize| rows(one)[0] & decisive != 0;
    let mut yielding: Vec<bool> = maximal.iter().map(yields_to_another).collect();
    for (one, yields) in maximal.iter().zip(&mut yielding).filter(|(_, y)| **y) {
        *yields = maximal
            .iter()
            .any(|other| other != one && rows(one)[0] & rows(other)[1] & decisive != 0);
    }
    yielding
}

/// The rows about two states.
fn state_rows(it: &Assessing<'_, '_, '_>) -> Rows {
    let rules = it.known.history.rules.concurrent.iter().enumerate();
    let of_states = rules.filter(|(_, rule)| rule.scope == PairScope::State);
    of_states.fold(0, |all, (row, _)| all | 1 << row)
}

/// Pairs of maximal events of which the first yields, unless the events agree: row, and both events; at most `most`.
pub(super) fn notices(
    it: &Assessing<'_, '_, '_>,
    maximal: &[usize],
    most: usize,
) -> Vec<(usize, usize, usize)> {
    let rules = &it.known.history.rules.concurrent;
    let pairs = maximal
        .iter()
        .flat_map(|one| maximal.iter().map(move |other| (*one, *other)));
    let notices = pairs.filter_map(|(one, other)| {
        let row = yields(it, one, other)?;
        (rules[row].class != Class::A).then_some((row, one, other))
    });
    notices.take(most).collect()
}

/// The state to which an event leads.
fn to(it: &Assessing<'_, '_, '_>, at: usize) -> Option<StateCode> {
    it.known.taken[at].as_ref().and_then(|taken| taken.to)
}

/// The state to which a finding leads that opens a round although its author knew a state that it leaves.
fn recurs(it: &Assessing<'_, '_, '_>, recurring: &[usize], at: usize) -> Option<StateCode> {
    let state = match it.known.history.body(at) {
        EventBody::RecheckFail(_) => RECHECK_FAILED,
        _ => FOUND,
    };
    recurring.contains(&at).then_some(state)
}

/// Whether trusted times order an event before another event of the state.
fn is_ordered(it: &Assessing<'_, '_, '_>, at: usize, states: &Positions) -> bool {
    let meets = |later: Option<Positions>| later.is_some_and(|later| later.meets(states));
    meets(conflict::claims_after(it, at)) || meets(conflict::decisions_after(it, at))
}

/// The row by which a state event yields to a concurrent one.
fn yields(it: &Assessing<'_, '_, '_>, one: usize, other: usize) -> Option<usize> {
    if one == other {
        return None;
    }
    let (a, b) = (
        it.known.taken[one].as_ref()?,
        it.known.taken[other].as_ref()?,
    );
    let rules = it.known.history.rules;
    let applies = |row: &usize| rules.concurrent[*row].scope == PairScope::State;
    // Of two events that trusted times order, only the earlier one yields.
    if is_sequence(it, other, one) {
        return None;
    }
    let by_table = each(a.rows[0] & b.rows[1]).find(applies);
    by_table.or_else(|| {
        let in_order = rules
            .concurrent
            .iter()
            .position(|rule| rule.id == "C-TIME")?;
        is_sequence(it, one, other).then_some(in_order)
    })
}

/// Whether two open states are a sequence by time: the later one is legal after the earlier one.
fn is_sequence(it: &Assessing<'_, '_, '_>, one: usize, other: usize) -> bool {
    let rules = it.known.history.rules;
    let (Some(from), Some(state)) = (to(it, one), to(it, other)) else {
        return false;
    };
    let body = it.known.history.body(other);
    let leads = |t: &Transition| {
        rules.starts_from(t, from)
            && !t.proposal
            && t.to_state() == Some(state)
            && t.fits(body.variant())
    };
    rules.is_open(from)
        && rules.is_open(state)
        && it.world == World::Effective
        && conflict::is_before(it.known, it.world, one, other)
        && rules.transitions_of(body.number()).any(leads)
}

/// Whether the lead of an objection has ended: the author of an event of the state had all its sides, or an order by
/// time decides. `newest`: the newest events of the state; what one of them has not seen, no earlier one has.
fn has_ended(it: &Assessing<'_, '_, '_>, fated: &Fated, newest: &Positions) -> bool {
    let objection = fated.conflict.objections[0];
    let ended = newest.iter().any(|at| {
        let seen = it.known.ancestors(at);
        let settled = || {
            let mut by = fated.settlements.iter();
            by.any(|(settlement, _)| *settlement == at || seen.has(*settlement))
        };
        seen.has(objection) && seen.contains(&fated.conflict.decisions)
            || fated.fate == Fate::Held && settled()
    });
    ended || conflict::claims_after(it, objection).is_some()
}
