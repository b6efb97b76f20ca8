//! How the judged events of a hazard relate: descendants, and the sets of events that the rules of conflict speak of.

use super::taken::Taken;
use crate::{
    catalogue::EventClass,
    history::{History, Positions},
    record::EventBody,
};

/// Sets of accepted events, by position.
pub(super) struct Relations {
    /// The events that have each event in their causal history.
    pub(super) descendants: Vec<Positions>,
    /// All accepted events.
    pub(super) accepted: Positions,
    /// Of these, those that have an effect.
    pub(super) effective: Positions,
    /// The accepted events with a lower bound of their time.
    pub(super) bounded: Positions,
    /// By row of the table: the events that may be its decision.
    pub(super) decisions: Vec<Positions>,
    /// The events that change the state.
    pub(super) states: Positions,
    pub(super) claims: Positions,
    /// The events whose author may take part in no concurrent decision: claims, checks and findings.
    pub(super) parties: Positions,
    pub(super) endings: Positions,
    /// The endings that merge the hazard into another one.
    pub(super) merges: Positions,
    pub(super) findings: Positions,
    /// Checks and endings.
    pub(super) passing: Positions,
    /// The events that do not count as the decision of an open conflict: checks, endings and withdrawals.
    pub(super) contestable: Positions,
    pub(super) resolutions: Positions,
    pub(super) unmerges: Positions,
    pub(super) transfers: Positions,
    /// The events that may end a transfer: returns and withdrawals.
    pub(super) withdrawing: Positions,
    /// The findings whose transition opens a round.
    pub(super) opening: Positions,
}

impl Relations {
    /// Those of no event.
    pub(super) fn new(history: &History<'_>) -> Self {
        let size = history.len();
        let none = || Positions::new(size);
        let rows = history.rules.concurrent.len();
        Self {
            descendants: vec![none(); size],
            accepted: none(),
            effective: none(),
            bounded: none(),
            decisions: vec![none(); rows],
            states: none(),
            claims: none(),
            parties: none(),
            endings: none(),
            merges: none(),
            findings: none(),
            passing: none(),
            contestable: none(),
            resolutions: none(),
            unmerges: none(),
            transfers: none(),
            withdrawing: none(),
            opening: none(),
        }
    }

    /// Whether what an event's causal history amounts to decides about other events too.
    pub(super) fn matters(&self, at: usize) -> bool {
        self.passing.has(at) || self.findings.has(at) || self.transfers.has(at)
    }

    /// Adds the next judged event.
    pub(super) fn add(&mut self, history: &History<'_>, at: usize, taken: Option<&Taken<'_>>) {
        for ancestor in history.order.ancestors[at].iter() {
            self.descendants[ancestor].insert(at);
        }
        let Some(taken) = taken else {
            return;
        };
        self.accepted.insert(at);
        if taken.effect.is_live(history.body(at), taken.class) {
            self.effective.insert(at);
        }
        if history.times[at].lower.is_some() {
            self.bounded.insert(at);
        }
        let mut rows = taken.rows[1];
        while rows != 0 {
            self.decisions[rows.trailing_zeros() as usize].insert(at);
            rows &= rows - 1;
        }
        if taken.to.is_some() {
            self.states.insert(at);
        }
        match taken.class {
            EventClass::Claim => {
                self.claims.insert(at);
                self.parties.insert(at);
            }
            EventClass::Check => {
                self.parties.insert(at);
                self.passing.insert(at);
                self.contestable.insert(at);
            }
            EventClass::Finding => {
                self.parties.insert(at);
                self.findings.insert(at);
            }
            EventClass::Ending => {
                self.endings.insert(at);
                self.passing.insert(at);
                self.contestable.insert(at);
            }
            _ => {}
        }
        match history.body(at) {
            EventBody::Resolve(_) => self.resolutions.insert(at),
            EventBody::MarkDuplicate(_) => self.merges.insert(at),
            EventBody::Transfer(_) => self.transfers.insert(at),
            EventBody::TransferReturn(_) => self.withdrawing.insert(at),
            EventBody::TransferWithdraw(_) => {
                self.withdrawing.insert(at);
                self.contestable.insert(at);
            }
            EventBody::Unmerge(_) => self.unmerges.insert(at),
            _ => {}
        }
        if taken.opens {
            self.opening.insert(at);
        }
    }

    /// The events that have one of these in their causal history.
    pub(super) fn after(&self, events: &Positions) -> Positions {
        let mut found = Positions::new(self.descendants.len());
        for at in events.iter() {
            // The descendants of a descendant are among those of its ancestor.
            if !found.has(at) {
                found.extend(&self.descendants[at]);
            }
        }
        found
    }

    /// The events of a set that are concurrent with an event.
    pub(super) fn concurrent(
        &self,
        history: &History<'_>,
        set: &Positions,
        at: usize,
    ) -> Positions {
        let mut found = set.clone();
        found.subtract(&history.order.ancestors[at]);
        found.subtract(&self.descendants[at]);
        found.remove(at);
        found
    }
}
