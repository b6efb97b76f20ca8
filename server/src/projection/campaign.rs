//! Rows of a folded record or inspection.

use std::collections::HashMap;

use sync_core::{
    campaign::{self, CampaignRecord, InspectionState},
    catalogue::{Catalogue, INSPECTION},
    lifecycle::{Grants, HazardState, Hidden, Stated, quantity::quantities},
    record::Row,
};

use super::rows::{Own, Rows};
use crate::storage::{
    campaign::{Figure, Record, Visit},
    docs::Doc,
};

fn blank(doc: &Doc, list: Row) -> Record {
    Record {
        space: doc.space.to_string(),
        doc: doc.id.as_bytes().to_vec(),
        path: doc.path.to_string(),
        as_of_seq: doc.last_seq.cast_signed(),
        r#type: list.record.unwrap_or_default(),
        title: list.description,
        held_at: list.found,
        updated_at: list.updated,
        event_count: i64::from(list.events),
        photo_count: i64::from(list.photos),
        ..Record::default()
    }
}

/// Figures with numbers that tell those of one name apart.
fn figures(doc: &Doc, named: impl IntoIterator<Item = (String, i64, i64)>) -> Vec<Figure> {
    let mut next: HashMap<String, i64> = HashMap::new();
    let figure = |(name, at, milli): (String, i64, i64)| {
        let n = next.entry(name.clone()).or_default();
        *n += 1;
        Figure {
            doc: doc.id.as_bytes().to_vec(),
            n: *n,
            path: doc.path.to_string(),
            name,
            at,
            milli,
        }
    };
    named.into_iter().map(figure).collect()
}

/// The figures of a hazard's own events.
pub(super) fn of_hazard(doc: &Doc, state: &HazardState, events: &[Stated]) -> Vec<Figure> {
    let each = quantities(state, events).into_iter();
    figures(doc, each.map(|q| (q.name, q.at.0, q.milli)))
}

/// The rows of a record.
pub(super) fn record(doc: &Doc, events: &[Stated], grants: &impl Grants) -> Rows {
    let catalogue = Catalogue::embedded();
    let record = campaign::fold_record(events, grants, catalogue);
    let list = campaign::record_row(&record);
    let held = list.found;
    let counted = campaign::counts(&record, catalogue).into_iter();
    Rows {
        figures: figures(doc, counted.map(|(name, milli)| (name, held, milli))),
        visits: Vec::new(),
        hidden: Hidden::new(events, &record.redacted, &record.redacted_photos)
            .photos()
            .collect(),
        row: Own::Record(Box::new(Record {
            state: record.state.name().to_owned(),
            counts: record.counts,
            organ: record.organ.map(|organ| organ.as_bytes().to_vec()),
            compound: record.compound.map(|id| id.as_bytes().to_vec()),
            data: data(&record),
            ..blank(doc, list)
        })),
    }
}

/// The fields as last amended; out of view if they were redacted.
fn data(record: &CampaignRecord) -> String {
    let shown = record.versions.last();
    let shown = shown.filter(|v| !record.redacted.contains(&v.by));
    shown.map(|v| v.data.to_string()).unwrap_or_default()
}

/// The rows of an inspection.
pub(super) fn inspection(doc: &Doc, events: &[Stated], grants: &impl Grants) -> Rows {
    let catalogue = Catalogue::embedded();
    let inspection = campaign::fold_inspection(events, grants, catalogue);
    let list = campaign::inspection_row(&inspection, catalogue);
    let held = list.found;
    let counted = [
        ("inspection.finished".to_owned(), held, 1000),
        (
            "inspection.team_size".to_owned(),
            held,
            i64::from(inspection.team_size()) * 1000,
        ),
    ];
    let counted = counted.into_iter().filter(|_| inspection.counts);
    let visit = |place: campaign::Place| Visit {
        doc: doc.id.as_bytes().to_vec(),
        compound: place.compound.as_bytes().to_vec(),
        building: place.building,
        unit: place.unit,
        finished: inspection.counts,
    };
    Rows {
        figures: figures(doc, counted),
        visits: campaign::inspected(&inspection)
            .into_iter()
            .map(visit)
            .collect(),
        hidden: Hidden::new(events, &inspection.redacted, &inspection.redacted_photos)
            .photos()
            .collect(),
        row: Own::Record(Box::new(Record {
            r#type: INSPECTION.to_owned(),
            state: inspection.state.name().to_owned(),
            counts: inspection.counts,
            organ: inspection.organ.map(|organ| organ.as_bytes().to_vec()),
            compound: inspection.compound.map(|id| id.as_bytes().to_vec()),
            data: summary(&inspection, catalogue),
            ..blank(doc, list)
        })),
    }
}

/// What a list shows of an inspection, as JSON.
fn summary(inspection: &InspectionState, catalogue: &Catalogue) -> String {
    let problems = inspection
        .answers
        .iter()
        .filter(|a| a.finding == sync_core::record::Finding::Problem);
    serde_json::json!({
        "template": inspection.template,
        "kind": inspection.kind,
        "result": inspection.result,
        "answers": inspection.answers.len(),
        "problems": problems.count(),
        "contested": inspection.answers.iter().filter(|a| a.contested).count(),
        "without_hazard": inspection.failed_without_hazard(catalogue).len(),
        "team_size": inspection.team_size(),
    })
    .to_string()
}
