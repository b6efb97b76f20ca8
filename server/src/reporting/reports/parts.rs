//! Reports of parts that were added up and do not stand any more: corrected, returned, unlocked or withdrawn since.

use serde::Serialize;
use sync_core::catalogue::{Catalogue, Level};

use super::{document::SealedReport, standing::state};
use crate::storage::{
    StorageError, Tx,
    reports::{self, Report},
};

/// A report that was added up and does not stand any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChangedPart {
    /// Administrative path of the part.
    pub area: String,
    /// The number of the report that was added up.
    pub report: String,
    /// The step that it stands at now.
    pub state: String,
    /// The number of the report that corrects it, if there is one.
    pub corrected_by: Option<String>,
}

/// Those of these reports that would not be added up any more, in their order.
pub(super) fn changed(
    tx: &mut dyn Tx,
    parts: &[Report],
) -> Result<Vec<Option<ChangedPart>>, StorageError> {
    let ids: Vec<_> = parts.iter().map(|part| part.id.clone()).collect();
    let steps = reports::steps(tx, &ids)?;
    let corrected = reports::corrected(tx, &ids)?;
    let table = &Catalogue::embedded().indicators;
    let of = |part: &Report| {
        let at = steps.get(&part.id).map_or("", |steps| state(steps));
        let corrected_by = corrected.get(&part.id).cloned();
        let counts = Level::ALL.iter().any(|level| table.is_added_up(at, *level));
        (!counts || corrected_by.is_some()).then(|| ChangedPart {
            area: part.area.clone(),
            report: part.number.clone(),
            state: at.to_owned(),
            corrected_by,
        })
    };
    Ok(parts.iter().map(of).collect())
}

/// The parts of a report that do not stand any more, by the sources that its sealed bytes name.
pub(super) fn changed_parts(
    tx: &mut dyn Tx,
    sealed: &SealedReport,
) -> Result<Vec<ChangedPart>, StorageError> {
    let numbers: Vec<_> = sealed.sources.iter().map(|s| s.report.as_str()).collect();
    let parts = reports::with_numbers(tx, &numbers)?;
    Ok(changed(tx, &parts)?.into_iter().flatten().collect())
}
