//! Revoked devices, and the documents that must be folded again because of a revocation.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    record::{AreaPath, DeviceId, DocId, ServerTime},
    wire::page::Revocation,
};

use super::{
    StorageError, Tx, Value,
    column::Stored,
    devices::{self, DeviceState},
    docs::{self, Doc, ids},
    spaces,
    table::table,
};

table! {
    /// The revoked devices of each space whose documents they may have written to, numbered in each space.
    const REVOCATION in "revocation" key 2 {
        space: AreaPath,
        n: u64,
        device: DeviceId,
        at: ServerTime,
    }
}

/// Disables a device: sets its state, numbers the revocation in every space it may have written to, and queues the
/// documents it wrote to. A second call only sets the state; the time of the first revocation counts. Returns `false`
/// if the device is unknown.
///
/// # Errors
/// [`StorageError`].
pub fn revoke(
    tx: &mut dyn Tx,
    device: DeviceId,
    state: DeviceState,
    now: ServerTime,
) -> Result<bool, StorageError> {
    let grants = devices::device_grants(tx, device)?;
    let claims: Vec<_> = grants
        .iter()
        .filter_map(|(space, sealed)| Some((sealed.id(), space.clone(), sealed.stored_claims()?)))
        .collect();
    let mut areas: BTreeSet<AreaPath> = claims.iter().map(|(_, _, g)| g.area.clone()).collect();
    areas.extend(claims.into_iter().map(|(_, space, _)| space));
    let touched = spaces::touching(tx, &areas)?;
    // The spaces are locked, so that numbers are in the order of commits.
    spaces::lock(tx, &touched)?;
    for space in &touched {
        note(tx, space, device, now)?;
    }
    devices::set_state(tx, device, state)
}

fn note(
    tx: &mut dyn Tx,
    space: &AreaPath,
    device: DeviceId,
    now: ServerTime,
) -> Result<(), StorageError> {
    let (within, phone) = (space.value(), device.value());
    let last = tx.first(
        "SELECT COALESCE(MAX(n), 0) FROM revocation WHERE space = $1",
        &[within],
        |row| row.int(0),
    )?;
    let number = last.unwrap_or(0) + 1;
    if REVOCATION.insert_once(tx, [within, number.into(), phone, now.value()])? {
        tx.execute(
            "INSERT INTO fold_queue (space, doc)
             SELECT u.space, u.doc FROM doc_grant u JOIN signed_grant g ON g.id = u.grant_id
             WHERE u.space = $1 AND g.device = $2 ON CONFLICT DO NOTHING",
            &[within, phone],
        )?;
    }
    Ok(())
}

/// Revocations of a space after a number, oldest first, at most 500.
///
/// # Errors
/// [`StorageError`].
pub fn after(
    tx: &mut dyn Tx,
    space: &AreaPath,
    number: u64,
) -> Result<Vec<Revocation>, StorageError> {
    tx.all(
        "SELECT n, device, at FROM revocation WHERE space = $1 AND n > $2 ORDER BY n LIMIT 500",
        &[space.as_str().into(), number.cast_signed().into()],
        |row| {
            Ok(Revocation {
                number: row.int(0)?.unsigned_abs(),
                device: DeviceId::from_slice(&row.bytes(1)?)?,
                at: ServerTime(row.int(2)?),
            })
        },
    )
}

/// Every revoked device of a space, with the time of its revocation.
///
/// # Errors
/// [`StorageError`].
pub fn all(
    tx: &mut dyn Tx,
    space: &AreaPath,
) -> Result<HashMap<DeviceId, ServerTime>, StorageError> {
    let found = tx.all(
        "SELECT device, at FROM revocation WHERE space = $1",
        &[space.as_str().into()],
        |row| {
            let device = DeviceId::from_slice(&row.bytes(0)?)?;
            Ok((device, ServerTime(row.int(1)?)))
        },
    )?;
    Ok(found.into_iter().collect())
}

/// When each of these devices was last revoked; devices that never were are absent.
///
/// # Errors
/// [`StorageError`].
pub fn last(
    tx: &mut dyn Tx,
    devices: &BTreeSet<DeviceId>,
) -> Result<HashMap<DeviceId, ServerTime>, StorageError> {
    let keys: Vec<Value<'_>> = devices.iter().map(Stored::value).collect();
    let sql = "SELECT device, MAX(at) FROM revocation WHERE device IN (?) GROUP BY device";
    let found = tx.all_of(sql, &[], &keys, |row| {
        let device = DeviceId::from_slice(&row.bytes(0)?)?;
        Ok((device, ServerTime(row.int(1)?)))
    })?;
    Ok(found.into_iter().collect())
}

/// Documents of a space to be folded again, of those whose newest change is not after `mark`. The others remain queued:
/// the worker that projects the log may be folding them now, perhaps without the revocation.
///
/// # Errors
/// [`StorageError`].
pub fn next(
    tx: &mut dyn Tx,
    space: &AreaPath,
    mark: u64,
    limit: usize,
) -> Result<Vec<Doc>, StorageError> {
    let found = tx.all(
        "SELECT r.doc FROM fold_queue r JOIN doc d ON d.space = r.space AND d.id = r.doc
         WHERE r.space = $1 AND d.last_seq <= $2 ORDER BY r.doc LIMIT $3",
        &[
            space.as_str().into(),
            mark.cast_signed().into(),
            Value::Int(limit as i64),
        ],
        |row| Ok(DocId::from_slice(&row.bytes(0)?)?),
    )?;
    docs::of(tx, space, &found)
}

/// Removes documents from the queue.
///
/// # Errors
/// [`StorageError`].
pub fn done(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<(), StorageError> {
    for doc in ids(docs) {
        tx.execute(
            "DELETE FROM fold_queue WHERE space = $1 AND doc = $2",
            &[space.as_str().into(), doc],
        )?;
    }
    Ok(())
}
