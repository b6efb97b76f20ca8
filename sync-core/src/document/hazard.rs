//! The queries of a folded hazard that other modules use.

use std::collections::BTreeSet;

use super::{folded::Folded, state::DocumentState};
use crate::{
    catalogue::{Catalogue, Due, StateCode},
    duty::{DutyChain, duty_chain},
    grouping::{Comparable, GroupMember},
    hazard::{
        HazardState, deadline,
        explain::{Explanation, explain},
        first_observation, placed,
        transfer::{TransferCase, transfers},
    },
    history::{Validity, Verdict},
    record::{DocId, EventId, OrganId, Place, Position, Role, ServerTime},
};

/// A folded hazard, without what was redacted.
#[derive(Debug, Clone, Copy)]
pub struct FoldedHazard<'f> {
    pub(super) folded: &'f Folded<'f>,
    pub(super) state: &'f HazardState,
}

impl Folded<'_> {
    /// The document as a hazard; `None` if it is none.
    pub fn hazard(&self) -> Option<FoldedHazard<'_>> {
        match self.state() {
            DocumentState::Hazard(state) => Some(FoldedHazard {
                folded: self,
                state,
            }),
            _ => None,
        }
    }
}

impl<'f> FoldedHazard<'f> {
    /// The state.
    pub fn state(&self) -> &'f HazardState {
        self.state
    }

    /// The catalogue that it was folded by.
    pub fn catalogue(&self) -> &'f Catalogue {
        &self.folded.catalogue
    }

    /// The place of the hazard: as corrected, else that of the first observation. A redacted spot is empty.
    pub fn place(&self) -> Option<Place> {
        let (by, place) = placed(self.state, &self.folded.events)?;
        let mut place = place.clone();
        if self.folded.redaction.hides(&by) {
            place.spot = Default::default();
        }
        Some(place)
    }

    /// The event that states the place.
    pub(super) fn placed_by(&self) -> Option<EventId> {
        placed(self.state, &self.folded.events).map(|(by, _)| by)
    }

    /// The position of the device when the hazard was found.
    pub fn position(&self) -> Option<Position> {
        first_observation(self.state, &self.folded.events)?
            .1
            .position
    }

    /// The last open state that the events in force led to; the state itself if it is open.
    pub fn last_open(&self) -> StateCode {
        let rules = &self.folded.catalogue.rules;
        if rules.is_open(self.state.state) {
            return self.state.state;
        }
        let steps = self.state.history.iter().rev().filter_map(|j| {
            let Verdict::Accepted { step: Some(step) } = &j.verdict else {
                return None;
            };
            let both = [step.to, step.from].into_iter();
            let mut open = both.filter(|state| rules.is_open(*state));
            open.next().filter(|_| j.count == Validity::Yes)
        });
        let first = || rules.first.to;
        steps.into_iter().next().unwrap_or_else(first)
    }

    /// The number of items: as corrected, else as the first observation states it.
    pub fn item_count(&self) -> Option<u32> {
        let corrected = self.state.values.count.first().map(|v| v.value);
        let first = || first_observation(self.state, &self.folded.events)?.1.count;
        corrected.or_else(first)
    }

    /// The hazard as a member of a group.
    pub fn group_member(&self, doc: DocId) -> GroupMember {
        GroupMember::of(doc, self.state, &self.folded.events, &self.folded.context)
    }

    /// The hazard as it is compared with others, without perceptual hashes; `None` if no valid observation began it.
    pub fn comparable(&self, doc: DocId) -> Option<Comparable> {
        Comparable::of(doc, self.state, &self.folded.events, &self.place()?)
    }

    /// When the hazard must be rectified; see [`deadline::trusted_due`].
    pub fn trusted_due(&self, doc: DocId) -> Option<Due> {
        let found = self.group_member(doc).when;
        deadline::trusted_due(self.state, &self.folded.catalogue, &found)
    }

    /// Property companies whose staff stated an event of the hazard.
    pub fn companies(&self) -> BTreeSet<OrganId> {
        let staff = |role| matches!(role, Role::PropertyManager | Role::PropertyPatrol);
        let events = self.folded.events.iter();
        events
            .filter_map(|entry| self.folded.context.grant(&entry.event.grant))
            .filter(|grant| staff(grant.role))
            .map(|grant| grant.organ)
            .collect()
    }

    /// The duty chain of a company at a time; `None` if the hazard is no violation or the company showed no knowledge
    /// of it.
    pub fn duty_chain(&self, company: OrganId, now: ServerTime) -> Option<DutyChain> {
        let Folded {
            events,
            context,
            catalogue,
            ..
        } = self.folded;
        duty_chain(self.state, events, context, catalogue, company, now)
    }

    /// Transfers to departments, in the order in which they were sent.
    pub fn transfers(&self, now: ServerTime) -> Vec<TransferCase> {
        let Folded {
            events,
            context,
            catalogue,
            ..
        } = self.folded;
        transfers(self.state, events, context, catalogue, now)
    }

    /// The explanation of its state, with at most `limit` conflicts and `limit` notices, open conflicts first. `name`
    /// returns the name of an event's author.
    pub fn explain(
        &self,
        now: Option<ServerTime>,
        name: &dyn Fn(&EventId) -> String,
        limit: usize,
    ) -> Explanation {
        let Folded {
            events, catalogue, ..
        } = self.folded;
        let mut state = self.state.clone();
        state.conflicts.sort_by_key(|c| !c.is_open());
        state.conflicts.truncate(limit);
        state.notices.truncate(limit);
        explain(&state, events, catalogue, now, name)
    }
}
