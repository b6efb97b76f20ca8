//! The order of events: who had seen what.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::state::Stated;
use crate::record::EventId;

/// A set of positions, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    fn new(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }
    fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }
    pub(crate) fn has(&self, at: usize) -> bool {
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
pub(crate) struct Ordered<'e> {
    pub(crate) events: Vec<&'e Stated>,
    /// Positions of the events each author had seen last.
    pub(crate) parents: Vec<Vec<usize>>,
    /// Positions of everything each author had seen.
    pub(crate) ancestors: Vec<Bits>,
    /// Positions that nobody had seen.
    pub(crate) heads: Vec<usize>,
    /// Positions by name.
    positions: Vec<(EventId, usize)>,
}

impl<'e> Ordered<'e> {
    pub(crate) fn new(stated: &'e [Stated]) -> Self {
        let mut known: Vec<&Stated> = stated.iter().collect();
        known.sort_unstable_by_key(|s| s.id);
        known.dedup_by_key(|s| s.id);
        let find = |id: &EventId| known.binary_search_by_key(id, |s| s.id).ok();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); known.len()];
        let mut waiting = vec![0_usize; known.len()];
        let mut ready = BinaryHeap::new();
        for (at, stated) in known.iter().enumerate() {
            let mut seen: Vec<usize> = stated.event.after.iter().filter_map(find).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.retain(|parent| *parent != at);
            for parent in &seen {
                children[*parent].push(at);
            }
            waiting[at] = seen.len();
            if seen.is_empty() {
                ready.push(Reverse((stated.event.claimed, at)));
            }
        }
        let mut order = Vec::with_capacity(known.len());
        while let Some(Reverse((_, at))) = ready.pop() {
            order.push(known[at]);
            for child in &children[at] {
                waiting[*child] -= 1;
                if waiting[*child] == 0 {
                    ready.push(Reverse((known[*child].event.claimed, *child)));
                }
            }
        }
        Self::relate(order)
    }

    /// Names are hashes, so a circle cannot be made; were one there, its events would be left out here and show
    /// as missing from the history.
    fn relate(events: Vec<&'e Stated>) -> Self {
        let mut positions: Vec<(EventId, usize)> = events
            .iter()
            .enumerate()
            .map(|(at, s)| (s.id, at))
            .collect();
        positions.sort_unstable();
        let mut ordered = Self {
            parents: Vec::with_capacity(events.len()),
            ancestors: Vec::with_capacity(events.len()),
            heads: Vec::new(),
            positions,
            events,
        };
        let mut seen_by_somebody = Bits::new(ordered.events.len());
        for at in 0..ordered.events.len() {
            let mut mine = Bits::new(ordered.events.len());
            let after = ordered.events[at].event.after.iter();
            let mut own: Vec<usize> = after.filter_map(|id| ordered.position(id)).collect();
            own.sort_unstable();
            own.dedup();
            own.retain(|parent| *parent < at);
            for parent in &own {
                mine.set(*parent);
                mine.add(&ordered.ancestors[*parent]);
                seen_by_somebody.set(*parent);
            }
            ordered.ancestors.push(mine);
            ordered.parents.push(own);
        }
        let all = 0..ordered.events.len();
        ordered.heads = all.filter(|at| !seen_by_somebody.has(*at)).collect();
        ordered
    }

    /// Where an event stands.
    pub(crate) fn position(&self, id: &EventId) -> Option<usize> {
        let found = self.positions.binary_search_by_key(id, |(id, _)| *id);
        found.ok().map(|at| self.positions[at].1)
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

/// The events that begin a document and whose author had seen none that does.
pub(crate) fn begins(stated: &[Stated]) -> Vec<&Stated> {
    let ordered = Ordered::new(stated);
    let begins = |at: &usize| ordered.events[*at].event.body.begins_in().is_some();
    let all: Vec<usize> = (0..ordered.events.len()).filter(begins).collect();
    let first = |at: &&usize| !all.iter().any(|other| ordered.ancestors[**at].has(*other));
    all.iter()
        .filter(first)
        .map(|at| ordered.events[*at])
        .collect()
}
