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
    catalogue::{Class, PairScope, StateCode, Transition},
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
        states.retain(|at| rounds::own(it, opens, at) >= round);
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
    let mut yielding = vec![false; maximal.len()];
    let kinds = Kinds::of(it, maximal);
    for (n, one) in maximal.iter().enumerate() {
        yielding[n] = kinds
            .rivals(n)
            .any(|m| yields(it, *one, maximal[m]).is_some());
    }
    yielding
}

/// Concurrent events by what decides whether one of them may yield to another one.
struct Kinds {
    /// Of each event, its kind.
    of: Vec<usize>,
    /// Of each kind, its events.
    events: Vec<Vec<usize>>,
    /// Of each kind, the kinds to which it may yield.
    to: Vec<Vec<usize>>,
}

impl Kinds {
    fn of(it: &Assessing<'_, '_, '_>, events: &[usize]) -> Self {
        let key = |at: usize| {
            let rows = it.known.taken[at]
                .as_ref()
                .map_or([0; 2], |taken| taken.rows);
            let body = it.known.history.body(at);
            (rows, to(it, at), body.number(), body.variant())
        };
        let mut kinds = Self {
            of: Vec::with_capacity(events.len()),
            events: Vec::new(),
            to: Vec::new(),
        };
        let mut keys = Vec::new();
        for (n, at) in events.iter().enumerate() {
            let own = key(*at);
            let kind = keys.iter().position(|key| *key == own);
            let kind = kind.unwrap_or_else(|| {
                keys.push(own);
                kinds.events.push(Vec::new());
                keys.len() - 1
            });
            kinds.of.push(kind);
            kinds.events[kind].push(n);
        }
        let sample = |kind: &[usize]| kind.first().map(|n| events[*n]);
        for one in &kinds.events {
            let may_yield = |other: &&Vec<usize>| {
                matches!((sample(one), sample(other)), (Some(one), Some(other))
                    if table_row(it, one, other).is_some() || is_step(it, one, other))
            };
            let others = kinds.events.iter().enumerate();
            let others = others.filter(|(_, other)| may_yield(other));
            kinds.to.push(others.map(|(kind, _)| kind).collect());
        }
        kinds
    }

    /// The events to which an event may yield, by number.
    fn rivals(&self, one: usize) -> impl Iterator<Item = usize> {
        let kinds = self.to[self.of[one]].iter();
        kinds.flat_map(|kind| self.events[*kind].iter().copied())
    }
}

/// Pairs of maximal events of which the first yields, unless the events agree: row, and both events; at most `most`.
pub(super) fn notices(
    it: &Assessing<'_, '_, '_>,
    maximal: &[usize],
    most: usize,
) -> Vec<(usize, usize, usize)> {
    let rules = &it.known.history.rules.concurrent;
    let kinds = Kinds::of(it, maximal);
    let pairs = (0..maximal.len()).flat_map(|n| {
        let rivals = kinds.rivals(n);
        rivals.map(move |m| (maximal[n], maximal[m]))
    });
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
    // Of two events that trusted times order, only the earlier one yields.
    if one == other || is_sequence(it, other, one) {
        return None;
    }
    table_row(it, one, other).or_else(|| {
        let mut rules = it.known.history.rules.concurrent.iter();
        let in_order = rules.position(|rule| rule.id == "C-TIME")?;
        is_sequence(it, one, other).then_some(in_order)
    })
}

/// The row of the table by which events of one kind yield to concurrent ones of another kind.
fn table_row(it: &Assessing<'_, '_, '_>, one: usize, other: usize) -> Option<usize> {
    let rules = &it.known.history.rules.concurrent;
    let rows = |at: usize, side: usize| {
        let taken = it.known.taken[at].as_ref();
        taken.map_or(0, |taken| taken.rows[side])
    };
    each(rows(one, 0) & rows(other, 1)).find(|row| rules[*row].scope == PairScope::State)
}

/// Whether two open states are a sequence by time: the later one is legal after the earlier one.
fn is_sequence(it: &Assessing<'_, '_, '_>, one: usize, other: usize) -> bool {
    it.world == World::Effective
        && conflict::is_before(it.known, it.world, one, other)
        && is_step(it, one, other)
}

/// Whether events of one kind are legal after the state of another kind, and both states are open.
fn is_step(it: &Assessing<'_, '_, '_>, one: usize, other: usize) -> bool {
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
    it.world == World::Effective
        && rules.is_open(from)
        && rules.is_open(state)
        && rules.transitions_of(body.number()).any(leads)
}

/// Whether the lead of an objection has ended: the author of an event of the state had all its sides, or an order by
/// time decides. `newest`: the newest events of the state; what one of them has not seen, no earlier one has.
fn has_ended(it: &Assessing<'_, '_, '_>, fated: &Fated, newest: &Positions) -> bool {
    let objection = fated.conflict.objections[0];
    let ended = newest.iter().any(|at| {
        let seen = it.known.ancestors(at);
        let settled = || fated.settlements.has(at) || fated.settlements.meets(seen);
        seen.has(objection) && seen.contains(&fated.conflict.decisions)
            || fated.fate == Fate::Held && settled()
    });
    ended || conflict::claims_after(it, objection).is_some()
}
