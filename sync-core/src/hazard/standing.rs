//! The state of a set: its maximal state events, which of them yield, and the states to which objections lead; see
//! `docs/rules.md`, 4.5 and 7.

use std::cmp::Reverse;

use super::{
    assessing::Assessing,
    conflict,
    fate::{Fate, Fated},
    known::World,
    rounds,
    taken::Subject,
};
use crate::{
    catalogue::{Class, Lead, PairRule, PairScope, StateCode, Transition},
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
    /// Pairs that a rule decided: row, and both events.
    pub(super) notices: Vec<(usize, usize, usize)>,
}

/// Finds the state from the events that count. `recurring`: the findings that open a round because an ending counts.
pub(super) fn find(
    it: &Assessing<'_, '_, '_>,
    opens: &[(usize, u16)],
    recurring: &[usize],
    round: u16,
    counted: &Positions,
) -> Standing {
    let mut states = counted.clone();
    states.keep(&it.relations.states);
    for at in recurring.iter().filter(|at| counted.has(**at)) {
        states.insert(*at);
    }
    let past: Vec<usize> = states
        .iter()
        .filter(|at| rounds::own(it, opens, *at) < round)
        .collect();
    past.into_iter().for_each(|at| states.remove(at));
    let maximal = maximal(it, &states);
    let rules = it.known.history.rules;
    let mut notices = Vec::new();
    let mut yielding = vec![false; maximal.len()];
    for (n, one) in maximal.iter().enumerate() {
        for (m, other) in maximal.iter().enumerate() {
            if n != m
                && let Some(row) = yields(it, *one, *other)
            {
                yielding[n] = true;
                if rules.concurrent[row].class != Class::A {
                    notices.push((row, *one, *other));
                }
            }
        }
    }
    let holding = maximal
        .iter()
        .zip(&yielding)
        .filter(|(_, yields)| !**yields)
        .filter_map(|(at, _)| to(it, *at).or_else(|| recurs(it, recurring, *at)));
    let leads = it
        .disputes
        .iter()
        .filter_map(|fated| lead(it, fated, &states));
    let key = |state: &StateCode| (rules.rank(*state), Reverse(*state));
    let state = holding.chain(leads).max_by_key(key);
    Standing {
        state: state.unwrap_or(StateCode::NONE),
        maximal,
        notices,
    }
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

/// The state events that no other supersedes.
fn maximal(it: &Assessing<'_, '_, '_>, states: &Positions) -> Vec<usize> {
    let latest = |at: &usize| !it.relations.descendants[*at].meets(states);
    let in_order = |at: &usize| {
        let claims = conflict::claims_after(it.known, it.relations, &it.live, it.world, *at);
        let decisions = conflict::decisions_after(it.known, it.relations, &it.live, it.world, *at);
        claims
            .iter()
            .chain(&decisions)
            .any(|later| states.has(*later))
    };
    states
        .iter()
        .filter(latest)
        .filter(|at| !in_order(at))
        .collect()
}

/// The row by which a state event yields to a concurrent one.
fn yields(it: &Assessing<'_, '_, '_>, one: usize, other: usize) -> Option<usize> {
    let (a, b) = (
        it.known.taken[one].as_ref()?,
        it.known.taken[other].as_ref()?,
    );
    let rules = it.known.history.rules;
    let both = a.rows[0] & b.rows[1];
    let applies =
        |(row, rule): (usize, &PairRule)| both >> row & 1 == 1 && rule.scope == PairScope::State;
    // Of two events that trusted times order, only the earlier one yields.
    if is_sequence(it, other, one) {
        return None;
    }
    let by_table = rules.concurrent.iter().enumerate().position(applies);
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

/// The state to which an open or held objection leads, until an event of the state had all its sides.
fn lead(it: &Assessing<'_, '_, '_>, fated: &Fated, states: &Positions) -> Option<StateCode> {
    let Subject::Objection(objection) = fated.conflict.subject else {
        return None;
    };
    if fated.fate == Fate::Overruled {
        return None;
    }
    let rules = it.known.history.rules;
    let own = it.known.taken[objection].as_ref()?;
    let pairs = conflict::pairs(it.known, &fated.conflict, objection);
    let state = pairs.into_iter().filter_map(|(row, _)| {
        let rule = &rules.concurrent[row];
        match rule.lead? {
            Lead::State(state) => Some(state),
            Lead::Own(_) => own.to,
        }
    });
    let state = state.max_by_key(|state| (rules.rank(*state), Reverse(*state)))?;
    let mut sides = fated.conflict.decisions.clone();
    sides.insert(objection);
    let ended = states.iter().any(|at| {
        let seen = it.known.ancestors(at);
        let settled = || {
            let mut by = fated.settlements.iter();
            by.any(|(settlement, _)| *settlement == at || seen.has(*settlement))
        };
        seen.contains(&sides) || fated.fate == Fate::Held && settled()
    });
    let in_order = || {
        let claims = conflict::claims_after(it.known, it.relations, &it.live, it.world, objection);
        !claims.is_empty()
    };
    (!ended && !in_order()).then_some(state)
}
