//! The ledger: rows for reviewers, and the list row that a device shows before it folds a document.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    catalogue::StateCode,
    record::{AreaPath, CompoundId, DeviceTime, DocId, EncodedListRow, PersonId, ServerTime},
};

use super::{
    StorageError, Tx, Value,
    activities::{self, ActivityRow},
    column::{Column, Stored},
    docs::{Doc, delete_rows, ids},
    spans, suggestions,
    table::table,
};

table! {
    /// A row of the ledger: a folded hazard.
    pub struct HazardRow in "hazard" key 2 {
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
        /// The effective state.
        state: StateCode,
        /// Whether it still needs work.
        is_open: bool,
        /// 1, and one more for each recurrence.
        cycle: u16,
        /// Name of its grade; empty if it has none.
        grade: String,
        /// Hazard kind.
        code: String,
        /// Category of the kind.
        category: String,
        /// Flags, one bit each.
        flags: u16,
        /// The compound.
        compound: Option<CompoundId>,
        /// The place in words.
        place: String,
        /// The place key.
        place_key: String,
        /// What was found.
        description: String,
        /// The text that a search looks at, in lower case.
        search: String,
        /// The number of items.
        item_count: Option<u32>,
        /// First found, by the finder's clock.
        found_at: DeviceTime,
        /// Last event, by its author's clock.
        updated_at: DeviceTime,
        /// The earliest deadline in force.
        deadline: Option<DeviceTime>,
        /// The number of events.
        event_count: u32,
        /// The number of observations.
        observation_count: u32,
        /// Conflicts that no reviewer has decided.
        conflict_count: u32,
        /// The number of photos that are not redacted.
        photo_count: u32,
        /// Latitude of the device, in 1e-7 degrees.
        latitude_e7: Option<i32>,
        /// Longitude of the device, in 1e-7 degrees.
        longitude_e7: Option<i32>,
        /// Reference system of the position.
        crs: Option<String>,
        /// Accuracy of the position, in centimetres.
        accuracy_cm: Option<u32>,
        /// Why the document cannot be folded; empty if it can.
        problem: String,
        /// Who found it.
        finder: Option<PersonId>,
        /// Its position, if it is outdoors (CBOR).
        outdoors: Option<Vec<u8>>,
        /// The comparison digest.
        comparison_digest: i64,
        /// It was registered not later than this.
        registered: Option<ServerTime>,
        /// When it must be rectified, if that is certain.
        due: Option<DeviceTime>,
        /// Compound, building, entrance and kind of spot: what hazards at one place share.
        place_group: String,
        /// The list row, as devices receive it; absent if the document cannot be folded.
        list_row: Option<EncodedListRow>,
        /// Whether the state rests on two ids that are one person.
        one_person: bool,
        /// The newest receipt that its stored intervals cover.
        known_at: Option<ServerTime>,
        /// The receipts that its stored intervals cover, as one number.
        known_receipts: i64,
    }
}

impl HazardRow {
    /// The row of a document of which nothing is known yet: open, without a state.
    pub fn blank(space: AreaPath, path: AreaPath, doc: DocId, as_of_seq: u64) -> Self {
        Self {
            space,
            doc,
            path,
            as_of_seq,
            // Set when it is written.
            changed: 0,
            state: StateCode::NONE,
            is_open: true,
            cycle: 0,
            grade: String::new(),
            code: String::new(),
            category: String::new(),
            flags: 0,
            compound: None,
            place: String::new(),
            place_key: String::new(),
            description: String::new(),
            search: String::new(),
            item_count: None,
            found_at: DeviceTime(0),
            updated_at: DeviceTime(0),
            deadline: None,
            event_count: 0,
            observation_count: 0,
            conflict_count: 0,
            photo_count: 0,
            latitude_e7: None,
            longitude_e7: None,
            crs: None,
            accuracy_cm: None,
            problem: String::new(),
            finder: None,
            outdoors: None,
            comparison_digest: 0,
            registered: None,
            due: None,
            place_group: String::new(),
            list_row: None,
            one_person: false,
            known_at: None,
            known_receipts: 0,
        }
    }
}

/// Writes rows of the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, rows: &[&HazardRow]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = rows.iter().flat_map(|row| row.values()).collect();
    HazardRow::TABLE.insert(tx, &values, &HazardRow::TABLE.replace())
}

/// Deletes rows of the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn forget(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<(), StorageError> {
    delete_rows(tx, "hazard", space, docs)
}

