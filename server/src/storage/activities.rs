//! Activities and inspections as folded, the quantities that count, and which buildings were inspected.

use sync_core::{
    activity::State,
    record::{AreaPath, CompoundId, DeviceTime, DocId, EncodedListRow, OrganId, ServerTime},
};

use super::{
    StorageError, Tx, Value,
    docs::{delete_rows, ids},
    table::table,
};

table! {
    /// A folded activity or inspection.
    pub struct ActivityRow in "activity" key 2 {
        /// The space of the document.
        space: AreaPath,
        /// The document.
        doc: DocId,
        /// Its area path.
        path: AreaPath,
        /// The sequence number of the newest change that was folded.
        as_of_seq: u64,
        /// The number of this change of the ledger, for queries of what changed since a list cursor.
        changed: i64,
        /// Activity type, or `inspection`.
        kind = "type": String,
        /// Its state.
        state: State,
        /// Whether its quantities count.
        counts: bool,
        /// The author's organisation, by the grant.
        organ: Option<OrganId>,
        /// The compound.
        compound: Option<CompoundId>,
        /// The title.
        title: String,
        /// When it took place, by the author's clock.
        held_at: DeviceTime,
        /// Last event, by its author's clock.
        updated_at: DeviceTime,
        /// The number of events.
        event_count: u32,
        /// The number of photos that are not redacted.
        photo_count: u32,
        /// The fields of its type as JSON, as last amended; for an inspection, its counts.
        data: String,
        /// Why the document cannot be folded; empty if it can.
        problem: String,
        /// The list row, as devices receive it; absent if the document cannot be folded.
        list_row: Option<EncodedListRow>,
        /// The newest receipt that its stored intervals cover.
        known_at: Option<ServerTime>,
        /// The receipts that its stored intervals cover, as one number.
        known_receipts: i64,
    }
}

table! {
    /// An amount that a document contributes to figures in an interval of receipts.
    pub struct QuantityRow in "quantity" key 4 {
        /// The space of the document.
        space: AreaPath,
        /// The document.
        doc: DocId,
        /// The name of the quantity.
        name: String,
        /// Distinguishes several quantities with one name.
        n: i64,
        /// The area path of the document.
        path: AreaPath,
        /// The time whose period it belongs to: the receipt with which it counted first, or that of what it is a part of.
        at: ServerTime,
        /// The first receipt of the interval.
        since: ServerTime,
        /// The receipt that ended it; [`super::spans::LASTS`] if none did.
        until: ServerTime,
        /// Thousandths of the unit.
        milli: i64,
        /// The fields of the activity that indicators ask for, as JSON; empty if there are none.
        detail: String,
    }
}

table! {
    /// A building, or an entrance of it, that an inspection reached, in an interval of receipts.
    pub struct VisitRow in "inspected_building" key 6 {
        /// The space of the document.
        space: AreaPath,
        /// The inspection.
        doc: DocId,
        /// The compound.
        compound: CompoundId,
        /// The building, as `place_key` spells it.
        building: String,
        /// The entrance; empty: the building as a whole.
        unit: String,
        /// The first receipt of the interval.
        since: ServerTime,
        /// The receipt that ended it; [`super::spans::LASTS`] if none did.
        until: ServerTime,
        /// Whether the inspection was finished and counts.
        finished: bool,
    }
}

/// The name of the quantity that states how many activities of a type, or inspections, count.
pub fn record_name(kind: &str) -> String {
    format!("record.{kind}")
}

/// Deletes the rows of these documents of a space from every table of this file, so that they are written as a whole;
/// and the ledger rows of those that are not hazards.
///
/// # Errors
/// [`StorageError`].
pub fn forget(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    no_hazards: &[DocId],
) -> Result<(), StorageError> {
    for table in ["quantity", "inspected_building", "activity"] {
        delete_rows(tx, table, space, docs)?;
    }
    delete_rows(tx, "hazard", space, no_hazards)
}

/// Inserts activities and inspections, whose old rows were deleted before.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, activities: &[&ActivityRow]) -> Result<(), StorageError> {
    let rows: Vec<Value<'_>> = activities.iter().flat_map(|row| row.values()).collect();
    ActivityRow::TABLE.insert(tx, &rows, "")
}

/// Inserts quantities and visits, whose old rows were deleted before.
///
/// # Errors
/// [`StorageError`].
pub fn put_intervals(
    tx: &mut dyn Tx,
    quantities: &[&QuantityRow],
    visits: &[&VisitRow],
) -> Result<(), StorageError> {
    let rows: Vec<Value<'_>> = quantities.iter().flat_map(|row| row.values()).collect();
    QuantityRow::TABLE.insert(tx, &rows, "")?;
    let rows: Vec<Value<'_>> = visits.iter().flat_map(|row| row.values()).collect();
    VisitRow::TABLE.insert(tx, &rows, "")
}

/// The rows of these documents of a space, as far as they are activities or inspections.
///
/// # Errors
/// [`StorageError`].
pub fn of(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Vec<ActivityRow>, StorageError> {
    let names = ActivityRow::TABLE.names();
    tx.all_of(
        &format!("SELECT {names} FROM activity WHERE space = $1 AND doc IN (?)"),
        &[space.as_str().into()],
        &ids(docs),
        ActivityRow::read,
    )
}

/// One activity or inspection.
///
/// # Errors
/// [`StorageError`].
pub fn find(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
) -> Result<Option<ActivityRow>, StorageError> {
    let names = ActivityRow::TABLE.names();
    tx.first(
        &format!("SELECT {names} FROM activity WHERE space = $1 AND doc = $2"),
        &[space.as_str().into(), doc.as_bytes().into()],
        ActivityRow::read,
    )
}

/// Marks a row as changed because one of its photos was stored: it gets the present value of its space's change
/// counter.
///
/// # Errors
/// [`StorageError`].
pub fn mark_changed(tx: &mut dyn Tx, space: &AreaPath, doc: DocId) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE activity SET changed = (SELECT changed FROM projection_mark WHERE space = $1)
         WHERE space = $1 AND doc = $2",
        &[space.as_str().into(), doc.as_bytes().into()],
    )?;
    Ok(())
}

/// Deletes all activities and inspections; the projection rebuilds them from the log.
pub(super) fn clear(tx: &mut dyn Tx) -> Result<(), StorageError> {
    tx.execute("DELETE FROM activity", &[])?;
    Ok(())
}
