//! The frontier of a hazard: the maximal events of its state and of each field, and the conflicts among them.

use super::{member::Member, relation};
use crate::{
    catalogue::{Class, Concern, FieldName},
    history::{self, History, maximal},
};

/// Two concurrent events and the rule of the table that applies to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConcurrentPair {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) row: u16,
}

/// The maximal events of the state and of each field, with the pairs of concurrent events that were found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct HazardFrontier {
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

impl history::Frontier for HazardFrontier {
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

impl HazardFrontier {
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

    /// Every two concurrent members.
    pub(super) fn concurrent<'f>(
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
}
