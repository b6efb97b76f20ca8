//! A folded document: its state and everything derived from it, without what was redacted.

use std::{collections::BTreeSet, sync::Arc};

use super::{kind::DocumentKind, redaction::Redaction, state::DocumentState};
use crate::{
    activity::fold_activity,
    catalogue::Catalogue,
    hazard::fold_hazard,
    history::{EventEntry, FoldContext, JudgedEvent},
    inspection::fold_inspection,
    record::{EventId, PersonId, PhotoHash},
};

/// A folded document.
#[derive(Debug, Clone)]
pub struct Folded<'f> {
    /// The events with all their words; private to this module.
    pub(super) events: Vec<EventEntry>,
    pub(super) context: FoldContext<'f>,
    pub(super) catalogue: Arc<Catalogue>,
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
        catalogue: &Arc<Catalogue>,
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
            catalogue: Arc::clone(catalogue),
            redaction,
            full,
            shown,
        }
    }

    /// The state, without what was redacted.
    pub fn state(&self) -> &DocumentState {
        self.shown.as_ref().unwrap_or(&self.full)
    }

    /// The catalogue that it was folded by.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The kind of the document.
    pub fn kind(&self) -> DocumentKind {
        self.full.kind()
    }

    /// Every event with its verdict, causes before effects.
    pub fn judged(&self) -> &[JudgedEvent] {
        self.full.history()
    }

    /// The authors of the events, by the ids that the events state.
    pub fn authors(&self) -> BTreeSet<PersonId> {
        self.events.iter().map(|entry| entry.event.author).collect()
    }

    /// The photos that no view displays.
    pub fn hidden_photos(&self) -> Vec<PhotoHash> {
        self.redaction.photos().collect()
    }

    /// The heads of the history: what the next event names in `after`.
    pub fn heads(&self) -> Vec<EventId> {
        crate::history::heads(&self.events)
    }
}
