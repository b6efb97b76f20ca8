//! The order of events: who had seen what.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::state::Stated;
use crate::record::EventId;

/// A set of positions, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn new(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }
    fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }
    pub(super) fn has(&self, at: usize) -> bool {
        self.0
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
    fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

/// Events without doubles, causes before effects; concurrent ones by claimed time, then name.
#[derive(Debug)]
pub(super) struct Ordered<'e> {
    pub(super) events: Vec<&'e Stated>,
    /// Positions of the events each author had seen last.
    pub(super) parents: Vec<Vec<usize>>,
    /// Positions of everything each author had seen.
    pub(super) ancestors: Vec<Bits>,
    /// Positions that nobody had seen.
    pub(super) heads: Vec<usize>,
}

impl<'e> Ordered<'e> {
    pub(super) fn new(stated: &'e [Stated]) -> Self {
        let by_id: BTreeMap<EventId, &Stated> = stated.iter().map(|s| (s.id, s)).collect();
        let mut children: BTreeMap<EventId, Vec<EventId>> = BTreeMap::new();
        let mut waiting: BTreeMap<EventId, usize> = BTreeMap::new();
        let mut ready = BinaryHeap::new();
        for (id, stated) in &by_id {
            let mut seen: Vec<_> = stated
                .event
                .after
                .iter()
                .filter(|p| by_id.contains_key(p) && *p != id)
                .collect();
            seen.sort_unstable();
            seen.dedup();
            for parent in &seen {
                children.entry(**parent).or_default().push(*id);
            }
            waiting.insert(*id, seen.len());
            if seen.is_empty() {
                ready.push(Reverse((stated.event.claimed, *id)));
            }
        }
        let mut order = Vec::with_capacity(by_id.len());
        while let Some(Reverse((_, id))) = ready.pop() {
            order.push(by_id[&id]);
            for child in children.get(&id).into_iter().flatten() {
                let left = waiting.entry(*child).or_default();
                *left -= 1;
                if *left == 0 {
                    ready.push(Reverse((by_id[child].event.claimed, *child)));
                }
            }
        }
        Self::relate(order)
    }

    /// Names are hashes, so a circle cannot be made; were one there, its events would be left out here and show
    /// as missing from the history.
    fn relate(events: Vec<&'e Stated>) -> Self {
        let position: BTreeMap<EventId, usize> = events
            .iter()
            .enumerate()
            .map(|(at, s)| (s.id, at))
            .collect();
        let mut ancestors: Vec<Bits> = Vec::with_capacity(events.len());
        let mut parents = Vec::with_capacity(events.len());
        let mut seen_by_somebody = Bits::new(events.len());
        for stated in &events {
            let mut mine = Bits::new(events.len());
            let mut own: Vec<usize> = stated
                .event
                .after
                .iter()
                .filter_map(|id| position.get(id).copied())
                .collect();
            own.sort_unstable();
            own.dedup();
            own.retain(|parent| *parent < ancestors.len());
            for parent in &own {
                mine.set(*parent);
                mine.add(&ancestors[*parent]);
                seen_by_somebody.set(*parent);
            }
            ancestors.push(mine);
            parents.push(own);
        }
        let heads = (0..events.len())
            .filter(|at| !seen_by_somebody.has(*at))
            .collect();
        Self {
            events,
            parents,
            ancestors,
            heads,
        }
    }
}

/// The newest events: what the next event names as seen.
pub fn newest(stated: &[Stated]) -> Vec<EventId> {
    let ordered = Ordered::new(stated);
    let mut newest: Vec<_> = ordered
        .heads
        .iter()
        .map(|at| ordered.events[*at].id)
        .collect();
    newest.sort_unstable();
    newest.truncate(crate::record::event::MAX_AFTER);
    newest
}
