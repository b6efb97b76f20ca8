//! The state of a document by its kind.

use serde::Serialize;

use super::kind::DocumentKind;
use crate::{
    activity::ActivityState,
    hazard::HazardState,
    history::{JudgedEvent, Redacted},
    inspection::InspectionState,
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
    pub(super) fn kind(&self) -> DocumentKind {
        match self {
            Self::Hazard(_) => DocumentKind::Hazard,
            Self::Activity(_) => DocumentKind::Activity,
            Self::Inspection(_) => DocumentKind::Inspection,
        }
    }

    pub(super) fn history(&self) -> &[JudgedEvent] {
        match self {
            Self::Hazard(state) => &state.history,
            Self::Activity(state) => &state.history,
            Self::Inspection(state) => &state.history,
        }
    }

    pub(super) fn redacted(&self) -> &Redacted {
        match self {
            Self::Hazard(state) => &state.redacted,
            Self::Activity(state) => &state.redacted,
            Self::Inspection(state) => &state.redacted,
        }
    }
}
