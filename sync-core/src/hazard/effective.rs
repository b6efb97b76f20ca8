//! The effective state and cycle of a frontier: what its members and the rules of their pairs amount to.

use super::{
    frontier::{ConcurrentPair, HazardFrontier},
    member::Member,
    relation,
};
use crate::{
    catalogue::{PairResult, Provisional, StateCode},
    history::History,
};

impl HazardFrontier {
    /// The effective state: the most open state of the members, or the state that the rule of a pair names.
    pub(super) fn effective_state(&self, history: &History<'_>) -> Option<StateCode> {
        let rules = history.rules;
        let most_open = |states: &mut dyn Iterator<Item = StateCode>| {
            states.max_by_key(|state| (rules.rank(*state), std::cmp::Reverse(*state)))
        };
        let mut left: Vec<(usize, Option<StateCode>)> =
            self.states().map(|m| (m.at, Some(m.state))).collect();
        if left.len() == 1 && self.members.len() == 1 {
            return left[0].1;
        }
        let mut named = Vec::new();
        for (a, b) in self.concurrent(history) {
            self.apply_rule(history, (a, b), &mut left, &mut named);
        }
        let holds = most_open(&mut left.iter().filter_map(|(_, s)| *s).chain(named))?;
        if rules.is_open(holds) || !self.is_contested(history) {
            return Some(holds);
        }
        // A final state is in conflict: until a reviewer decides, the hazard keeps the state before it.
        let before = most_open(&mut self.states().map(|m| m.from))?;
        Some(if rules.is_open(before) {
            before
        } else {
            rules.unsettled
        })
    }

    /// Applies the rule for two concurrent members. `left` holds the states that still count, `named` those that a rule
    /// adds.
    fn apply_rule(
        &self,
        history: &History<'_>,
        (a, b): (&Member, &Member),
        left: &mut [(usize, Option<StateCode>)],
        named: &mut Vec<StateCode>,
    ) {
        let rules = history.rules;
        let mut set = |at: usize, state: Option<StateCode>| {
            if let Some(slot) = left.iter_mut().find(|(of, _)| *of == at) {
                slot.1 = slot.1.and(state);
            }
        };
        let both = a.is_state() && b.is_state();
        let Some(row) = relation::between(history, a, b) else {
            // Without a rule, the sighting contradicts nothing: only the state of the other event counts.
            match (both, a.sighting, b.sighting) {
                (true, true, false) => set(a.at, None),
                (true, false, true) => set(b.at, None),
                _ => {}
            }
            return;
        };
        let row = rules.row(row);
        let (first, second) = relation::first_of(history, row, a, b);
        match row.result {
            PairResult::State(state) => named.push(state),
            PairResult::Rule(Provisional::LessOpen) if both => {
                let a_is_more = rules.rank(a.state) > rules.rank(b.state);
                set(if a_is_more { a.at } else { b.at }, None);
            }
            // With another state present the undone event has no effect; alone, the state before it holds.
            PairResult::Rule(Provisional::AUndone) => set(first.at, (!both).then_some(first.from)),
            PairResult::Rule(Provisional::BUndone) => {
                set(second.at, (!both).then_some(second.from));
            }
            PairResult::Rule(Provisional::Sequence) => {
                if let Some((earlier, _)) = relation::by_time(history, a, b) {
                    set(earlier.at, None);
                }
            }
            PairResult::Rule(_) => {}
        }
    }

    /// The highest cycle among the maximal events of the state.
    pub(super) fn stated_cycle(&self) -> u16 {
        self.states().map(|m| m.cycle).max().unwrap_or(0)
    }

    /// The effective cycle: one more while an open conflict between current states has a rule that the hazard recurs.
    pub(super) fn cycle(&self, history: &History<'_>) -> u16 {
        let recurs = |p: &ConcurrentPair| {
            let current = |at: usize| self.states().any(|s| s.at == at);
            history.rules.row(p.row).recurs && current(p.a) && current(p.b)
        };
        self.stated_cycle() + u16::from(self.open_conflicts().any(recurs))
    }
}
