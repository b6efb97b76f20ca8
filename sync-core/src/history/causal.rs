//! The history of one document: its events in causal order, with the grants and times that its events are judged by.

use super::{
    context::FoldContext,
    entry::EventEntry,
    order::CausalOrder,
    time::{self, TimeBounds},
};
use crate::{
    catalogue::{Catalogue, Grade, Rules},
    record::{Edition, EventBody, Grant, KindCode, ServerTime},
};

/// All events of a document in causal order. Vectors are indexed by the position of the event in that order.
pub(crate) struct History<'a> {
    pub(crate) order: CausalOrder<'a>,
    context: &'a FoldContext<'a>,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) rules: &'a Rules,
    /// The grant that each event names, if it is known.
    pub(crate) grants: Vec<Option<&'a Grant>>,
    /// The time bounds of each event.
    pub(crate) times: Vec<TimeBounds>,
    /// When the device of each event's author was revoked.
    pub(crate) revoked: Vec<Option<ServerTime>>,
    /// Whether only devices other than the author's have brought the event.
    pub(crate) unattested: Vec<bool>,
    /// Whether a person accepted the event in spite of a revocation or the end of its grant.
    pub(crate) accepted: Vec<bool>,
}

impl<'a> History<'a> {
    pub(crate) fn new(
        events: &'a [EventEntry],
        context: &'a FoldContext<'_>,
        catalogue: &'a Catalogue,
    ) -> Self {
        let order = CausalOrder::new(events);
        let accepted = context.accepted();
        let each = || order.events.iter();
        let revoked = |entry: &&EventEntry| {
            let grant = context.grant(&entry.event.grant);
            context.revoked(&entry.event.device, grant)
        };
        Self {
            grants: each().map(|e| context.grant(&e.event.grant)).collect(),
            revoked: each().map(revoked).collect(),
            unattested: each().map(|e| context.is_unattested(&e.id)).collect(),
            accepted: each().map(|e| accepted.contains(&e.id)).collect(),
            times: time::bounds(&order, context),
            rules: &catalogue.rules,
            context,
            catalogue,
            order,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.order.events.len()
    }

    pub(crate) fn entry(&self, at: usize) -> &'a EventEntry {
        self.order.events[at]
    }

    pub(crate) fn body(&self, at: usize) -> &'a EventBody {
        &self.order.events[at].event.body
    }

    /// Whether the event at `earlier` happened before the event at `later`: the author of `later` had it.
    pub(crate) fn happened_before(&self, earlier: usize, later: usize) -> bool {
        self.order.ancestors[later].has(earlier)
    }

    /// Whether two events are concurrent: neither happened before the other.
    pub(crate) fn is_concurrent(&self, a: usize, b: usize) -> bool {
        !self.happened_before(a, b) && !self.happened_before(b, a)
    }

    /// The default grade of a hazard kind in an edition of the catalogue.
    pub(crate) fn grade_of(&self, code: &KindCode, edition: Edition) -> Option<Grade> {
        let kind = self.catalogue.kind(code.as_str(), edition);
        kind.map(|kind| kind.grade)
    }

    /// The edition of the catalogue that judges an event. Its own time bounds count, not those that other events give
    /// it: what is received later changes no edition.
    pub(crate) fn edition(&self, at: usize) -> Edition {
        let entry = self.entry(at);
        edition_of(entry, self.context, self.catalogue)
    }
}

/// The edition of the catalogue that judges an event.
pub(crate) fn edition_of(
    entry: &EventEntry,
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> Edition {
    let event = &entry.event;
    let bounds = if context.is_unattested(&entry.id) {
        TimeBounds::default()
    } else {
        TimeBounds::new(event.beacon.as_ref(), context.received(&entry.id))
    };
    catalogue.judging(event.edition, event.claimed, bounds.lower, bounds.upper)
}
