//! The log: documents, their changes and snapshots.

use sync_core::record::{AreaPath, ChangeHash, DeviceId, Digest, DocId, GrantId, PackHash};

use super::{Row, StorageError, Tx, Value, spaces::area};

/// A document's row.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The document.
    pub id: DocId,
    /// Its space.
    pub space: AreaPath,
    /// Its path.
    pub path: AreaPath,
    /// When it came to the path.
    pub path_seq: u64,
    /// Its newest change.
    pub last_seq: u64,
    /// All its changes.
    pub changes: u64,
    /// Their digest.
    pub digest: Digest,
    /// Changes up to here are in the snapshot.
    pub snap_seq: u64,
    /// Changes after the snapshot.
    pub tail_count: u64,
    /// Their bytes.
    pub tail_bytes: u64,
    /// Bytes of all changes.
    pub total_bytes: u64,
}

const COLUMNS: &str =
    "d.id, d.space, d.path, d.path_seq, d.last_seq, d.change_count, d.digest, d.snap_seq,
  d.tail_count, d.tail_bytes, d.total_bytes";

fn read(row: &dyn Row) -> Result<Doc, StorageError> {
    let int = |column| row.int(column).map(i64::unsigned_abs);
    Ok(Doc {
        id: DocId::from_slice(&row.bytes(0)?)?,
        space: area(&row.text(1)?)?,
        path: area(&row.text(2)?)?,
        path_seq: int(3)?,
        last_seq: int(4)?,
        changes: int(5)?,
        digest: Digest::from_slice(&row.bytes(6)?),
        snap_seq: int(7)?,
        tail_count: int(8)?,
        tail_bytes: int(9)?,
        total_bytes: int(10)?,
    })
}

/// A document.
///
/// # Errors
/// [`StorageError`].
pub fn find_doc(tx: &mut dyn Tx, id: DocId) -> Result<Option<Doc>, StorageError> {
    tx.first(
        &format!("SELECT {COLUMNS} FROM doc d WHERE d.id = $1"),
        &[id.as_bytes().into()],
        read,
    )
}

/// Writes a document's row.
///
/// # Errors
/// [`StorageError`].
pub fn put_doc(tx: &mut dyn Tx, doc: &Doc) -> Result<(), StorageError> {
    let digest = doc.digest.to_bytes();
    let int = |value: u64| Value::Int(value.cast_signed());
    tx.execute(
        "INSERT INTO doc (id, space, path, path_seq, last_seq, change_count, digest, snap_seq, tail_count,
           tail_bytes, total_bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET path = excluded.path, path_seq = excluded.path_seq,
           last_seq = excluded.last_seq, change_count = excluded.change_count, digest = excluded.digest,
           snap_seq = excluded.snap_seq, tail_count = excluded.tail_count, tail_bytes = excluded.tail_bytes,
           total_bytes = excluded.total_bytes",
        &[
            doc.id.as_bytes().into(),
            doc.space.as_str().into(),
            doc.path.as_str().into(),
            int(doc.path_seq),
            int(doc.last_seq),
            int(doc.changes),
            digest.as_slice().into(),
            int(doc.snap_seq),
            int(doc.tail_count),
            int(doc.tail_bytes),
            int(doc.total_bytes),
        ],
    )?;
    Ok(())
}

/// A change as the log keeps it.
#[derive(Debug)]
pub struct Change<'a> {
    /// Its document.
    pub doc: DocId,
    /// Its number in the space's log.
    pub seq: u64,
    /// Its hash.
    pub hash: ChangeHash,
    /// The device that brought it.
    pub device: DeviceId,
    /// Its Automerge actor.
    pub actor: [u8; 16],
    /// Its number among the actor's changes of the document.
    pub actor_seq: u64,
    /// The pack that brought it.
    pub pack: PackHash,
    /// Re-supplied by a phone that is not the author's.
    pub relayed: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Adds a change.
///
/// # Errors
/// [`StorageError`].
pub fn insert_change(tx: &mut dyn Tx, change: &Change<'_>) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO chg (doc, seq, hash, device, actor, actor_seq, pack, relayed, bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            change.doc.as_bytes().into(),
            change.seq.cast_signed().into(),
            change.hash.as_bytes().into(),
            change.device.as_bytes().into(),
            change.actor.as_slice().into(),
            change.actor_seq.cast_signed().into(),
            change.pack.as_bytes().into(),
            i64::from(change.relayed).into(),
            change.bytes.into(),
        ],
    )?;
    Ok(())
}