/// The list rows of those of these documents of one space that are folded up to their newest change.
///
/// # Errors
/// [`StorageError`].
pub fn list_rows(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[Doc],
) -> Result<HashMap<DocId, EncodedListRow>, StorageError> {
    let newest: HashMap<DocId, u64> = docs.iter().map(|d| (d.id, d.last_seq)).collect();
    let wanted: Vec<DocId> = docs.iter().map(|d| d.id).collect();
    let mut found = HashMap::new();
    for table in [HazardRow::TABLE, ActivityRow::TABLE] {
        let sql = format!(
            "SELECT doc, as_of_seq, list_row FROM {} WHERE space = $1 AND doc IN (?) AND list_row IS NOT NULL",
            table.name
        );
        let rows = tx.all_of(&sql, &[space.as_str().into()], &ids(&wanted), |row| {
            let as_of = u64::read(row, 1)?;
            Ok((DocId::read(row, 0)?, as_of, EncodedListRow::read(row, 2)?))
        })?;
        // A row that cannot be read would make the whole page unreadable for the device.
        let current = rows
            .into_iter()
            .filter(|(doc, as_of, row)| newest.get(doc) == Some(as_of) && row.decode().is_some());
        found.extend(current.map(|(doc, _, row)| (doc, row)));
    }
    Ok(found)
}

/// The rows of those of these documents of one space that are in the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn of(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Vec<HazardRow>, StorageError> {
    let names = HazardRow::TABLE.names();
    tx.all_of(
        &format!("SELECT {names} FROM hazard WHERE space = $1 AND doc IN (?)"),
        &[space.as_str().into()],
        &ids(docs),
        HazardRow::read,
    )
}

/// One row of the ledger.
///
/// # Errors
/// [`StorageError`].
pub fn find(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
) -> Result<Option<HazardRow>, StorageError> {
    let names = HazardRow::TABLE.names();
    tx.first(
        &format!("SELECT {names} FROM hazard WHERE space = $1 AND doc = $2"),
        &[space.as_str().into(), doc.as_bytes().into()],
        HazardRow::read,
    )
}

/// Marks the rows of documents as changed whose photos were stored, for at most `limit` photos. Returns the number of
/// photos.
///
/// # Errors
/// [`StorageError`].
pub fn take_photos(tx: &mut dyn Tx, limit: usize) -> Result<usize, StorageError> {
    let came = tx.all(
        "DELETE FROM arrived_photo WHERE hash IN (SELECT hash FROM arrived_photo ORDER BY hash LIMIT $1) RETURNING hash",
        &[Value::Int(limit as i64)],
        |row| row.bytes(0),
    )?;
    let mut rows = BTreeSet::new();
    for hash in &came {
        rows.extend(tx.all(
            "SELECT DISTINCT space, doc FROM photo_reference WHERE hash = $1",
            &[hash.as_slice().into()],
            |row| Ok((AreaPath::read(row, 0)?, DocId::read(row, 1)?)),
        )?);
    }
    // In the order of spaces, like every transaction that locks several marks, so that none deadlocks.
    for (space, doc) in rows {
        tx.execute(
            "UPDATE projection_mark SET changed = changed + 1 WHERE space = $1",
            &[space.as_str().into()],
        )?;
        tx.execute(
            "UPDATE hazard SET changed = (SELECT changed FROM projection_mark WHERE space = $1)
             WHERE space = $1 AND doc = $2",
            &[space.as_str().into(), doc.as_bytes().into()],
        )?;
        activities::mark_changed(tx, &space, doc)?;
        // The perceptual hash of the photo is known now.
        suggestions::ask(tx, &space, &[doc])?;
    }
    Ok(came.len())
}

/// The number of readable hazards of each path, without those in these states.
///
/// # Errors
/// [`StorageError`].
pub fn counts_by_path(
    tx: &mut dyn Tx,
    without: &[StateCode],
) -> Result<Vec<(AreaPath, i64)>, StorageError> {
    let states: Vec<String> = without.iter().map(|state| state.0.to_string()).collect();
    let sql = format!(
        "SELECT path, COUNT(*) FROM hazard WHERE problem = '' AND state NOT IN ({}) GROUP BY path ORDER BY path",
        states.join(", ")
    );
    tx.all(&sql, &[], |row| Ok((AreaPath::read(row, 0)?, row.int(1)?)))
}

/// Deletes the ledger, so that `worker` rebuilds it from the log. The counter of changes continues.
///
/// # Errors
/// [`StorageError`].
pub fn clear(
    tx: &mut dyn Tx,
    worker: [u8; 16],
    lease_until: ServerTime,
) -> Result<(), StorageError> {
    for table in [
        "hazard",
        "hazard_link",
        "suggestion",
        "comparison_queue",
        "duty",
    ] {
        tx.execute(&format!("DELETE FROM {table}"), &[])?;
    }
    activities::clear(tx)?;
    spans::clear(tx)?;
    tx.execute(
        "UPDATE projection_mark SET seq = 0, worker = $1, lease_until = $2",
        &[worker.value(), lease_until.value()],
    )?;
    Ok(())
}
