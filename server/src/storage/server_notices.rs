//! Notices for the devices of a space, and the documents that must be folded again because of one.

use std::collections::{BTreeSet, HashMap, HashSet};

use sync_core::{
    history::Revocations,
    identity::{ServerNotice, server_notice::Subject},
    record::{AreaPath, ChangeHash, DeviceId, DocId, GrantId, ServerTime},
    wire::page::Revocation,
};

use super::{
    Row, StorageError, Tx, Value,
    column::{Column as _, Stored},
    devices::{self, DeviceState},
    docs::{self, Doc, ids},
    spaces,
    table::table,
};

table! {
    /// The notices of each space, numbered in each space.
    const SERVER_NOTICE in "server_notice" key 2 {
        space: AreaPath,
        n: u64,
        kind: i64,
        subject: Vec<u8>,
        at: ServerTime,
    }
}

/// Disables a device: sets its state, and notes the revocation in every space it may have written to. A second call only
/// sets the state, unless the device was enrolled again since: the time of the first revocation counts. The revocation is
/// never older than a grant of the device, also if the clock was set back: a restored server compares the two. Returns
/// `false` if the device is unknown.
///
/// # Errors
/// [`StorageError`].
pub fn revoke(
    tx: &mut dyn Tx,
    device: DeviceId,
    state: DeviceState,
    now: ServerTime,
) -> Result<bool, StorageError> {
    // The device before its spaces, as ingest does: a pack of the device may be on its way.
    devices::lock(tx, [device])?;
    let mut areas: BTreeSet<AreaPath> = BTreeSet::new();
    let mut at = now;
    for held in devices::device_grants(tx, device)? {
        if let Some(grant) = held.claims() {
            at = at.max(grant.issued);
            areas.insert(grant.area);
        }
        areas.insert(held.space);
    }
    let before = devices::find(tx, device)?.map(|known| known.state);
    if before == Some(DeviceState::Active) {
        note_in(tx, &areas, Subject::DeviceRevoked(device), at)?;
    }
    if state == DeviceState::Wipe && before.is_some_and(|before| before != state) {
        note_in(tx, &areas, Subject::DeviceErased(device), at)?;
    }
    devices::set_state(tx, device, state)
}

/// Ends a grant, and notes it in every space in which its device may have written under it. Returns `false` if the grant
/// is unknown.
///
/// # Errors
/// [`StorageError`].
pub fn end_grant(tx: &mut dyn Tx, grant: GrantId, at: ServerTime) -> Result<bool, StorageError> {
    let Some(area) = devices::end_grant(tx, grant, at)? else {
        return Ok(false);
    };
    note_in(tx, &BTreeSet::from([area]), Subject::GrantEnded(grant), at)?;
    Ok(true)
}

fn note_in(
    tx: &mut dyn Tx,
    areas: &BTreeSet<AreaPath>,
    subject: Subject,
    at: ServerTime,
) -> Result<(), StorageError> {
    let touched = spaces::touching(tx, areas)?;
    // The spaces are locked, so that numbers are in the order of commits.
    spaces::lock(tx, &touched)?;
    for space in &touched {
        note(tx, space, subject, at)?;
    }
    Ok(())
}

/// Notes what any space has noted of a device or a grant in every space that these areas touch: a space that came back to a
/// restored server later lacks it. The caller has locked the spaces.
///
/// # Errors
/// [`StorageError`].
pub fn spread(
    tx: &mut dyn Tx,
    subject: Subject,
    areas: &BTreeSet<AreaPath>,
) -> Result<(), StorageError> {
    let kind = i64::from(subject.kind());
    let bytes = subject.bytes();
    let times = tx.all(
        "SELECT DISTINCT at FROM server_notice WHERE kind = $1 AND subject = $2 ORDER BY at",
        &[kind.into(), bytes.value()],
        |row| ServerTime::read(row, 0),
    )?;
    if times.is_empty() {
        return Ok(());
    }
    for space in spaces::touching(tx, areas)? {
        for at in &times {
            note(tx, &space, subject, *at)?;
        }
    }
    Ok(())
}

/// Numbers a notice, unless the space has it, and queues the documents that it changes. The
/// caller has locked the space. Returns whether it is new.
///
/// # Errors
/// [`StorageError`].
pub fn note(
    tx: &mut dyn Tx,
    space: &AreaPath,
    subject: Subject,
    at: ServerTime,
) -> Result<bool, StorageError> {
    let within = space.value();
    let last = tx.first(
        "SELECT COALESCE(MAX(n), 0) FROM server_notice WHERE space = $1",
        &[within],
        |row| row.int(0),
    )?;
    let number = last.unwrap_or(0) + 1;
    let bytes = subject.bytes();
    let kind = i64::from(subject.kind());
    let row = [
        within,
        number.into(),
        kind.into(),
        bytes.value(),
        at.value(),
    ];
    if !SERVER_NOTICE.insert_once(tx, row)? {
        return Ok(false);
    }
    let by = match subject {
        Subject::DeviceRevoked(_) => "g.device",
        Subject::GrantEnded(_) => "g.id",
        // The revocation is noted, too, and changes what the device stated.
        Subject::DeviceErased(_) => return Ok(true),
        Subject::ChangeAccepted(doc, _) => {
            let queue =
                "INSERT INTO fold_queue (space, doc) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            tx.execute(queue, &[within, doc.value()])?;
            return Ok(true);
        }
    };
    let queue = format!(
        "INSERT INTO fold_queue (space, doc)
         SELECT u.space, u.doc FROM doc_grant u JOIN signed_grant g ON g.id = u.grant_id
         WHERE u.space = $1 AND {by} = $2 ON CONFLICT DO NOTHING"
    );
    tx.execute(&queue, &[within, bytes.value()])?;
    Ok(true)
}

