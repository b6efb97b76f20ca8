//! The list rows of documents: folded on this device, or as the server sent them.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{DeviceError, load};
use crate::{
    catalogue::Catalogue,
    document::OpenDocument,
    record::{CompoundId, DocId, ListRow},
};

/// Folds a loaded document into its list row.
pub(super) fn refresh(
    c: &Connection,
    doc: DocId,
    loaded: &mut OpenDocument,
) -> Result<(), DeviceError> {
    let row = load::fold(c, loaded)?.list_row();
    write(c, doc, &row)?;
    if row.activity.is_none() {
        c.prepare_cached("DELETE FROM activity_row WHERE doc = ?1")?
            .execute([doc.as_bytes()])?;
    }
    let mut statement =
        c.prepare_cached("UPDATE doc SET verified = 1 WHERE id = ?1 AND verified = 0")?;
    statement.execute([doc.as_bytes()])?;
    Ok(())
}

/// Refreshes the list row of a document. An unreadable document does not stop the caller: it is tried again when the
/// device is idle.
pub(super) fn show(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
) -> Result<(), DeviceError> {
    let shown = load::load(c, catalogue, doc).and_then(|mut loaded| refresh(c, doc, &mut loaded));
    if shown.is_err() {
        c.prepare_cached("UPDATE doc SET verified = 0 WHERE id = ?1")?
            .execute([doc.as_bytes()])?;
    }
    Ok(())
}

/// Writes a row into the list it belongs to.
pub(super) fn write(c: &Connection, doc: DocId, row: &ListRow) -> Result<(), DeviceError> {
    if let Some(of) = &row.activity {
        return write_record(c, doc, of, row);
    }
    let mut statement = c.prepare_cached(
        "INSERT OR REPLACE INTO hazard_row
         (doc, state, flags, code, place, description, found, updated, events, photos, compound, place_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    statement.execute(params![
        doc.as_bytes(),
        row.state,
        row.flags,
        row.code,
        row.place,
        row.description,
        row.found,
        row.updated,
        row.events,
        row.photos,
        row.compound.as_ref().map(CompoundId::as_bytes),
        row.place_key.as_deref().unwrap_or_default()
    ])?;
    Ok(())
}

/// Writes the row of an activity or an inspection, and removes the document from the list of hazards.
fn write_record(c: &Connection, doc: DocId, of: &str, row: &ListRow) -> Result<(), DeviceError> {
    c.prepare_cached("DELETE FROM hazard_row WHERE doc = ?1")?
        .execute([doc.as_bytes()])?;
    c.prepare_cached(
        "INSERT OR REPLACE INTO activity_row (doc, type, state, code, title, held, updated, events, photos)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        doc.as_bytes(),
        of,
        row.state,
        row.code,
        row.description,
        row.found,
        row.updated,
        row.events,
        row.photos
    ])?;
    Ok(())
}