/// The document that has this change, if one does.
///
/// # Errors
/// [`StorageError`].
pub fn find_change(tx: &mut dyn Tx, hash: ChangeHash) -> Result<Option<DocId>, StorageError> {
    tx.first(
        "SELECT doc FROM chg WHERE hash = $1",
        &[hash.as_bytes().into()],
        |row| Ok(DocId::from_slice(&row.bytes(0)?)?),
    )
}

/// The highest number an actor has used in a document; 0 if none.
///
/// # Errors
/// [`StorageError`].
pub fn last_actor_seq(tx: &mut dyn Tx, doc: DocId, actor: [u8; 16]) -> Result<u64, StorageError> {
    let last = tx.first(
        "SELECT MAX(actor_seq) FROM chg WHERE doc = $1 AND actor = $2",
        &[doc.as_bytes().into(), actor.as_slice().into()],
        |row| row.opt_int(0),
    )?;
    Ok(last.flatten().unwrap_or(0).unsigned_abs())
}

/// The bytes of a document's changes after a number, in order; not those brought by `without`.
///
/// # Errors
/// [`StorageError`].
pub fn changes_after(
    tx: &mut dyn Tx,
    doc: DocId,
    after: u64,
    without: Option<DeviceId>,
) -> Result<Vec<Vec<u8>>, StorageError> {
    let nobody = [0; 16];
    let without = without.map_or(nobody, |device| device.0);
    tx.all(
        "SELECT bytes FROM chg WHERE doc = $1 AND seq > $2 AND device <> $3 ORDER BY seq",
        &[
            doc.as_bytes().into(),
            after.cast_signed().into(),
            without.as_slice().into(),
        ],
        |row| row.bytes(0),
    )
}

/// A document's snapshot.
///
/// # Errors
/// [`StorageError`].
pub fn snapshot(tx: &mut dyn Tx, doc: DocId) -> Result<Option<Vec<u8>>, StorageError> {
    tx.first(
        "SELECT chunk FROM snap WHERE doc = $1",
        &[doc.as_bytes().into()],
        |row| row.bytes(0),
    )
}

/// Stores a snapshot that holds every change up to `doc.last_seq`, unless the document has moved on since.
/// Returns whether it was stored.
///
/// # Errors
/// [`StorageError`].
pub fn put_snapshot(tx: &mut dyn Tx, doc: &Doc, chunk: &[u8]) -> Result<bool, StorageError> {
    let upto = Value::Int(doc.last_seq.cast_signed());
    let id = Value::Bytes(doc.id.as_bytes());
    let current = tx.execute(
        "UPDATE doc SET snap_seq = last_seq, tail_count = 0, tail_bytes = 0 WHERE id = $1 AND last_seq = $2",
        &[id, upto],
    )?;
    if current == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO snap (doc, upto_seq, chunk) VALUES ($1, $2, $3)
         ON CONFLICT (doc) DO UPDATE SET upto_seq = excluded.upto_seq, chunk = excluded.chunk",
        &[id, upto, chunk.into()],
    )?;
    Ok(true)
}

/// Documents of an area from newest to oldest id, after one.
///
/// # Errors
/// [`StorageError`].
pub fn backfill(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    after: Option<DocId>,
    limit: usize,
) -> Result<Vec<Doc>, StorageError> {
    let after = after.map_or([0xff; 16], |doc| doc.0);
    let limit = Value::Int(limit as i64);
    if space == within {
        let sql = format!(
            "SELECT {COLUMNS} FROM doc d WHERE d.space = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3"
        );
        return tx.all(
            &sql,
            &[space.as_str().into(), after.as_slice().into(), limit],
            read,
        );
    }
    let (from, to) = within.below();
    let sql = format!(
        "SELECT {COLUMNS} FROM path_sum p JOIN doc d ON d.space = p.space AND d.path = p.path AND d.id < $1
         WHERE p.space = $2 AND (p.path = $3 OR (p.path >= $4 AND p.path < $5)) ORDER BY d.id DESC LIMIT $6"
    );
    let values = [
        after.as_slice().into(),
        space.as_str().into(),
        within.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
        limit,
    ];
    tx.all(&sql, &values, read)
}

