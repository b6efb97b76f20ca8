//! What the oracle knows while it judges: the document, the facts and the verdicts.

use sync_core::record::{Event, EventBody, EventId, Grant, Role};

use super::{catalogue::Types, state, verdict};
use crate::oracle::{
    case::Effect,
    doc::{Doc, Set},
    facts::Facts,
    times::{self, Bounds},
};

/// The verdict on an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is content, a closing or a withdrawal.
    Accepted,
    /// A keep: a `confirm` that decides about a withdrawal in dispute.
    Keeps {
        /// Whether it is a closing too.
        covers: bool,
    },
    /// It adds to the document and decides nothing.
    Added,
    /// A withdrawal that lacks its second person.
    Proposed,
    /// It has no effect.
    Void(&'static str),
    /// An event of a newer version.
    Unknown,
}

impl Verdict {
    /// Whether it is accepted.
    pub(crate) fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::Keeps { .. })
    }
}

/// The classes of section 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// `activity`, `inspect`, `amend`, `answer`.
    Content,
    /// `confirm`, `finish_inspection`.
    Closing,
    /// `withdraw`.
    Withdrawal,
    /// All other kinds.
    Other,
}

/// Which effects a set is read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// All effects are taken as *counts*.
    AllCount,
    /// With effects and receipts.
    Actual,
}

/// A document while it is judged.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// The graph.
    pub(crate) doc: Doc,
    /// The facts.
    pub(crate) facts: &'a Facts,
    /// The catalogue.
    pub(crate) types: &'a Types,
    /// The bounds of each event.
    pub(crate) bounds: Vec<Bounds>,
    /// The verdict on each event.
    pub(crate) verdicts: Vec<Verdict>,
    /// The effect of each event.
    pub(crate) effects: Vec<Effect>,
}

impl<'a> Case<'a> {
    /// An empty document.
    pub(crate) fn new(facts: &'a Facts, types: &'a Types) -> Self {
        Self {
            doc: Doc::default(),
            facts,
            types,
            bounds: Vec::new(),
            verdicts: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Judges one more event, whose known parents are in the case.
    pub(crate) fn push(&mut self, id: EventId, event: Event, grant: Option<Grant>) {
        self.doc.push(id, event, grant);
        self.bounds = times::bounds(&self.doc, self.facts);
        let verdict = verdict::judge(self, self.doc.events.len() - 1);
        self.verdicts.push(verdict);
    }

    /// Removes the newest event.
    pub(crate) fn pop(&mut self) {
        self.doc.pop();
        self.bounds.pop();
        self.verdicts.pop();
    }

    /// The class of an event.
    pub(crate) fn class(&self, e: usize) -> Class {
        match self.doc.kind(e) {
            "activity" | "amend" | "inspect" | "answer" => Class::Content,
            "confirm" | "finish_inspection" => Class::Closing,
            "withdraw" => Class::Withdrawal,
            _ => Class::Other,
        }
    }

    /// Whether an event is a beginning.
    pub(crate) fn begins(&self, e: usize) -> bool {
        matches!(
            self.doc.body(e),
            EventBody::Activity(_) | EventBody::Inspect(_)
        )
    }

    /// Whether an event is accepted.
    pub(crate) fn is_accepted(&self, e: usize) -> bool {
        self.verdicts[e].is_accepted()
    }

    /// Section 10, *live*: accepted, and its effect counts.
    pub(crate) fn is_live(&self, e: usize, mode: Mode) -> bool {
        if !self.is_accepted(e) {
            return false;
        }
        if mode == Mode::AllCount {
            return true;
        }
        match self.effects[e] {
            Effect::Counts => true,
            Effect::Pending => !matches!(self.class(e), Class::Closing | Class::Withdrawal),
            Effect::None | Effect::ProposedInstead => false,
        }
    }

    /// The accepted beginnings of a set, in display order.
    pub(crate) fn begun(&self, set: &Set) -> Vec<usize> {
        let of = |e: &&usize| self.begins(**e) && self.is_accepted(**e);
        set.iter().filter(of).copied().collect()
    }

    /// The unknown beginnings of a set, in display order.
    pub(crate) fn begun_unknown(&self, set: &Set) -> Vec<usize> {
        let of = |e: &&usize| self.begins(**e) && self.verdicts[**e] == Verdict::Unknown;
        set.iter().filter(of).copied().collect()
    }

    /// The state that an event is judged in.
    pub(crate) fn known(&self, e: usize) -> state::View {
        state::view(self, &self.doc.past[e], Mode::AllCount)
    }

    /// Section 10, *own*: the author of e is the person of every accepted beginning in P(e).
    pub(crate) fn is_own(&self, e: usize) -> bool {
        let begun = self.begun(&self.doc.past[e]);
        begun.iter().all(|b| self.doc.same_person(*b, e))
    }

    /// Section 10, *decider*: `begun` is the first accepted beginning in P(e).
    pub(crate) fn is_decider(&self, e: usize, begun: usize) -> bool {
        let Some(role) = self.doc.role(e) else {
            return false;
        };
        match self.doc.body(begun) {
            EventBody::Activity(entry) => self
                .types
                .activity(entry.r#type.as_str())
                .is_some_and(|of| of.confirm_roles.contains(&role)),
            _ => matches!(
                role,
                Role::StreetOfficer
                    | Role::CountyReviewer
                    | Role::CityReviewer
                    | Role::ProvinceReviewer
            ),
        }
    }

    /// Section 10, *inspected side*: `begun` is the first accepted beginning in P(e).
    pub(crate) fn is_inspected_side(&self, e: usize, begun: usize) -> bool {
        let on_it = |e: usize| {
            let role = self.doc.role(e);
            role.is_some_and(|role| verdict::SIDE.contains(&role))
        };
        on_it(e) && !on_it(begun)
    }

    /// The events by person: authors who share an id are one person.
    pub(crate) fn persons(&self, events: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for e in events {
            let (mut joined, others): (Vec<_>, Vec<_>) = groups
                .into_iter()
                .partition(|group| group.iter().any(|f| self.doc.same_person(*e, *f)));
            joined.push(vec![*e]);
            groups = others;
            groups.push(joined.concat());
        }
        groups
    }
}
