//! The list that people see: read from rows, never from documents.

use rusqlite::params;

use super::{Device, DeviceError, load, states::ChangeState::Received};
use crate::{
    catalogue::StateCode,
    document::Folded,
    record::{CompoundId, DocId, ListRow},
};

/// A row of the list with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedHazard {
    /// The document.
    pub doc: DocId,
    /// What the list shows.
    pub row: ListRow,
    /// Events of this device that the server has not acknowledged.
    pub unsent: u32,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Text that place, description or code contains.
    pub text: Option<String>,
    /// Rows to skip.
    pub offset: usize,
    /// Rows at most; 0 means 100.
    pub limit: usize,
}

const COLUMNS: &str =
    "v.doc, v.state, v.flags, v.code, v.place, v.description, v.found, v.updated, v.events,
     v.photos, d.pending_count, v.compound, v.place_key FROM hazard_row v JOIN doc d ON d.id = v.doc";

/// A hazard without a valid first event is shown only on a device that wrote to it: it has no meaning for others.
fn shown() -> String {
    let StateCode(none) = StateCode::NONE;
    format!(
        "(v.state <> {none} OR EXISTS (SELECT 1 FROM chg c WHERE c.doc = v.doc AND c.state <> {Received}))"
    )
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Vec<u8>, ListRow, u32)> {
    let view = ListRow {
        state: row.get(1)?,
        flags: row.get(2)?,
        code: row.get(3)?,
        place: row.get(4)?,
        description: row.get(5)?,
        found: row.get(6)?,
        updated: row.get(7)?,
        events: row.get(8)?,
        photos: row.get(9)?,
        compound: row.get::<_, Option<[u8; 16]>>(11)?.map(CompoundId),
        place_key: Some(row.get(12)?).filter(|key: &String| !key.is_empty()),
        activity: None,
        // The store does not keep what a row was folded with.
        fold: None,
        edition: None,
    };
    Ok((row.get(0)?, view, row.get(10)?))
}

impl Device {
    /// Lists hazards, last changed first. Loads no document.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn list(&self, filter: &Filter) -> Result<Vec<ListedHazard>, DeviceError> {
        let shown = shown();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE {shown} AND (?1 = '' OR instr(v.place || v.description || v.code, ?1) > 0)
             ORDER BY v.updated DESC, v.doc LIMIT ?2 OFFSET ?3"
        ))?;
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        let text = filter.text.as_deref().unwrap_or_default();
        let rows = statement.query_map(params![text, limit as i64, filter.offset as i64], read)?;
        rows.map(|row| {
            let (doc, row, unsent) = row?;
            Ok(ListedHazard {
                doc: DocId::from_slice(&doc)?,
                row,
                unsent,
            })
        })
        .collect()
    }

    /// Number of hazards on this device.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn count(&self) -> Result<usize, DeviceError> {
        let count: i64 = self.connection.query_row(
            &format!("SELECT count(*) FROM hazard_row v WHERE {}", shown()),
            [],
            |row| row.get(0),
        )?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// One document with its whole history, folded.
    ///
    /// # Errors
    /// [`DeviceError::UnknownDocument`] if it is not on this device.
    pub fn open_document(&self, doc: DocId) -> Result<Folded<'static>, DeviceError> {
        let mut loaded = load::load(&self.connection, &self.catalogue, doc)?;
        load::fold(&self.connection, &mut loaded)
    }
}