/// Revocations of a space after a number, oldest first, at most 500: for devices of protocol 1.
///
/// # Errors
/// [`StorageError`].
pub fn revocations_after(
    tx: &mut dyn Tx,
    space: &AreaPath,
    number: u64,
) -> Result<Vec<Revocation>, StorageError> {
    tx.all(
        "SELECT n, subject, at FROM server_notice WHERE space = $1 AND n > $2 AND kind = 1 ORDER BY n LIMIT 500",
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

/// Notices of a space after a number, oldest first, at most 500, each with its number.
///
/// # Errors
/// [`StorageError`].
pub fn after(
    tx: &mut dyn Tx,
    space: &AreaPath,
    number: u64,
) -> Result<Vec<(u64, ServerNotice)>, StorageError> {
    let read = |row: &dyn Row| {
        let notice = ServerNotice {
            space: space.clone(),
            kind: u16::try_from(row.int(1)?).map_err(|_| StorageError::Column(1))?,
            subject: row.bytes(2)?,
            at: ServerTime::read(row, 3)?,
        };
        Ok((u64::read(row, 0)?, notice))
    };
    tx.all(
        "SELECT n, kind, subject, at FROM server_notice WHERE space = $1 AND n > $2 ORDER BY n LIMIT 500",
        &[space.as_str().into(), number.cast_signed().into()],
        read,
    )
}

/// The revocations of a space, and the changes that a person accepted in it.
///
/// # Errors
/// [`StorageError`].
pub fn revoked(tx: &mut dyn Tx, space: &AreaPath) -> Result<Revocations, StorageError> {
    let sql = "SELECT subject, at FROM server_notice WHERE space = $1 AND kind = 1";
    let found = tx.all(sql, &[space.as_str().into()], |row| {
        let device = DeviceId::from_slice(&row.bytes(0)?)?;
        Ok((device, ServerTime(row.int(1)?)))
    })?;
    let mut revoked: Revocations = found.into_iter().collect();
    let sql = "SELECT subject FROM server_notice WHERE space = $1 AND kind = 3";
    let accepted = tx.all(sql, &[space.as_str().into()], |row| row.bytes(0))?;
    revoked.accept(
        accepted
            .iter()
            .filter_map(|subject| accepted_change(subject)),
    );
    Ok(revoked)
}

fn accepted_change(subject: &[u8]) -> Option<ChangeHash> {
    match Subject::read(3, subject)? {
        Subject::ChangeAccepted(_, change) => Some(change),
        _ => None,
    }
}

/// When each of these devices was last revoked; devices that never were are absent.
///
/// # Errors
/// [`StorageError`].
pub fn last_revoked(
    tx: &mut dyn Tx,
    devices: &BTreeSet<DeviceId>,
) -> Result<HashMap<DeviceId, ServerTime>, StorageError> {
    last(tx, 1, devices)
}

/// When each of these devices was last to delete its data; the others are absent.
///
/// # Errors
/// [`StorageError`].
pub fn last_erased(
    tx: &mut dyn Tx,
    devices: &BTreeSet<DeviceId>,
) -> Result<HashMap<DeviceId, ServerTime>, StorageError> {
    last(tx, 4, devices)
}

/// The time of the last notice of a kind about each of these devices.
fn last(
    tx: &mut dyn Tx,
    kind: i64,
    devices: &BTreeSet<DeviceId>,
) -> Result<HashMap<DeviceId, ServerTime>, StorageError> {
    let keys: Vec<Value<'_>> = devices.iter().map(Stored::value).collect();
    let sql = "SELECT subject, MAX(at) FROM server_notice WHERE kind = $1 AND subject IN (?) GROUP BY subject";
    let found = tx.all_of(sql, &[kind.into()], &keys, |row| {
        let device = DeviceId::from_slice(&row.bytes(0)?)?;
        Ok((device, ServerTime(row.int(1)?)))
    })?;
    Ok(found.into_iter().collect())
}

/// Those of these changes that a notice accepts.
///
/// # Errors
/// [`StorageError`].
pub fn accepted(
    tx: &mut dyn Tx,
    changes: &[(DocId, ChangeHash)],
) -> Result<HashSet<ChangeHash>, StorageError> {
    let subject =
        |(doc, change): &(DocId, ChangeHash)| Subject::ChangeAccepted(*doc, *change).bytes();
    let subjects: Vec<Vec<u8>> = changes.iter().map(subject).collect();
    let keys: Vec<Value<'_>> = subjects.iter().map(Stored::value).collect();
    let sql = "SELECT subject FROM server_notice WHERE kind = 3 AND subject IN (?)";
    let found = tx.all_of(sql, &[], &keys, |row| row.bytes(0))?;
    Ok(found
        .iter()
        .filter_map(|subject| accepted_change(subject))
        .collect())
}

/// When a notice ended a grant.
///
/// # Errors
/// [`StorageError`].
pub fn ended(tx: &mut dyn Tx, grant: GrantId) -> Result<Option<ServerTime>, StorageError> {
    let sql = "SELECT MIN(at) FROM server_notice WHERE kind = 2 AND subject = $1";
    let at = tx.first(sql, &[grant.value()], |row| row.opt_int(0))?;
    Ok(at.flatten().map(ServerTime))
}

/// Documents of a space to be folded again, of those whose newest change is not after `mark`. The others remain queued:
/// the worker that projects the log may be folding them now, perhaps without the notice.
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
