//! What somebody knew: the deciding events that nothing had yet overtaken, and the conflicts among them.

use std::collections::BTreeSet;

use super::order::Ordered;
use crate::catalogue::{Class, Pair, PairResult, Rules, StateCode};

/// A deciding event and where it led.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) at: usize,
    /// Where it led.
    pub(super) state: StateCode,
    /// Where it began.
    pub(super) from: StateCode,
    pub(super) cycle: u16,
    pub(super) sighting: bool,
}

/// A multi-value register of deciding events: none of its members had seen another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct View {
    pub(super) members: BTreeSet<Member>,
    pub(super) conflicts: BTreeSet<(usize, usize)>,
    pub(super) resolved: BTreeSet<(usize, usize, usize)>,
}

/// What two members mean to each other; `None` if they do not disagree.
fn rule<'r>(rules: &'r Rules, ordered: &Ordered<'_>, a: &Member, b: &Member) -> Option<&'r Pair> {
    let body = |m: &Member| &ordered.events[m.at].event.body;
    let pair = rules.pair(body(a).name(), body(b).name());
    let same_end = a.state == b.state && !(a.sighting || b.sighting) && a.cycle == b.cycle;
    if same_end {
        // Two orders or two assignments end in one state and still say different things.
        return pair.filter(|pair| pair.a == pair.b && body(a) != body(b));
    }
    match pair {
        Some(pair) => Some(pair),
        // Somebody saw it where another ended it.
        None if !rules.is_open(a.state) || !rules.is_open(b.state) => Some(&rules.default),
        None if a.sighting || b.sighting => None,
        None => Some(&rules.default),
    }
}

impl View {
    /// Brings together what several authors knew.
    pub(super) fn merge<'v>(
        views: impl IntoIterator<Item = &'v Self>,
        rules: &Rules,
        ordered: &Ordered<'_>,
    ) -> Self {
        let mut merged = Self::default();
        for view in views {
            merged.members.extend(&view.members);
            merged.conflicts.extend(&view.conflicts);
            merged.resolved.extend(&view.resolved);
        }
        let all: Vec<Member> = merged.members.iter().copied().collect();
        // A sighting overtakes only sightings of its kind: else a look would hide whom it agreed with.
        let overtakes = |n: &Member, m: &Member| {
            let kind = |m: &Member| ordered.events[m.at].event.body.number();
            let deeper = !n.sighting || (m.sighting && kind(n) == kind(m));
            ordered.ancestors[n.at].has(m.at) && deeper
        };
        merged
            .members
            .retain(|m| !all.iter().any(|n| overtakes(n, m)));
        for (a, b) in merged.pairs(ordered) {
            if rule(rules, ordered, &a, &b).is_some_and(|pair| pair.class == Class::C) {
                merged.conflicts.insert((a.at.min(b.at), a.at.max(b.at)));
            }
        }
        merged
    }

    /// Members whose authors had not seen each other, two by two.
    fn pairs(&self, ordered: &Ordered<'_>) -> Vec<(Member, Member)> {
        let all: Vec<Member> = self.members.iter().copied().collect();
        let apart = |a: &Member, b: &Member| {
            !ordered.ancestors[a.at].has(b.at) && !ordered.ancestors[b.at].has(a.at)
        };
        let with = |i: usize| {
            all[i + 1..]
                .iter()
                .filter(|b| apart(&all[i], b))
                .map(|b| (all[i], *b))
                .collect::<Vec<_>>()
        };
        (0..all.len()).flat_map(with).collect()
    }

    /// Conflicts that no resolution has ended.
    pub(super) fn open_conflicts(&self) -> Vec<(usize, usize)> {
        let ended = |pair: &(usize, usize)| self.resolved.iter().any(|(a, b, _)| (*a, *b) == *pair);
        self.conflicts
            .iter()
            .filter(|pair| !ended(pair))
            .copied()
            .collect()
    }

    /// The state that holds: the most open of the members, or more open still if a pair's rule says so.
    pub(super) fn effective(&self, rules: &Rules, ordered: &Ordered<'_>) -> Option<StateCode> {
        let mut left: BTreeSet<Member> = self.members.clone();
        let mut named = Vec::new();
        for (a, b) in self.pairs(ordered) {
            let Some(pair) = rule(rules, ordered, &a, &b) else {
                // A sighting that contradicts nothing does not hold the other back.
                match (a.sighting, b.sighting) {
                    (true, false) => left.remove(&a),
                    (false, true) => left.remove(&b),
                    _ => false,
                };
                continue;
            };
            match &pair.result {
                PairResult::State(state) => named.push(*state),
                PairResult::Word(word) if word == "less_open" => {
                    let more = if rules.rank(a.state) > rules.rank(b.state) {
                        a
                    } else {
                        b
                    };
                    left.remove(&more);
                }
                PairResult::Word(_) => {}
            }
        }
        let most_open = |states: &mut dyn Iterator<Item = StateCode>| {
            states.max_by_key(|state| (rules.rank(*state), std::cmp::Reverse(*state)))
        };
        let holds = most_open(&mut left.iter().map(|m| m.state).chain(named))?;
        if rules.is_open(holds) || self.open_conflicts().is_empty() {
            return Some(holds);
        }
        // Two who ended it apart, each in another way: until somebody decides, nobody has.
        most_open(&mut self.members.iter().map(|m| m.from))
    }

    /// The cycle that holds.
    pub(super) fn cycle(&self) -> u16 {
        self.members.iter().map(|m| m.cycle).max().unwrap_or(0)
    }
}
