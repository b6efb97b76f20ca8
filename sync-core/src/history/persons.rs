//! Whether two events were made by one person; see `docs/rules.md`, 1.
//!
//! A person may have acted under several ids. The server states them in the grants that it issues after it was found
//! out: an event is judged by its own grant, so that what was judged before does not change.

use std::collections::BTreeSet;

use super::causal::History;
use crate::record::{Grant, PersonId};

impl History<'_> {
    /// The other ids of an event's author, as the event's own grant states them.
    fn also(&self, at: usize) -> &[PersonId] {
        let author = self.entry(at).event.author;
        let own = self.grants[at].filter(|grant| grant.person == author);
        own.map_or(&[], Grant::other_ids)
    }

    /// The ids of an event's author.
    pub(crate) fn ids(&self, at: usize) -> impl Iterator<Item = PersonId> {
        let author = self.entry(at).event.author;
        std::iter::once(author).chain(self.also(at).iter().copied())
    }

    /// Whether two events were made by one person: by one id, or the grant of one of them states an id of the other.
    pub(crate) fn same_person(&self, a: usize, b: usize) -> bool {
        if self.entry(a).event.author == self.entry(b).event.author {
            return true;
        }
        if self.also(a).is_empty() && self.also(b).is_empty() {
            return false;
        }
        self.ids(a).any(|id| self.ids(b).any(|other| other == id))
    }

    /// Whether this is an id of an event's author.
    pub(crate) fn has_id(&self, at: usize, person: PersonId) -> bool {
        self.ids(at).any(|id| id == person)
    }

    /// Whether an event was made by the person of a grant.
    pub(crate) fn is_by(&self, at: usize, grant: &Grant) -> bool {
        self.ids(at).any(|id| grant.is_id(id))
    }

    /// The persons who made these events, each by one of its ids, in the order of ids.
    pub(crate) fn persons(&self, of: impl Iterator<Item = usize>) -> Vec<PersonId> {
        let mut persons: Vec<BTreeSet<PersonId>> = Vec::new();
        for at in of {
            let mut person: BTreeSet<PersonId> = self.ids(at).collect();
            persons.retain(|other| {
                let apart = person.is_disjoint(other);
                if !apart {
                    person.extend(other);
                }
                apart
            });
            persons.push(person);
        }
        let mut first: Vec<_> = persons.iter().filter_map(|p| p.first().copied()).collect();
        first.sort_unstable();
        first
    }
}
