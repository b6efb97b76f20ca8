//! Everything that the judged events of a hazard have in relation to each other.

use super::{known::Known, pairs::Pairs, relations::Relations, rivals::Rivals};

/// Sets of events, pairs of events and the values of registers. Assessments of sets select from it.
pub(super) struct Related<'a> {
    pub(super) relations: Relations,
    pub(super) pairs: Pairs,
    pub(super) rivals: Rivals<'a>,
}

impl<'a> Related<'a> {
    /// Relates the events that were judged so far.
    pub(super) fn of(known: &Known<'_, 'a>) -> Self {
        let mut related = Self {
            relations: Relations::new(known.history),
            pairs: Pairs::new(known.history),
            rivals: Rivals::new(known.history),
        };
        (0..known.taken.len()).for_each(|at| related.add(known, at));
        related
    }

    /// Adds the next judged event.
    pub(super) fn add(&mut self, known: &Known<'_, 'a>, at: usize) {
        self.pairs.add(known, &self.relations, at);
        self.rivals.add(known, &self.relations, at);
        self.relations
            .add(known.history, at, known.taken[at].as_ref());
    }
}
