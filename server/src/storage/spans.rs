//! What the server knew of a hazard from one receipt to the next; figures are computed from it.

use sync_core::{
    catalogue::StateCode,
    record::{AreaPath, DeviceTime, DocId, ServerTime},
};

use super::{
    StorageError, Tx, Value,
    activities::{QuantityRow, VisitRow},
    column::Column,
    docs::{delete_rows, ids},
    table::table,
};

/// The end of an interval that lasts.
pub const LASTS: ServerTime = ServerTime(i64::MAX);

table! {
    /// A hazard as it was known in an interval of receipts.
    pub struct HazardSpan in "hazard_span" key 3 {
        /// The space of the document.
        space: AreaPath,
        /// The document.
        doc: DocId,
        /// The first receipt of the interval.
        since: ServerTime,
        /// The receipt that ended it; [`LASTS`] if none did.
        until: ServerTime,
        /// The area path of the document.
        path: AreaPath,
        /// The state.
        state: StateCode,
        /// The last open state.
        last_open: StateCode,
        /// Name of its grade; empty if it has none.
        grade: String,
        /// Hazard kind.
        code: String,
        /// Category of the kind.
        category: String,
        /// 1, and one more for each recurrence.
        cycle: u16,
        /// The first receipt of its finding.
        found_at: ServerTime,
        /// When it must be rectified, if that is certain.
        due: Option<DeviceTime>,
        /// The ids of the documents that it was merged into, one after the other.
        targets: Vec<u8>,
    }
}

impl HazardSpan {
    /// The documents that it was merged into.
    pub fn targets(&self) -> Vec<DocId> {
        let ids = self.targets.chunks(16);
        ids.filter_map(|id| DocId::from_slice(id).ok()).collect()
    }
}

/// The intervals of documents that are stored.
#[derive(Debug, Default)]
pub struct Stored {
    /// Of hazards.
    pub spans: Vec<HazardSpan>,
    /// Of amounts.
    pub quantities: Vec<QuantityRow>,
    /// Of places that were inspected.
    pub visits: Vec<VisitRow>,
    /// The newest receipt that the intervals of each document cover, and these receipts as one number.
    pub known: Vec<(DocId, Option<ServerTime>, i64)>,
}

/// The stored intervals of these documents of a space.
///
/// # Errors
/// [`StorageError`].
pub fn of(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<Stored, StorageError> {
    let (within, docs) = ([Value::Text(space.as_str())], ids(docs));
    let select = |names: String, table: &str, order: &str| {
        format!("SELECT {names} FROM {table} WHERE space = $1 AND doc IN (?) ORDER BY {order}")
    };
    let mut known = Vec::new();
    for table in ["hazard", "activity"] {
        let sql = select("doc, known_at, known_receipts".to_owned(), table, "doc");
        known.extend(tx.all_of(&sql, &within, &docs, |row| {
            let known_at = Option::read(row, 1)?;
            Ok((DocId::read(row, 0)?, known_at, i64::read(row, 2)?))
        })?);
    }
    let spans = select(HazardSpan::TABLE.names(), "hazard_span", "doc, since");
    let amounts = select(QuantityRow::TABLE.names(), "quantity", "doc, name, n");
    let visits = select(VisitRow::TABLE.names(), "inspected_building", "doc, since");
    Ok(Stored {
        spans: tx.all_of(&spans, &within, &docs, HazardSpan::read)?,
        quantities: tx.all_of(&amounts, &within, &docs, QuantityRow::read)?,
        visits: tx.all_of(&visits, &within, &docs, VisitRow::read)?,
        known,
    })
}

/// Deletes the intervals of these hazards.
///
/// # Errors
/// [`StorageError`].
pub fn forget(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<(), StorageError> {
    delete_rows(tx, "hazard_span", space, docs)
}

/// Writes intervals of hazards.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, spans: &[&HazardSpan]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = spans.iter().flat_map(|span| span.values()).collect();
    HazardSpan::TABLE.insert(tx, &values, "")
}

/// Deletes all intervals; the projection rebuilds them from the log.
///
/// # Errors
/// [`StorageError`].
pub fn clear(tx: &mut dyn Tx) -> Result<(), StorageError> {
    for table in ["hazard_span", "quantity", "inspected_building"] {
        tx.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    Ok(())
}
