//! One hazard under judgement: its events in order, the grants they were made under, what is known of their time.

use super::{
    order::Ordered,
    state::{Grants, Stated},
    trust::{self, Interval},
};
use crate::{
    catalogue::{Catalogue, Grade, Rules},
    record::{EventBody, Grant, KindCode, ServerTime},
};

/// What every part of a fold may look at.
pub(super) struct Case<'a> {
    pub(super) ordered: Ordered<'a>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) rules: &'a Rules,
    /// Grants of all events, by position.
    pub(super) grants: Vec<Option<&'a Grant>>,
    /// When each event was made, as far as it can be bounded, by position.
    pub(super) times: Vec<Interval>,
    /// When the phone of each event was revoked, by position.
    pub(super) revoked: Vec<Option<ServerTime>>,
    /// An event of a newer version is there.
    pub(super) has_unknown: bool,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        events: &'a [Stated],
        grants: &'a impl Grants,
        catalogue: &'a Catalogue,
    ) -> Self {
        let ordered = Ordered::new(events);
        let each = || ordered.events.iter();
        let unknown = |s: &&Stated| matches!(s.event.body, EventBody::Unknown { .. });
        Self {
            grants: each().map(|s| grants.find(&s.event.grant)).collect(),
            revoked: each().map(|s| grants.revoked(&s.event.device)).collect(),
            times: trust::intervals(&ordered, grants),
            has_unknown: each().any(unknown),
            rules: &catalogue.rules,
            catalogue,
            ordered,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ordered.events.len()
    }

    pub(super) fn stated(&self, at: usize) -> &'a Stated {
        self.ordered.events[at]
    }

    pub(super) fn body(&self, at: usize) -> &'a EventBody {
        &self.ordered.events[at].event.body
    }

    /// Whether the author of the event at `later` had seen the event at `earlier`.
    pub(super) fn had_seen(&self, later: usize, earlier: usize) -> bool {
        self.ordered.ancestors[later].has(earlier)
    }

    /// Whether neither author had seen the other's event.
    pub(super) fn apart(&self, a: usize, b: usize) -> bool {
        !self.had_seen(a, b) && !self.had_seen(b, a)
    }

    /// Default grade of a kind.
    pub(super) fn grade_of(&self, code: &KindCode) -> Option<Grade> {
        let kind = self.catalogue.kinds.find(code.as_str());
        kind.map(|kind| kind.grade)
    }
}
