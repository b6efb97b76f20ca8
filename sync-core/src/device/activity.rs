//! Activities and inspections on the device: stating, listing and folding them.

use std::sync::Arc;

use rusqlite::params;

use super::{Device, DeviceError, capture};
use crate::record::{
    ActivityEntry, Answers, DocId, EventBody, EventId, InspectionStart, ItemCode, ListRow,
    Observation, PersonId,
};

/// A row of the list of activities and inspections, with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedActivity {
    /// The document.
    pub doc: DocId,
    /// What the list shows; `row.activity` is the activity type.
    pub row: ListRow,
    /// Events of this device that the server has not acknowledged.
    pub unsent: u32,
}

/// Which activities and inspections to list.
#[derive(Debug, Clone, Default)]
pub struct ActivityFilter {
    /// Only this activity type; `inspection` for inspections.
    pub r#type: Option<String>,
    /// Text that the title contains.
    pub text: Option<String>,
    /// Rows to skip.
    pub offset: usize,
    /// Rows at most; 0 means 100.
    pub limit: usize,
}

impl Device {
    /// Records an activity of the campaign. Durable when this returns. The fold judges whether the fields fit the
    /// activity type: an event that does not fit is kept and counts nothing.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved then.
    pub fn begin_activity(
        &mut self,
        entry: ActivityEntry,
        person: Option<PersonId>,
    ) -> Result<(DocId, EventId), DeviceError> {
        let area = entry.area.clone();
        self.begin(EventBody::Activity(entry), &area, person)
    }

    /// Begins an inspection. Durable when this returns.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved then.
    pub fn begin_inspection(
        &mut self,
        start: InspectionStart,
        person: Option<PersonId>,
    ) -> Result<(DocId, EventId), DeviceError> {
        let area = start.area.clone();
        self.begin(EventBody::Inspect(start), &area, person)
    }

    /// Answers items of an inspection of which one has a problem, and records the hazard that the problem opens. Both
    /// events are committed in one transaction. The answer to `item` names the hazard.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was saved then.
    pub fn answer_with_hazard(
        &mut self,
        inspection: DocId,
        mut answers: Answers,
        item: &ItemCode,
        found: Observation,
        person: Option<PersonId>,
    ) -> Result<(DocId, EventId), DeviceError> {
        let hazard = self.new_document()?;
        for answer in answers.answers.iter_mut().filter(|a| a.item == *item) {
            answer.hazard = Some(hazard);
        }
        let area = found.area.clone();
        let observed = self.event(EventBody::Observe(found), &area, person, Vec::new())?;
        let (mut document, answered) =
            self.statement(inspection, EventBody::Answer(answers), person)?;
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, _| {
            capture::create(tx, &catalogue, hazard, &area, &observed)?;
            let id = capture::append(tx, inspection, &mut document, &answered)?;
            Ok((hazard, id))
        })
    }

    /// Lists activities and inspections, last changed first. Loads no document.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn activity_list(
        &self,
        filter: &ActivityFilter,
    ) -> Result<Vec<ListedActivity>, DeviceError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT v.doc, v.type, v.state, v.code, v.title, v.held, v.updated, v.events, v.photos, d.pending_count
             FROM activity_row v JOIN doc d ON d.id = v.doc
             WHERE (?1 = '' OR v.type = ?1) AND (?2 = '' OR instr(v.title, ?2) > 0)
             ORDER BY v.updated DESC, v.doc LIMIT ?3 OFFSET ?4",
        )?;
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        let (of, text) = (
            filter.r#type.as_deref().unwrap_or_default(),
            filter.text.as_deref().unwrap_or_default(),
        );
        let values = params![of, text, limit as i64, filter.offset as i64];
        let rows = statement.query_map(values, read)?;
        rows.map(|row| {
            let (doc, row, unsent) = row?;
            let doc = DocId::from_slice(&doc)?;
            Ok(ListedActivity { doc, row, unsent })
        })
        .collect()
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Vec<u8>, ListRow, u32)> {
    let view = ListRow {
        activity: Some(row.get(1)?),
        state: row.get(2)?,
        code: row.get(3)?,
        description: row.get(4)?,
        found: row.get(5)?,
        updated: row.get(6)?,
        events: row.get(7)?,
        photos: row.get(8)?,
        ..ListRow::default()
    };
    Ok((row.get(0)?, view, row.get(9)?))
}
