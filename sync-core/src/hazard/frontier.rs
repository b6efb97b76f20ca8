//! The frontier of a hazard: the maximal events of its state and of each field, and the conflicts among them.

use super::relation;
use crate::{
    catalogue::{Class, Concern, FieldName, PairResult, Provisional, StateCode},
    history::{self, History, Lanes, maximal},
    record::EventBody,
};

/// The lane of the state. Each field has a lane of its own ([`FieldName::bit`]).
pub(super) const STATE: Lanes = 1;

/// An event that is maximal in some lanes, and the step that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) at: usize,
    /// The state after it.
    pub(super) state: StateCode,
    /// The state before it.
    pub(super) from: StateCode,
    pub(super) cycle: u16,
    pub(super) sighting: bool,
    /// The lanes in which it is maximal.
    pub(super) lanes: Lanes,
}

impl Member {
    pub(super) fn is_state(&self) -> bool {
        self.lanes & STATE != 0
    }

    /// Whether it is a value of this field.
    pub(super) fn holds_field(&self, field: FieldName) -> bool {
        self.lanes & field.bit() != 0
    }
}

impl history::Member for Member {
    fn at(&self) -> usize {
        self.at
    }

    fn lanes(&self) -> Lanes {
        self.lanes
    }

    fn with_lanes(self, lanes: Lanes) -> Self {
        Self { lanes, ..self }
    }

    fn supersedes(&self, history: &History<'_>, lane: Lanes, earlier: &Self) -> bool {
        if !history.happened_before(earlier.at, self.at) {
            return false;
        }
        if let EventBody::Resolve(resolution) = history.body(self.at) {
            // A resolution supersedes the events that it names, what those superseded, and nothing else.
            let named = |id| {
                let at = history.order.position(id);
                at.is_some_and(|at| at == earlier.at || history.happened_before(earlier.at, at))
            };
            return earlier.sighting || resolution.resolves.iter().any(named);
        }
        if lane != STATE {
            return lane & history.rules.additive_fields() == 0;
        }
        // A sighting supersedes only sightings of its kind: otherwise it would hide an event that it agrees with.
        let same_kind = || history.body(self.at).number() == history.body(earlier.at).number();
        !self.sighting || (earlier.sighting && same_kind())
    }
}

/// Two concurrent events and the rule of the table that applies to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConcurrentPair {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) row: u16,
}

/// The maximal events of the state and of each field, with the pairs of concurrent events that were found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Frontier {
    /// By position.
    pub(super) members: Vec<Member>,
    /// Pairs of class C: a reviewer decides.
    pub(super) conflicts: Vec<ConcurrentPair>,
    /// Pairs of class B: a rule decided.
    pub(super) notices: Vec<ConcurrentPair>,
    /// Conflicts that a resolution ended: both events, and the resolution.
    pub(super) resolved: Vec<(usize, usize, usize)>,
}

fn unite<T: Ord + Copy>(into: &mut Vec<T>, more: &[T]) {
    if !more.is_empty() {
        into.extend_from_slice(more);
        into.sort_unstable();
        into.dedup();
    }
}

impl history::Frontier for Frontier {
    fn merge(mut frontiers: Vec<Self>, history: &History<'_>) -> Self {
        if frontiers.len() < 2 {
            return frontiers.pop().unwrap_or_default();
        }
        let mut merged = Self::default();
        let mut members = Vec::with_capacity(frontiers.len());
        for frontier in frontiers {
            members.push(frontier.members);
            unite(&mut merged.conflicts, &frontier.conflicts);
            unite(&mut merged.notices, &frontier.notices);
            unite(&mut merged.resolved, &frontier.resolved);
        }
        merged.members = maximal(history, &history::union(members));
        merged.collect_pairs(history);
        merged
    }
}

impl Frontier {
    /// Adds an event and removes what it supersedes.
    pub(super) fn add(&mut self, history: &History<'_>, member: Member) {
        self.members.push(member);
        self.members = maximal(history, &self.members);
    }

    /// Adds every pair of concurrent members that the table has a rule for.
    fn collect_pairs(&mut self, history: &History<'_>) {
        let (mut conflicts, mut notices) = (Vec::new(), Vec::new());
        for (a, b) in self.concurrent(history) {
            let Some(row) = relation::between(history, a, b) else {
                continue;
            };
            let pair = ConcurrentPair {
                a: a.at,
                b: b.at,
                row,
            };
            match history.rules.row(row).class {
                Class::A => {}
                Class::B => notices.push(pair),
                Class::C => conflicts.push(pair),
            }
        }
        // Once a pair is classified, the classification is final, even if a later event supersedes one of its fields.
        let known = |p: &ConcurrentPair| self.conflicts.iter().any(|k| (k.a, k.b) == (p.a, p.b));
        conflicts.retain(|pair| !known(pair));
        unite(&mut self.conflicts, &conflicts);
        unite(&mut self.notices, &notices);
    }

    fn concurrent<'f>(
        &'f self,
        history: &'f History<'_>,
    ) -> impl Iterator<Item = (&'f Member, &'f Member)> {
        let with = move |i: usize| {
            self.members[i + 1..]
                .iter()
                .map(move |b| (&self.members[i], b))
        };
        (0..self.members.len())
            .flat_map(with)
            // Members are in causal order, so only the first of two can have happened before the other.
            .filter(|(a, b)| !history.happened_before(a.at, b.at))
    }

    /// The maximal events of the state.
    pub(super) fn states(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.is_state())
    }

    /// The maximal events of a field.
    pub(super) fn field(&self, field: FieldName) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |m| m.holds_field(field))
    }

    /// Conflicts that no resolution in the causal history has ended.
    pub(super) fn open_conflicts(&self) -> impl Iterator<Item = &ConcurrentPair> {
        let ended =
            |p: &ConcurrentPair| self.resolved.iter().any(|(a, b, _)| (*a, *b) == (p.a, p.b));
        self.conflicts.iter().filter(move |p| !ended(p))
    }

    /// Whether an open conflict blocks closing.
    pub(super) fn is_contested(&self, history: &History<'_>) -> bool {
        self.open_conflicts()
            .any(|p| history.rules.row(p.row).concerns == Concern::Hazard)
    }

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
