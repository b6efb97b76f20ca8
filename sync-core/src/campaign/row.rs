//! The row of the list for a folded record or inspection.

use super::{CampaignRecord, InspectionState};
use crate::{
    catalogue::{Catalogue, INSPECTION},
    record::Row,
};

/// What stands in the place of words that were taken out of view.
const REDACTED: &str = "（已遮蔽）";

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The row of a record.
pub fn record_row(record: &CampaignRecord) -> Row {
    let version = record.versions.last();
    let title = version.map(|v| {
        if record.redacted.contains(&v.by) {
            REDACTED.to_owned()
        } else {
            v.title.to_string()
        }
    });
    let code = record.r#type.as_ref().map(ToString::to_string);
    Row {
        state: record.state.number(),
        code: code.clone().unwrap_or_default(),
        description: title.unwrap_or_default(),
        found: version.map_or(0, |v| v.held.0),
        updated: record.updated_at.0,
        events: count(record.history.len()),
        photos: count(record.photos.len()),
        record: Some(code.unwrap_or_default()),
        ..Row::default()
    }
}

/// The row of an inspection: its template for a title.
pub fn inspection_row(inspection: &InspectionState, catalogue: &Catalogue) -> Row {
    let code = inspection.template.as_ref().map(ToString::to_string);
    let code = code.unwrap_or_default();
    let template = catalogue.inspections.template(&code);
    Row {
        state: inspection.state.number(),
        description: template.map(|t| t.zh.clone()).unwrap_or_default(),
        code,
        found: inspection.started.0,
        updated: inspection.updated_at.0,
        events: count(inspection.history.len()),
        photos: count(inspection.photos.len()),
        record: Some(INSPECTION.to_owned()),
        ..Row::default()
    }
}
