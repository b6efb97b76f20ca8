//! A row of the list of activities and inspections as reviewers read it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use sync_core::{
    catalogue::{Catalogue, INSPECTION},
    record::{AreaPath, DocId, OrganId},
};

use crate::review::{lookups::PlaceNames, time::instant};
use crate::storage::{StorageError, Tx, activities::ActivityRow, activity_queries, names};

/// An activity or an inspection.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActivityView {
    /// The id of the document.
    pub id: String,
    /// Activity type such as `training`; `inspection` for inspections.
    pub r#type: String,
    /// The type's Chinese name.
    pub type_zh: String,
    /// `stated`, `confirmed`, `disputed`, `withdrawn`, `void`, or `unknown`: a newer version of this program must judge it.
    pub state: String,
    /// The state's Chinese name.
    pub state_zh: &'static str,
    /// Whether its quantities count.
    pub counts: bool,
    /// Administrative path.
    pub area: String,
    /// The area's name, if it is known.
    pub area_name: Option<String>,
    /// The compound's id.
    pub compound: Option<String>,
    /// The compound's name, if it is known.
    pub compound_name: Option<String>,
    /// The author's organisation.
    pub organ: Option<String>,
    /// The title.
    pub title: String,
    /// When it took place, RFC 3339, by the author's clock.
    pub held_at: String,
    /// Last event, RFC 3339, by its author's clock.
    pub updated_at: String,
    /// The number of events.
    pub event_count: u32,
    /// The number of photos.
    pub photo_count: u32,
    /// The fields of its type, as last amended; for an inspection, its counts.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// The quantities that it contributes.
    pub figures: Vec<FigureView>,
    /// Why the document cannot be folded, if so.
    pub problem: Option<String>,
}

/// A quantity.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FigureView {
    /// The name of the quantity, such as `training.attendees`.
    pub name: String,
    /// The amount, in thousandths of the unit.
    pub milli: i64,
}

/// The enrichment of rows, read for all of them at once.
struct Lookups {
    places: PlaceNames,
    organs: HashMap<OrganId, String>,
    figures: activity_queries::Sums,
}

fn lookups(tx: &mut dyn Tx, rows: &[ActivityRow]) -> Result<Lookups, StorageError> {
    let mut by_space: BTreeMap<&AreaPath, Vec<DocId>> = BTreeMap::new();
    for row in rows {
        by_space.entry(&row.space).or_default().push(row.doc);
    }
    let mut figures = HashMap::new();
    for (space, docs) in by_space {
        figures.extend(activity_queries::figures(tx, space, &docs)?);
    }
    let mut organs = HashMap::new();
    let named: BTreeSet<OrganId> = rows.iter().filter_map(|r| r.organ).collect();
    for organ in named {
        let name = names::organ(tx, organ)?;
        organs.insert(organ, name.unwrap_or_else(|| organ.to_string()));
    }
    let places = rows.iter().map(|row| (&row.path, row.compound.as_ref()));
    Ok(Lookups {
        places: PlaceNames::of(tx, places)?,
        organs,
        figures,
    })
}

/// Rows as reviewers read them.
pub(super) fn views(
    tx: &mut dyn Tx,
    rows: &[ActivityRow],
    catalogue: &Catalogue,
) -> Result<Vec<ActivityView>, StorageError> {
    let mut lookups = lookups(tx, rows)?;
    let view = |row| view(row, &mut lookups, catalogue);
    rows.iter().map(view).collect()
}

fn view(
    row: &ActivityRow,
    lookups: &mut Lookups,
    catalogue: &Catalogue,
) -> Result<ActivityView, StorageError> {
    let figures = lookups.figures.remove(&row.doc).unwrap_or_default();
    let figure = |(name, milli)| FigureView { name, milli };
    Ok(ActivityView {
        id: row.doc.to_string(),
        type_zh: type_zh(&row.kind, catalogue),
        r#type: row.kind.clone(),
        state_zh: row.state.zh(),
        state: row.state.name().to_owned(),
        counts: row.counts,
        area: row.path.to_string(),
        area_name: lookups.places.area(&row.path),
        compound: row.compound.map(|id| id.to_string()),
        compound_name: lookups.places.compound(row.compound.as_ref()),
        organ: row
            .organ
            .as_ref()
            .and_then(|id| lookups.organs.get(id).cloned()),
        title: row.title.clone(),
        held_at: instant(row.held_at.0),
        updated_at: instant(row.updated_at.0),
        event_count: row.event_count,
        photo_count: row.photo_count,
        // Data that is not JSON makes the event void; the history shows it.
        data: serde_json::from_str(&row.data).unwrap_or_default(),
        figures: figures.into_iter().map(figure).collect(),
        problem: Some(row.problem.clone()).filter(|p| !p.is_empty()),
    })
}

fn type_zh(code: &str, catalogue: &Catalogue) -> String {
    if code == INSPECTION {
        return "检查".to_owned();
    }
    let of = catalogue.type_versions(code).next();
    of.map(|of| of.zh.clone()).unwrap_or_default()
}
