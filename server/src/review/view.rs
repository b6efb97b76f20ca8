//! A ledger row as reviewers read it.

use serde::Serialize;
use sync_core::{catalogue::Catalogue, hazard::Flags};

use super::{
    lookups::{Lookups, lookups},
    time::instant,
};
use crate::storage::{StorageError, Tx, hazards::HazardRow};

/// The flag of a hazard whose state rests on two ids that are one person. The server knows it, and not the fold.
pub(super) const ONE_PERSON: &str = "one_person";

/// A hazard in the ledger.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HazardView {
    /// The id of the document.
    pub id: String,
    /// State such as `HS10`.
    pub state: String,
    /// The state's Chinese name.
    pub state_zh: String,
    /// Whether the hazard still needs work.
    pub open: bool,
    /// 1, and one more for each time the hazard recurred.
    pub cycle: u16,
    /// The flags that are set.
    pub flags: Vec<&'static str>,
    /// Hazard kind.
    pub kind: String,
    /// The kind's Chinese name.
    pub kind_zh: String,
    /// Grade.
    pub grade: String,
    /// Administrative path.
    pub area: String,
    /// The area's name, if it is known.
    pub area_name: Option<String>,
    /// The compound's name, if it is known.
    pub compound: Option<String>,
    /// The place in words.
    pub place: String,
    /// The place key: two spellings of one place have the same key.
    pub place_key: String,
    /// The description of what was found.
    pub description: String,
    /// The number of items, in the unit of the kind.
    pub count: Option<u32>,
    /// Unit of the count.
    pub unit: String,
    /// First found, RFC 3339, by the finder's clock.
    pub found_at: String,
    /// Last event, RFC 3339, by its author's clock.
    pub updated_at: String,
    /// Earliest deadline.
    pub deadline: Option<String>,
    /// The number of events.
    pub event_count: u32,
    /// The number of observations.
    pub observation_count: u32,
    /// Conflicts that no reviewer has decided.
    pub open_conflict_count: u32,
    /// The number of photos that the document names.
    pub photo_count: u32,
    /// The number of these photos that are not stored yet.
    pub photos_pending: i64,
    /// Position as measured: in 1e-7 degrees, with its reference system.
    pub position: Option<PositionView>,
    /// Whether a photo of it is also used for another place. The evidence may be false: a reviewer should check it
    /// before closing the hazard.
    pub evidence_alarm: bool,
    /// Why the document cannot be folded, if so.
    pub problem: Option<String>,
}

/// A position as measured, never converted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PositionView {
    /// Latitude, 1e-7 degree.
    pub latitude_e7: i32,
    /// Longitude, 1e-7 degree.
    pub longitude_e7: i32,
    /// Reference system.
    pub crs: String,
    /// Accuracy in centimetres.
    pub accuracy_cm: Option<u32>,
}

/// Rows as reviewers read them.
pub(crate) fn views(
    tx: &mut dyn Tx,
    rows: &[HazardRow],
    catalogue: &Catalogue,
) -> Result<Vec<HazardView>, StorageError> {
    let lookups = lookups(tx, rows)?;
    let view = |row| view(row, &lookups, catalogue);
    rows.iter().map(view).collect()
}

fn view(
    row: &HazardRow,
    lookups: &Lookups,
    catalogue: &Catalogue,
) -> Result<HazardView, StorageError> {
    let state = row.state;
    let kind = catalogue.kind(&row.code, catalogue.newest());
    let doc = row.doc;
    let position = match (row.latitude_e7, row.longitude_e7) {
        (Some(latitude_e7), Some(longitude_e7)) => Some(PositionView {
            latitude_e7,
            longitude_e7,
            crs: row.crs.clone().unwrap_or_default(),
            accuracy_cm: row.accuracy_cm,
        }),
        _ => None,
    };
    Ok(HazardView {
        id: doc.to_string(),
        state: state.to_string(),
        state_zh: catalogue
            .rules
            .state(state)
            .map(|s| s.zh.clone())
            .unwrap_or_default(),
        open: row.is_open,
        cycle: row.cycle,
        flags: Flags::NAMES
            .iter()
            .enumerate()
            .filter(|(bit, _)| row.flags >> bit & 1 == 1)
            .map(|(_, n)| *n)
            .chain(row.one_person.then_some(ONE_PERSON))
            .collect(),
        kind: row.code.clone(),
        kind_zh: kind.map(|k| k.zh.clone()).unwrap_or_default(),
        grade: row.grade.clone(),
        area: row.path.to_string(),
        area_name: lookups.places.area(&row.path),
        compound: lookups.places.compound(row.compound.as_ref()),
        place: row.place.clone(),
        place_key: row.place_key.clone(),
        description: row.description.clone(),
        count: row.item_count,
        unit: kind.map(|k| k.unit.clone()).unwrap_or_default(),
        found_at: instant(row.found_at.0),
        updated_at: instant(row.updated_at.0),
        deadline: row.deadline.map(|at| instant(at.0)),
        event_count: row.event_count,
        observation_count: row.observation_count,
        open_conflict_count: row.conflict_count,
        photo_count: row.photo_count,
        photos_pending: lookups.pending.get(&doc).copied().unwrap_or(0),
        position,
        evidence_alarm: lookups.alarms.contains(&doc),
        problem: Some(row.problem.clone()).filter(|p| !p.is_empty()),
    })
}