/// Documents of an area that changed after a number, oldest change first.
///
/// # Errors
/// [`StorageError`].
pub fn tail(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    after: u64,
    limit: usize,
) -> Result<Vec<Doc>, StorageError> {
    let (after, limit) = (Value::Int(after.cast_signed()), Value::Int(limit as i64));
    if space == within {
        let sql = format!(
            "SELECT {COLUMNS} FROM doc d WHERE d.space = $1 AND d.last_seq > $2 ORDER BY d.last_seq LIMIT $3"
        );
        return tx.all(&sql, &[space.as_str().into(), after, limit], read);
    }
    let (from, to) = within.below();
    let sql = format!(
        "SELECT {COLUMNS} FROM path_sum p JOIN doc d ON d.space = p.space AND d.path = p.path AND d.last_seq > $1
         WHERE p.last_seq > $1 AND p.space = $2 AND (p.path = $3 OR (p.path >= $4 AND p.path < $5))
         ORDER BY d.last_seq LIMIT $6"
    );
    let values = [
        after,
        space.as_str().into(),
        within.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
        limit,
    ];
    tx.all(&sql, &values, read)
}

/// Documents that left an area between two numbers (first excluded, last included).
///
/// # Errors
/// [`StorageError`].
pub fn exits(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    after: u64,
    upto: u64,
) -> Result<Vec<DocId>, StorageError> {
    let (from, to) = within.below();
    tx.all(
        "SELECT doc FROM doc_exit WHERE space = $1 AND seq > $2 AND seq <= $3
         AND (path = $4 OR (path >= $5 AND path < $6)) ORDER BY seq",
        &[
            space.as_str().into(),
            after.cast_signed().into(),
            upto.cast_signed().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        |row| Ok(DocId::from_slice(&row.bytes(0)?)?),
    )
}

/// Every document of an area with its digest, for a comparison.
///
/// # Errors
/// [`StorageError`].
pub fn digests(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
) -> Result<Vec<(DocId, Digest)>, StorageError> {
    let (from, to) = within.below();
    tx.all(
        "SELECT id, digest FROM doc WHERE space = $1 AND (path = $2 OR (path >= $3 AND path < $4))",
        &[
            space.as_str().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        |row| {
            Ok((
                DocId::from_slice(&row.bytes(0)?)?,
                Digest::from_slice(&row.bytes(1)?),
            ))
        },
    )
}

/// Notes that a document's events use a grant, since `seq`, in its path.
///
/// # Errors
/// [`StorageError`].
pub fn use_grant(tx: &mut dyn Tx, doc: &Doc, grant: GrantId, seq: u64) -> Result<(), StorageError> {
    let (id, seq) = (
        Value::Bytes(grant.as_bytes()),
        Value::Int(seq.cast_signed()),
    );
    let added = tx.execute(
        "INSERT INTO doc_grant (doc, grant_id, seq) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[doc.id.as_bytes().into(), id, seq],
    )?;
    if added > 0 {
        tx.execute(
            "INSERT INTO path_grant (space, path, grant_id, seq) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            &[doc.space.as_str().into(), doc.path.as_str().into(), id, seq],
        )?;
    }
    Ok(())
}

/// The grants a document's events were made under.
///
/// # Errors
/// [`StorageError`].
pub fn doc_grants(tx: &mut dyn Tx, doc: DocId) -> Result<Vec<GrantId>, StorageError> {
    tx.all(
        "SELECT grant_id FROM doc_grant WHERE doc = $1",
        &[doc.as_bytes().into()],
        |row| Ok(GrantId::from_slice(&row.bytes(0)?)?),
    )
}

/// Grants that were used in an area up to a number: a phone past it has them.
///
/// # Errors
/// [`StorageError`].
pub fn area_grants(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    upto: u64,
) -> Result<Vec<GrantId>, StorageError> {
    let (from, to) = within.below();
    tx.all(
        "SELECT DISTINCT grant_id FROM path_grant WHERE space = $1 AND seq <= $2
         AND (path = $3 OR (path >= $4 AND path < $5))",
        &[
            space.as_str().into(),
            upto.cast_signed().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
        ],
        |row| Ok(GrantId::from_slice(&row.bytes(0)?)?),
    )
}
