//! A folded document: its state and everything derived from it, without what was redacted.

use serde::Serialize;

use super::{
    display::{self, DisplayedEvent, DisplayedPhoto},
    hazard::FoldedHazard,
    kind::DocumentKind,
    list_row,
    redaction::Redaction,
};
use crate::{
    activity::{ActivityState, counts, fold_activity},
    catalogue::Catalogue,
    hazard::{
        HazardState, fold_hazard,
        quantity::{Quantity, quantities},
    },
    history::{EventEntry, FoldContext, JudgedEvent, Redacted},
    inspection::{Answered, InspectionState, fold_inspection},
    record::{BlobHash, DeviceTime, EventId, ListRow},
};

/// The state of a document by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DocumentState {
    /// Of a hazard.
    Hazard(Box<HazardState>),
    /// Of an activity.
    Activity(Box<ActivityState>),
    /// Of an inspection.
    Inspection(Box<InspectionState>),
}

impl DocumentState {
    fn redacted(&self) -> &Redacted {
        match self {
            Self::Hazard(state) => &state.redacted,
            Self::Activity(state) => &state.redacted,
            Self::Inspection(state) => &state.redacted,
        }
    }
}

/// A folded document.
#[derive(Debug, Clone)]
pub struct Folded<'f> {
    /// The events with all their words; private to this module.
    pub(super) events: Vec<EventEntry>,
    pub(super) context: FoldContext<'f>,
    pub(super) catalogue: &'static Catalogue,
    pub(super) redaction: Redaction,
    /// The state as the fold returned it; private to this module.
    pub(super) full: DocumentState,
    /// The state without what was redacted; `None` if nothing was redacted.
    shown: Option<DocumentState>,
}

impl<'f> Folded<'f> {
    /// Folds the events of a document with a fold context.
    pub fn new(
        events: Vec<EventEntry>,
        context: FoldContext<'f>,
        catalogue: &'static Catalogue,
    ) -> Self {
        let kind = DocumentKind::of(&context.attested(&events));
        let full = match kind {
            DocumentKind::Hazard => {
                DocumentState::Hazard(Box::new(fold_hazard(&events, &context, catalogue)))
            }
            DocumentKind::Activity => {
                DocumentState::Activity(Box::new(fold_activity(&events, &context, catalogue)))
            }
            DocumentKind::Inspection => {
                DocumentState::Inspection(Box::new(fold_inspection(&events, &context, catalogue)))
            }
        };
        let redaction = Redaction::new(&events, full.redacted());
        let shown = redaction.applied_to(&full);
        Self {
            events,
            context,
            catalogue,
            redaction,
            full,
            shown,
        }
    }

    /// The state, without what was redacted.
    pub fn state(&self) -> &DocumentState {
        self.shown.as_ref().unwrap_or(&self.full)
    }

    /// The kind of the document.
    pub fn kind(&self) -> DocumentKind {
        match self.full {
            DocumentState::Hazard(_) => DocumentKind::Hazard,
            DocumentState::Activity(_) => DocumentKind::Activity,
            DocumentState::Inspection(_) => DocumentKind::Inspection,
        }
    }

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

    /// Every event with its verdict, causes before effects.
    pub fn judged(&self) -> &[JudgedEvent] {
        match &self.full {
            DocumentState::Hazard(state) => &state.history,
            DocumentState::Activity(state) => &state.history,
            DocumentState::Inspection(state) => &state.history,
        }
    }

    /// The list row.
    pub fn list_row(&self) -> ListRow {
        list_row::of(self)
    }

    /// The events at these positions of [`Self::judged`], for display.
    pub fn events(&self, range: std::ops::Range<usize>) -> Vec<DisplayedEvent> {
        display::events(self, range)
    }

    /// The photos for display, with the events that name them.
    pub fn photos(&self) -> Vec<DisplayedPhoto<'_>> {
        display::photos(self)
    }

    /// The photos that no view displays.
    pub fn hidden_photos(&self) -> Vec<BlobHash> {
        self.redaction.photos().collect()
    }

    /// Whether the words of an event are hidden.
    pub fn is_redacted(&self, event: &EventId) -> bool {
        self.redaction.hides(event)
    }

    /// The heads of the causal history: what the next event names in `after`.
    pub fn heads(&self) -> Vec<EventId> {
        crate::history::heads(&self.events)
    }

    /// Whether an answer states a problem that opens a hazard, and no hazard was opened.
    pub fn lacks_hazard(&self, answered: &Answered) -> bool {
        let DocumentState::Inspection(state) = &self.full else {
            return false;
        };
        let same = |a: &&Answered| {
            (&a.building, &a.unit, &a.item) == (&answered.building, &answered.unit, &answered.item)
        };
        let mut lacking = state.failed_without_hazard(self.catalogue).into_iter();
        lacking.any(|a| same(&a))
    }

    /// What the document contributes to indicators.
    pub fn quantities(&self) -> Vec<Quantity> {
        match &self.full {
            DocumentState::Hazard(state) => quantities(state, &self.events),
            DocumentState::Activity(state) => {
                let at = state.versions.last().map_or(DeviceTime(0), |v| v.held);
                let counted = counts(state, self.catalogue).into_iter();
                counted
                    .map(|(name, milli)| Quantity { name, at, milli })
                    .collect()
            }
            DocumentState::Inspection(state) => state.quantities(),
        }
    }
}
