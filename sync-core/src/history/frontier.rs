//! Frontiers: for each field, the events that no event of a causal history supersedes.
//!
//! A *lane* is one field of a document: a multi-value register whose values are events. An event supersedes events of a
//! lane that happened before it; concurrent events both stay. The kinds of document differ in what a member carries and
//! in which events supersede which. Merging and reduction are the same for all kinds.

use super::{after_each::AfterEach, causal::History};

/// A set of lanes, one bit for each.
pub(crate) type Lanes = u16;

/// An event of a frontier with the lanes in which it is still maximal.
pub(crate) trait Member: Copy + Ord {
    /// Position of the event in causal order.
    fn at(&self) -> usize;
    /// The lanes that it holds.
    fn lanes(&self) -> Lanes;
    /// The same event with other lanes.
    fn with_lanes(self, lanes: Lanes) -> Self;
    /// Whether `self` supersedes a member at an earlier position in one lane.
    fn supersedes(&self, history: &History<'_>, lane: Lanes, earlier: &Self) -> bool;
}

/// The members that remain maximal in at least one lane. `all` is in causal order.
pub(crate) fn maximal<M: Member>(history: &History<'_>, all: &[M]) -> Vec<M> {
    let remaining = |m: &M| {
        let mut left = m.lanes();
        for n in all.iter().filter(|n| n.at() > m.at()) {
            let mut shared = m.lanes() & n.lanes();
            while shared != 0 {
                let lane = shared & shared.wrapping_neg();
                shared &= !lane;
                if left & lane != 0 && n.supersedes(history, lane, m) {
                    left &= !lane;
                }
            }
        }
        m.with_lanes(left)
    };
    all.iter()
        .map(remaining)
        .filter(|m| m.lanes() != 0)
        .collect()
}

/// The union of several lists of members, in causal order, each event once with all its lanes.
pub(crate) fn union<M: Member>(lists: impl IntoIterator<Item = Vec<M>>) -> Vec<M> {
    let mut all: Vec<M> = lists.into_iter().flatten().collect();
    all.sort_unstable();
    all.dedup_by(|next, kept| {
        let same = next.at() == kept.at();
        if same {
            *kept = kept.with_lanes(kept.lanes() | next.lanes());
        }
        same
    });
    all
}

/// The frontier of a causal history: that of one event's author, or that of all events (at the heads).
pub(crate) trait Frontier: Clone + Default {
    /// The frontier of the union of the causal histories that these frontiers belong to.
    fn merge(frontiers: Vec<Self>, history: &History<'_>) -> Self;
}

/// The frontier after each event.
pub(crate) struct Frontiers<F>(AfterEach<F>);

impl<F: Frontier> Frontiers<F> {
    pub(crate) fn new(history: &History<'_>) -> Self {
        Self(AfterEach::new(history))
    }

    /// Appends the frontier after the next event in causal order.
    pub(crate) fn push(&mut self, frontier: F) {
        self.0.push(frontier);
    }

    /// The frontier of an author who had exactly these events and their causal history.
    pub(crate) fn at(&mut self, events: &[usize], history: &History<'_>) -> F {
        let frontiers = events.iter().filter_map(|at| self.0.take(*at)).collect();
        F::merge(frontiers, history)
    }
}
