//! The causal order of the events of a document.

use std::{cmp::Reverse, collections::BinaryHeap};

use smallvec::SmallVec;

use super::entry::EventEntry;
use crate::record::{EventId, event::MAX_AFTER};

/// A set of registers of a document, one bit for each.
pub(crate) type Lanes = u16;

/// A set of positions, one bit for each. Of a document with up to 128 events, as almost all have, it needs no allocation.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Positions(SmallVec<[u64; 2]>);

impl Clone for Positions {
    /// Copies the words at once; the derived function copies them one by one.
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl Positions {
    pub(crate) fn new(size: usize) -> Self {
        Self(SmallVec::from_elem(0, size.div_ceil(64)))
    }
    pub(crate) fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }
    pub(crate) fn remove(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }
    pub(crate) fn has(&self, at: usize) -> bool {
        self.0
            .get(at / 64)
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
    /// Adds all positions of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
    /// Keeps the positions that are in `other` too.
    pub(crate) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.0.iter_mut().zip(&other.0) {
            *word &= kept;
        }
    }
    /// Removes all positions of `other`.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (word, less) in self.0.iter_mut().zip(&other.0) {
            *word &= !less;
        }
    }
    /// Keeps the positions that satisfy `which`.
    pub(crate) fn retain(&mut self, which: impl Fn(usize) -> bool) {
        for (n, word) in self.0.iter_mut().enumerate() {
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                if !which(n * 64 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
    /// Whether a position is in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }
    /// Whether a position is in both sets and in none of the others.
    pub(crate) fn meets_outside(&self, with: &Self, others: &[&Self]) -> bool {
        self.0
            .iter()
            .zip(&with.0)
            .enumerate()
            .any(|(at, (one, two))| {
                let words = others.iter().filter_map(|other| other.0.get(at));
                words.fold(one & two, |left, word| left & !word) != 0
            })
    }
    /// Whether a position is in this set and in none of the others.
    pub(crate) fn has_outside(&self, others: &[&Self]) -> bool {
        self.0.iter().enumerate().any(|(at, word)| {
            let words = others.iter().filter_map(|other| other.0.get(at));
            words.fold(*word, |left, word| left & !word) != 0
        })
    }
    /// Whether all positions of `other` are in this set.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| b & !a == 0)
    }
    /// How many positions there are.
    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
    /// The greatest position.
    fn last(&self) -> Option<usize> {
        let at = self.0.iter().rposition(|word| *word != 0)?;
        Some(at * 64 + 63 - self.0[at].leading_zeros() as usize)
    }
    /// The positions, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// Events without duplicates, causes before effects; concurrent events by claimed time, then id.
#[derive(Debug)]
pub(crate) struct CausalOrder<'e> {
    pub(crate) events: Vec<&'e EventEntry>,
    /// The parents of each event: those that it names in `Event::after`.
    pub(crate) parents: Vec<Vec<usize>>,
    /// The causal history of each event: every event that happened before it.
    pub(crate) ancestors: Vec<Positions>,
    /// The events that happened before no other.
    pub(crate) heads: Vec<usize>,
    /// Positions, sorted by event id.
    by_id: Vec<(EventId, usize)>,
}

impl<'e> CausalOrder<'e> {
    pub(crate) fn new(entries: &'e [EventEntry]) -> Self {
        let mut known: Vec<&EventEntry> = entries.iter().collect();
        known.sort_unstable_by_key(|e| e.id);
        known.dedup_by_key(|e| e.id);
        let find = |id: &EventId| known.binary_search_by_key(id, |e| e.id).ok();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); known.len()];
        let mut missing = vec![0_usize; known.len()];
        let mut ready = BinaryHeap::new();
        for (at, entry) in known.iter().enumerate() {
            let mut parents: Vec<usize> = entry.event.after.iter().filter_map(find).collect();
            parents.sort_unstable();
            parents.dedup();
            parents.retain(|parent| *parent != at);
            for parent in &parents {
                children[*parent].push(at);
            }
            missing[at] = parents.len();
            if parents.is_empty() {
                ready.push(Reverse((entry.event.claimed, at)));
            }
        }
        let mut sorted = Vec::with_capacity(known.len());
        while let Some(Reverse((_, at))) = ready.pop() {
            sorted.push(known[at]);
            for child in &children[at] {
                missing[*child] -= 1;
                if missing[*child] == 0 {
                    ready.push(Reverse((known[*child].event.claimed, *child)));
                }
            }
        }
        Self::relate(sorted)
    }

    /// An event id is a hash over the ids in `after`, so no cycle of events can be made. The events of a cycle would be
    /// left out of the order and be missing from the history.
    fn relate(events: Vec<&'e EventEntry>) -> Self {
        let count = events.len();
        let mut by_id: Vec<(EventId, usize)> = events
            .iter()
            .enumerate()
            .map(|(at, e)| (e.id, at))
            .collect();
        by_id.sort_unstable();
        let mut order = Self {
            parents: Vec::with_capacity(count),
            ancestors: Vec::with_capacity(count),
            heads: Vec::new(),
            by_id,
            events,
        };
        let mut has_child = Positions::new(count);
        for at in 0..count {
            let mut ancestors = Positions::new(count);
            let after = order.events[at].event.after.iter();
            let mut parents: Vec<usize> = after.filter_map(|id| order.position(id)).collect();
            parents.sort_unstable();
            parents.dedup();
            parents.retain(|parent| *parent < at);
            for parent in &parents {
                ancestors.insert(*parent);
                ancestors.extend(&order.ancestors[*parent]);
                has_child.insert(*parent);
            }
            order.ancestors.push(ancestors);
            order.parents.push(parents);
        }
        order.heads = (0..count).filter(|at| !has_child.has(*at)).collect();
        order
    }

    /// The events of a set that happened before no other event of it.
    pub(crate) fn newest(&self, of: &Positions) -> Positions {
        let mut left = of.clone();
        let mut newest = Positions(SmallVec::from_elem(0, left.0.len()));
        // Effects have greater positions than their causes.
        while let Some(at) = left.last() {
            newest.insert(at);
            left.remove(at);
            left.subtract(&self.ancestors[at]);
        }
        newest
    }

    /// The position of an event.
    pub(crate) fn position(&self, id: &EventId) -> Option<usize> {
        let found = self.by_id.binary_search_by_key(id, |(id, _)| *id);
        found.ok().map(|at| self.by_id[at].1)
    }
}

/// The heads of a history: what the next event names in `after`. At most [`MAX_AFTER`].
pub fn heads(entries: &[EventEntry]) -> Vec<EventId> {
    let order = CausalOrder::new(entries);
    let mut heads: Vec<_> = order.heads.iter().map(|at| order.events[*at].id).collect();
    heads.sort_unstable();
    heads.truncate(MAX_AFTER);
    heads
}

/// The events that begin a document and that no other beginning happened before.
pub(crate) fn first_beginnings(entries: &[EventEntry]) -> Vec<&EventEntry> {
    let order = CausalOrder::new(entries);
    let begins = |at: &usize| order.events[*at].event.body.begins_in().is_some();
    let all: Vec<usize> = (0..order.events.len()).filter(begins).collect();
    let first = |at: &&usize| !all.iter().any(|other| order.ancestors[**at].has(*other));
    all.iter()
        .filter(first)
        .map(|at| order.events[*at])
        .collect()
}
