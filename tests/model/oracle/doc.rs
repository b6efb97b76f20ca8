//! The document as a graph: causal histories, concurrency, authors (docs/rules.md, section 1).

use std::collections::{BTreeMap, BTreeSet};

use sync_core::record::{
    Event, EventBody, EventId, Grant, GrantId, OrganId, PersonId, PhotoHash, Role,
};

use super::{
    classes::{Class, class},
    roles,
};

/// A set of events, by index into [`Doc::events`].
pub(crate) type Set = BTreeSet<usize>;

/// An event with its grant.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The id.
    pub(crate) id: EventId,
    /// The event.
    pub(crate) event: Event,
    /// The grant that it names, if that is known.
    pub(crate) grant: Option<Grant>,
}

/// All events of a document in display order.
#[derive(Debug, Default)]
pub(crate) struct Doc {
    /// The events.
    pub(crate) events: Vec<Entry>,
    /// The causal history of each event.
    pub(crate) past: Vec<Set>,
    /// The descendants of each event.
    pub(crate) future: Vec<Set>,
}

impl Doc {
    /// Section 1: unknown ids and duplicates are ignored. An id is a hash, so there is no cycle; events on a cycle
    /// would be left out.
    pub(crate) fn new(events: &[(EventId, Event)], grants: &BTreeMap<GrantId, Grant>) -> Self {
        let mut all: BTreeMap<EventId, &Event> = BTreeMap::new();
        for (id, event) in events {
            all.entry(*id).or_insert(event);
        }
        let mut doc = Self::default();
        for id in display_order(&all) {
            let event = all[&id].clone();
            let grant = grants.get(&event.grant).cloned();
            doc.push(id, event, grant);
        }
        doc
    }

    /// Adds an event whose known parents are there.
    pub(crate) fn push(&mut self, id: EventId, event: Event, grant: Option<Grant>) {
        let late = self.events.len();
        let mut past = Set::new();
        for parent in event.after.iter().filter_map(|id| self.find(id)) {
            past.insert(parent);
            past.extend(self.past[parent].iter().copied());
        }
        for early in &past {
            self.future[*early].insert(late);
        }
        self.past.push(past);
        self.future.push(Set::new());
        self.events.push(Entry { id, event, grant });
    }

    /// Removes the newest event.
    pub(crate) fn pop(&mut self) {
        self.events.pop();
        self.past.pop();
        self.future.pop();
        let late = self.events.len();
        for future in &mut self.future {
            future.remove(&late);
        }
    }

    /// The body of an event.
    pub(crate) fn body(&self, e: usize) -> &EventBody {
        &self.events[e].event.body
    }
    /// The name of its kind.
    pub(crate) fn kind(&self, e: usize) -> &'static str {
        self.body(e).name()
    }
    /// Its class.
    pub(crate) fn class(&self, e: usize) -> Class {
        class(self.body(e))
    }
    /// Its author.
    pub(crate) fn person(&self, e: usize) -> PersonId {
        self.events[e].event.author
    }
    /// The organisation of its grant.
    pub(crate) fn organ(&self, e: usize) -> Option<OrganId> {
        self.events[e].grant.as_ref().map(|g| g.organ)
    }
    /// The role of its grant.
    pub(crate) fn role(&self, e: usize) -> Option<Role> {
        self.events[e].grant.as_ref().map(|g| g.role)
    }
    /// The level of its grant's role; 0 without a grant.
    pub(crate) fn level(&self, e: usize) -> u8 {
        self.role(e).map_or(0, roles::level)
    }
    /// Whether it is statutory.
    pub(crate) fn is_statutory(&self, e: usize) -> bool {
        self.role(e).is_some_and(roles::is_statutory)
    }
    /// e ∈ P(f).
    pub(crate) fn before(&self, e: usize, f: usize) -> bool {
        self.past[f].contains(&e)
    }
    /// e ∥ f.
    pub(crate) fn concurrent(&self, e: usize, f: usize) -> bool {
        e != f && !self.before(e, f) && !self.before(f, e)
    }
    /// The ids of its author: that of the event, and those that its own grant states.
    pub(crate) fn ids(&self, e: usize) -> Vec<PersonId> {
        let author = self.person(e);
        let own = self.events[e].grant.iter().filter(|g| g.person == author);
        let others = own.flat_map(|g| g.also.iter().flatten().copied());
        std::iter::once(author).chain(others).collect()
    }
    /// Section 1: whether two events are of the same person.
    pub(crate) fn same_person(&self, e: usize, f: usize) -> bool {
        let ids = self.ids(f);
        self.ids(e).iter().any(|id| ids.contains(id))
    }
    /// Whether two events are of one known organisation.
    pub(crate) fn same_organ(&self, e: usize, f: usize) -> bool {
        self.organ(e).is_some() && self.organ(e) == self.organ(f)
    }
    /// Whether two events have the same author or the same organisation.
    pub(crate) fn same_side(&self, e: usize, f: usize) -> bool {
        self.same_person(e, f) || self.same_organ(e, f)
    }
    /// Whether the event carries the photo.
    pub(crate) fn has_photo(&self, e: usize, photo: PhotoHash) -> bool {
        self.body(e).photos().iter().any(|p| p.hash == photo)
    }
    /// Section 5.2: whether the author of s is the author of an event of a conflict that is concurrent with s. Such a
    /// settlement settles nothing.
    pub(crate) fn is_party_later(&self, s: usize, sides: &Set) -> bool {
        sides
            .iter()
            .any(|x| self.concurrent(*x, s) && self.same_person(*x, s))
    }
    /// The members of a set that no member has in its causal history.
    pub(crate) fn newest(&self, set: &Set) -> Set {
        let is_newest = |e: &&usize| !set.iter().any(|f| self.before(**e, *f));
        set.iter().filter(is_newest).copied().collect()
    }
    /// The index of an id.
    pub(crate) fn find(&self, id: &EventId) -> Option<usize> {
        self.events.iter().position(|entry| entry.id == *id)
    }
}

/// Section 1, "Display order": causal order; of the events whose causes are placed, the one with the earliest claimed
/// time comes next, then the one with the smaller id. The restriction of this order to a causal history is the display
/// order of that history. Events on a cycle are left out.
fn display_order(all: &BTreeMap<EventId, &Event>) -> Vec<EventId> {
    let mut order = Vec::new();
    let mut placed = BTreeSet::new();
    loop {
        let is_ready = |id: &EventId, event: &Event| {
            let mut known = event.after.iter().filter(|p| all.contains_key(*p));
            !placed.contains(id) && known.all(|p| placed.contains(p))
        };
        let ready = all.iter().filter(|(id, event)| is_ready(id, event));
        let Some((id, _)) = ready.min_by_key(|(id, event)| (event.claimed, **id)) else {
            return order;
        };
        order.push(*id);
        placed.insert(*id);
    }
}
