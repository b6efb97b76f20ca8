//! A row of the list of activities and inspections as reviewers read it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use sync_core::{
    activity::State,
    catalogue::{Catalogue, INSPECTION},
    record::{CompoundId, DocId, OrganId},
};

use crate::review::view::instant;
use crate::storage::{StorageError, Tx, activities::Record, activity_queries, names, spaces};

/// An activity or an inspection.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActivityView {
    /// The id of the document.
    pub id: String,
    /// Activity type such as `training`; `inspection` for inspections.
    pub r#type: String,
    /// The type's Chinese name.
    pub type_zh: String,
    /// `stated`, `confirmed`, `disputed`, `withdrawn` or `void`.
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
    pub event_count: i64,
    /// The number of photos.
    pub photo_count: i64,
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
    areas: HashMap<String, String>,
    compounds: HashMap<Vec<u8>, String>,
    organs: HashMap<Vec<u8>, String>,
    figures: activity_queries::Sums,
}

fn lookups(tx: &mut dyn Tx, rows: &[Record]) -> Result<Lookups, StorageError> {
    let mut by_space: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    for row in rows {
        by_space.entry(&row.space).or_default().push(&row.doc);
    }
    let mut figures = HashMap::new();
    for (space, docs) in by_space {
        figures.extend(activity_queries::figures(tx, &spaces::area(space)?, &docs)?);
    }
    let mut organs = HashMap::new();
    let named: BTreeSet<&Vec<u8>> = rows.iter().filter_map(|r| r.organ.as_ref()).collect();
    for organ in named {
        let id = OrganId::from_slice(organ)?;
        let name = names::organ(tx, id)?;
        organs.insert(organ.clone(), name.unwrap_or_else(|| id.to_string()));
    }
    let paths: BTreeSet<&str> = rows.iter().map(|row| row.path.as_str()).collect();
    let compounds: BTreeSet<&[u8]> = rows.iter().filter_map(|r| r.compound.as_deref()).collect();
    Ok(Lookups {
        areas: names::areas(tx, paths)?,
        compounds: names::compounds(tx, compounds)?,
        organs,
        figures,
    })
}

/// Rows as reviewers read them.
pub(super) fn views(tx: &mut dyn Tx, rows: &[Record]) -> Result<Vec<ActivityView>, StorageError> {
    let mut lookups = lookups(tx, rows)?;
    rows.iter().map(|row| view(row, &mut lookups)).collect()
}

fn view(row: &Record, lookups: &mut Lookups) -> Result<ActivityView, StorageError> {
    let compound = row
        .compound
        .as_deref()
        .map(CompoundId::from_slice)
        .transpose()?;
    let named = |id: &Vec<u8>| lookups.compounds.get(id).cloned();
    let figures = lookups.figures.remove(&row.doc).unwrap_or_default();
    let figure = |(name, milli)| FigureView { name, milli };
    Ok(ActivityView {
        id: DocId::from_slice(&row.doc)?.to_string(),
        type_zh: type_zh(&row.r#type),
        r#type: row.r#type.clone(),
        state_zh: State::from_name(&row.state).map_or("", State::zh),
        state: row.state.clone(),
        counts: row.counts,
        area: row.path.clone(),
        area_name: lookups.areas.get(&row.path).cloned(),
        compound: compound.map(|id| id.to_string()),
        compound_name: row.compound.as_ref().and_then(named),
        organ: row
            .organ
            .as_ref()
            .and_then(|id| lookups.organs.get(id).cloned()),
        title: row.title.clone(),
        held_at: instant(row.held_at),
        updated_at: instant(row.updated_at),
        event_count: row.event_count,
        photo_count: row.photo_count,
        // Data that is not JSON makes the event void; the history shows it.
        data: serde_json::from_str(&row.data).unwrap_or_default(),
        figures: figures.into_iter().map(figure).collect(),
        problem: Some(row.problem.clone()).filter(|p| !p.is_empty()),
    })
}

fn type_zh(code: &str) -> String {
    if code == INSPECTION {
        return "检查".to_owned();
    }
    let of = Catalogue::embedded().activity_types.find(code);
    of.map(|of| of.zh.clone()).unwrap_or_default()
}
