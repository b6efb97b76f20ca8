//! Which settled pairs of values the endings of a set were confirmed for.

use super::{assessing::Assessing, assessment::SettledValues};
use crate::history::Positions;

/// The resolutions of a set that confirm endings.
pub(super) struct Confirmations<'c, 's, 'h, 'a> {
    it: &'c Assessing<'s, 'h, 'a>,
    resolutions: Vec<usize>,
}

impl<'c, 's, 'h, 'a> Confirmations<'c, 's, 'h, 'a> {
    /// The confirmations of the live events of a set.
    pub(super) fn of(it: &'c Assessing<'s, 'h, 'a>) -> Self {
        let taken = |at: &usize| it.known.taken[*at].as_ref();
        let confirms = |at: &usize| taken(at).is_some_and(|taken| !taken.confirms.is_empty());
        let resolutions = it.live(&it.relations.resolutions);
        Self {
            it,
            resolutions: resolutions.iter().filter(confirms).collect(),
        }
    }

    /// Whether an ending lacks a confirmation for one of these settled pairs.
    pub(super) fn lacks_any(&self, ending: usize, settled: &[SettledValues]) -> bool {
        settled.iter().any(|pairs| self.lacks(ending, pairs))
    }

    /// Whether an ending lacks a confirmation for settled pairs of a value. It needs none if an author of a value had it
    /// or its author had both values; otherwise a resolution of a person who had all three must confirm it.
    pub(super) fn lacks(&self, ending: usize, pairs: &SettledValues) -> bool {
        let known = self.it.known;
        let before = |a, b| known.history.happened_before(a, b);
        if before(ending, pairs.later) {
            return false;
        }
        let confirms = |at: &usize| {
            let taken = known.taken[*at].as_ref();
            taken.is_some_and(|taken| taken.confirms.contains(&ending))
        };
        let confirming = self.resolutions.iter().copied().filter(confirms);
        let authors = std::iter::once(ending).chain(confirming);
        let authors = authors.filter(|author| before(pairs.later, *author));
        let known_to = authors.map(|author| known.ancestors(author));
        let descendants = &self.it.relations.descendants[ending];
        let enough: Vec<&Positions> = std::iter::once(descendants).chain(known_to).collect();
        pairs.earlier.has_outside(&enough)
    }
}
