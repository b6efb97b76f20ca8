//! The rows of a folded hazard.

use sync_core::{
    document::{Folded, FoldedHazard},
    record::EncodedListRow,
};

use super::{
    derived,
    intervals::Intervals,
    rows::{OwnRow, Rows},
};
use crate::storage::{docs::Doc, hazards::HazardRow};

/// The rows of a hazard.
pub(super) fn rows(doc: &Doc, folded: &Folded<'_>, of: FoldedHazard<'_>) -> Rows {
    let mut row = row(doc, folded, of);
    let derived = derived::of(doc, of, &mut row);
    Rows {
        row: OwnRow::Hazard(Box::new(row), derived),
        intervals: Intervals::default(),
        hidden: folded.hidden_photos(),
    }
}

/// The row of a document of which nothing is known yet.
pub(super) fn blank(doc: &Doc) -> HazardRow {
    HazardRow::blank(doc.space.clone(), doc.path.clone(), doc.id, doc.last_seq)
}

fn row(doc: &Doc, folded: &Folded<'_>, of: FoldedHazard<'_>) -> HazardRow {
    let (catalogue, state) = (folded.catalogue(), of.state());
    let list = folded.list_row();
    let encoded = EncodedListRow::from(&list);
    let kind = catalogue.kind(&list.code, state.edition);
    let open_conflicts = state.conflicts.iter().filter(|c| c.is_open());
    let position = of.position();
    let words = [
        list.place.as_str(),
        &list.description,
        &list.code,
        kind.map_or("", |k| &k.zh),
    ];
    HazardRow {
        state: state.state,
        is_open: catalogue.rules.is_open(state.state),
        cycle: state.cycle,
        grade: state.grade.map(|g| g.name().to_owned()).unwrap_or_default(),
        category: kind.map(|k| k.category.clone()).unwrap_or_default(),
        flags: list.flags,
        compound: list.compound,
        place_key: list.place_key.unwrap_or_default(),
        search: words.join(" ").to_lowercase(),
        item_count: of.item_count(),
        found_at: state.found_at,
        updated_at: state.updated_at,
        deadline: state.deadline,
        event_count: list.events,
        observation_count: state.observation_count,
        conflict_count: u32::try_from(open_conflicts.count()).unwrap_or(u32::MAX),
        photo_count: list.photos,
        latitude_e7: position.map(|p| p.latitude_e7),
        longitude_e7: position.map(|p| p.longitude_e7),
        crs: position.map(|p| p.crs.name().to_owned()),
        accuracy_cm: position.and_then(|p| p.accuracy_cm),
        code: list.code,
        place: list.place,
        description: list.description,
        list_row: Some(encoded),
        ..blank(doc)
    }
}
