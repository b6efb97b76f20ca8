//! One document under judgement: its events in order, the grants they were made under, what is known of their time.

use super::{
    order::Ordered,
    state::{Grants, Stated},
    trust::{self, Interval},
};
use crate::{
    catalogue::{Catalogue, Grade, Rules},
    record::{DeviceTime, EventBody, Grant, KindCode, ServerTime},
};

/// What every part of a fold may look at.
pub(crate) struct Case<'a> {
    pub(crate) ordered: Ordered<'a>,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) rules: &'a Rules,
    /// Grants of all events, by position.
    pub(crate) grants: Vec<Option<&'a Grant>>,
    /// When each event was made, as far as it can be bounded, by position.
    pub(crate) times: Vec<Interval>,
    /// When the phone of each event was revoked, by position.
    pub(crate) revoked: Vec<Option<ServerTime>>,
    /// Whether only devices other than the author's have brought the event, by position.
    pub(crate) unattested: Vec<bool>,
    /// An event of a newer version is there.
    pub(crate) has_unknown: bool,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        events: &'a [Stated],
        grants: &'a impl Grants,
        catalogue: &'a Catalogue,
    ) -> Self {
        let ordered = Ordered::new(events);
        let each = || ordered.events.iter();
        let mut case = Self {
            grants: each().map(|s| grants.find(&s.event.grant)).collect(),
            // A grant that was signed after the phone was revoked says that the phone may speak again.
            revoked: each()
                .map(|s| {
                    let since = |at: &ServerTime| {
                        let grant = grants.find(&s.event.grant);
                        grant.is_none_or(|grant| grant.issued <= *at)
                    };
                    grants.revoked(&s.event.device).filter(since)
                })
                .collect(),
            unattested: each().map(|s| grants.is_unattested(&s.id)).collect(),
            times: trust::intervals(&ordered, grants),
            has_unknown: false,
            rules: &catalogue.rules,
            catalogue,
            ordered,
        };
        case.has_unknown = (0..case.len()).any(|at| case.is_held_by(at));
        case
    }

    /// Whether an event is of a newer version and its author may say something here: then it holds closing. What
    /// nobody was entitled to say holds nothing up.
    fn is_held_by(&self, at: usize) -> bool {
        if !matches!(self.body(at), EventBody::Unknown { .. }) {
            return false;
        }
        super::judge::authority(self, at, None).is_ok_and(|grant| {
            let mut areas = (0..self.len()).filter_map(|at| self.body(at).begins_in());
            areas.any(|area| grant.area.covers(area))
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.ordered.events.len()
    }

    pub(crate) fn stated(&self, at: usize) -> &'a Stated {
        self.ordered.events[at]
    }

    pub(crate) fn body(&self, at: usize) -> &'a EventBody {
        &self.ordered.events[at].event.body
    }

    /// Whether the author of the event at `later` had seen the event at `earlier`.
    pub(crate) fn had_seen(&self, later: usize, earlier: usize) -> bool {
        self.ordered.ancestors[later].has(earlier)
    }

    /// Whether neither author had seen the other's event.
    pub(crate) fn apart(&self, a: usize, b: usize) -> bool {
        !self.had_seen(a, b) && !self.had_seen(b, a)
    }

    /// Default grade of a kind, by the version of the day of the finding.
    pub(crate) fn grade_of(&self, code: &KindCode, found: DeviceTime) -> Option<Grade> {
        let kind = self.catalogue.kind(code.as_str(), found);
        kind.map(|kind| kind.grade)
    }
}
