//! The log: changes, each inserted once. Their bytes never change.

use std::collections::{HashMap, HashSet};

use sync_core::record::{AreaPath, ChangeHash, DeviceId, DocId, PackHash, ServerTime};

use super::{
    Row, StorageError, Tx, Value,
    column::{Column, Kind, Stored},
    docs::ids,
    table::table,
};

table! {
    /// A row of the log.
    pub struct Change<'a> in "chg" key 3 {
        /// Its space.
        space: &'a AreaPath,
        /// Its document.
        doc: DocId,
        /// Its sequence number in the space's log.
        seq: u64,
        /// Its hash.
        hash: ChangeHash,
        /// The device that sent it.
        device: DeviceId,
        /// Its Automerge actor.
        actor: [u8; 16],
        /// Its number among the actor's changes to the document.
        actor_seq: u64,
        /// The pack that contained it.
        pack: PackHash,
        /// Whether its events have an effect.
        attestation = "relayed": Attestation,
        /// Its bytes.
        bytes: &'a [u8],
        /// The proofs of its events, if it came with proofs.
        proofs: Option<&'a [u8]>,
    }
}

/// Which device sent a change, as the column `relayed` of the log stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attestation {
    /// A pack of its author's device, or the proofs of its events, attest it.
    Attested,
    /// Another device brought it without proofs, while that still counted as attested. No longer written.
    Resupplied,
    /// Another device brought it without proofs: its events have no effect until its author's device or a proof comes.
    Unattested,
    /// As `Attested`, but it was in the log before, without effect or with a later receive time. So it is new to every device,
    /// also to its author's: that one may be one of two copies, or may never have had a change that a person accepted.
    AttestedLate,
}

impl Stored for Attestation {
    const KIND: Kind = Kind::Int;
    fn value(&self) -> Value<'_> {
        Value::Int(match self {
            Self::Attested => 0,
            Self::Resupplied => 1,
            Self::Unattested => 2,
            Self::AttestedLate => 3,
        })
    }
}

impl Column for Attestation {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        match row.int(at)? {
            0 => Ok(Self::Attested),
            1 => Ok(Self::Resupplied),
            2 => Ok(Self::Unattested),
            3 => Ok(Self::AttestedLate),
            _ => Err(StorageError::Column(at)),
        }
    }
}

/// SQL expression for the receive time of change `c` in pack `p`; replicas judge events by it.
pub(super) const RECEIVED: &str =
    "CASE WHEN c.relayed = 2 THEN -1 ELSE COALESCE(p.received_at, 0) END";

/// Inserts changes.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, changes: &[Change<'_>]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = changes.iter().flat_map(Change::values).collect();
    Change::TABLE.insert(tx, &values, "")
}

/// What the log knows of a change that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its document.
    pub doc: DocId,
    /// Nothing attests its author: its events have no effect.
    pub unattested: bool,
    /// Its proofs are stored.
    pub proven: bool,
    /// When it was received; [`ServerTime::UNATTESTED`] for an unattested one.
    pub received: ServerTime,
    /// Its Automerge actor, and its number among that actor's changes to the document.
    pub by: ([u8; 16], u64),
    /// The number of its last Automerge operation in the document.
    pub last_op: u64,
}

/// Those of these changes that a space's log has.
///
/// # Errors
/// [`StorageError`].
pub fn known(
    tx: &mut dyn Tx,
    space: &AreaPath,
    hashes: &[ChangeHash],
) -> Result<Vec<(ChangeHash, Held)>, StorageError> {
    let keys: Vec<Value<'_>> = hashes.iter().map(|h| Value::Bytes(h.as_bytes())).collect();
    tx.all_of(
        &format!(
            "SELECT c.hash, c.doc, c.relayed, c.actor, c.actor_seq, c.bytes, {RECEIVED},
               CAST(CASE WHEN c.proofs IS NULL THEN 0 ELSE 1 END AS BIGINT)
             FROM chg c LEFT JOIN pack p ON p.hash = c.pack WHERE c.space = $1 AND c.hash IN (?)"
        ),
        &[space.as_str().into()],
        &keys,
        |row| {
            let held = Held {
                doc: DocId::from_slice(&row.bytes(1)?)?,
                unattested: Attestation::read(row, 2)? == Attestation::Unattested,
                received: ServerTime(row.int(6)?),
                proven: row.int(7)? != 0,
                by: (actor(&row.bytes(3)?, 3)?, row.int(4)?.cast_unsigned()),
                last_op: last_op(&row.bytes(5)?, 5)?,
            };
            Ok((ChangeHash::from_slice(&row.bytes(0)?)?, held))
        },
    )
}

/// Marks a change as attested late and gives it a new sequence number, and the receive time of `pack`. Devices whose cursor is
/// past the old number receive it there. `device`: its author's. `proofs` replace none by some.
///
/// # Errors
/// [`StorageError`].
pub fn attest(
    tx: &mut dyn Tx,
    space: &AreaPath,
    hash: ChangeHash,
    seq: u64,
    (device, pack): (DeviceId, PackHash),
    proofs: Option<&[u8]>,
) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE chg SET seq = $1, device = $2, pack = $3, relayed = 3, proofs = COALESCE($4, proofs)
         WHERE space = $5 AND hash = $6",
        &[
            seq.value(),
            device.value(),
            pack.value(),
            proofs.value(),
            space.value(),
            hash.value(),
        ],
    )?;
    Ok(())
}

/// The receive time of each of these changes that the log has.
///
/// # Errors
/// [`StorageError`].
pub fn received(
    tx: &mut dyn Tx,
    space: &AreaPath,
    hashes: &[ChangeHash],
) -> Result<HashMap<ChangeHash, ServerTime>, StorageError> {
    let found = known(tx, space, hashes)?.into_iter();
    Ok(found.map(|(hash, held)| (hash, held.received)).collect())
}

/// The number and bytes of the changes that each device has sent to each of these documents.
///
/// # Errors
/// [`StorageError`].
pub fn brought(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Vec<(DocId, DeviceId, u64, u64)>, StorageError> {
    tx.all_of(
        "SELECT doc, device, COUNT(*), CAST(SUM(LENGTH(bytes)) AS BIGINT) FROM chg
         WHERE space = $1 AND doc IN (?) GROUP BY doc, device",
        &[space.as_str().into()],
        &ids(docs),
        |row| {
            let doc = DocId::from_slice(&row.bytes(0)?)?;
            let device = DeviceId::from_slice(&row.bytes(1)?)?;
            Ok((
                doc,
                device,
                row.int(2)?.unsigned_abs(),
                row.int(3)?.unsigned_abs(),
            ))
        },
    )
}

/// The first attested changes of a document in order, at most `limit`.
///
/// # Errors
/// [`StorageError`].
pub fn first_changes(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
    limit: i64,
) -> Result<Vec<Vec<u8>>, StorageError> {
    tx.all(
        "SELECT bytes FROM chg WHERE space = $1 AND doc = $2 AND relayed <> 2 ORDER BY seq LIMIT $3",
        &[
            space.as_str().into(),
            doc.as_bytes().into(),
            limit.into(),
        ],
        |row| row.bytes(0),
    )
}

/// The number of changes of a space after one sequence number and up to another.
///
/// # Errors
/// [`StorageError`].
pub fn count(
    tx: &mut dyn Tx,
    space: &AreaPath,
    after: u64,
    upto: u64,
) -> Result<u64, StorageError> {
    let count = tx.first(
        "SELECT COUNT(*) FROM chg WHERE space = $1 AND seq > $2 AND seq <= $3",
        &[
            space.as_str().into(),
            after.cast_signed().into(),
            upto.cast_signed().into(),
        ],
        |row| row.int(0),
    )?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// An actor in a document.
pub type InDoc = (DocId, [u8; 16]);

/// The highest number that each actor has used in each of these documents.
///
/// # Errors
/// [`StorageError`].
pub fn last_actor_seqs(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
) -> Result<Vec<(InDoc, u64)>, StorageError> {
    tx.all_of(
        "SELECT doc, actor, MAX(actor_seq) FROM chg WHERE space = $1 AND doc IN (?) GROUP BY doc, actor",
        &[space.as_str().into()],
        &ids(docs),
        |row| {
            let doc = DocId::from_slice(&row.bytes(0)?)?;
            Ok(((doc, actor(&row.bytes(1)?, 1)?), row.int(2)?.unsigned_abs()))
        },
    )
}

/// The last operation of an actor's newest change to a document; `None` if there is none.
///
/// # Errors
/// [`StorageError`].
pub fn last_op_by(
    tx: &mut dyn Tx,
    space: &AreaPath,
    (doc, actor): &InDoc,
) -> Result<Option<u64>, StorageError> {
    tx.first(
        "SELECT bytes FROM chg WHERE space = $1 AND doc = $2 AND actor = $3
         ORDER BY actor_seq DESC LIMIT 1",
        &[
            space.as_str().into(),
            doc.as_bytes().into(),
            actor[..].into(),
        ],
        |row| last_op(&row.bytes(0)?, 0),
    )
}

fn actor(bytes: &[u8], column: usize) -> Result<[u8; 16], StorageError> {
    bytes.try_into().map_err(|_| StorageError::Column(column))
}

fn last_op(bytes: &[u8], column: usize) -> Result<u64, StorageError> {
    sync_core::crdt::last_op(bytes).map_err(|_| StorageError::Column(column))
}

/// Every change of a document in order: the document can be rebuilt from them without its snapshot.
///
/// # Errors
/// [`StorageError`].
pub fn changes(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
) -> Result<Vec<Vec<u8>>, StorageError> {
    tx.all(
        "SELECT bytes FROM chg WHERE space = $1 AND doc = $2 ORDER BY seq",
        &[space.as_str().into(), doc.as_bytes().into()],
        |row| row.bytes(0),
    )
}

/// Receive times of those of these changes that a pack other than `pack` contained. Changes of `pack` itself and
/// changes that the log does not have are absent. Unattested changes are always included, with
/// [`ServerTime::UNATTESTED`].
///
/// # Errors
/// [`StorageError`].
pub fn came_before(
    tx: &mut dyn Tx,
    space: &AreaPath,
    pack: PackHash,
    hashes: &[ChangeHash],
) -> Result<HashMap<ChangeHash, ServerTime>, StorageError> {
    let keys: Vec<Value<'_>> = hashes.iter().map(|h| Value::Bytes(h.as_bytes())).collect();
    let found = tx.all_of(
        &format!(
            "SELECT c.hash, {RECEIVED} FROM chg c JOIN pack p ON p.hash = c.pack
             WHERE c.space = $1 AND (c.pack <> $2 OR c.relayed = 2) AND c.hash IN (?)"
        ),
        &[space.as_str().into(), pack.as_bytes().into()],
        &keys,
        |row| {
            let hash = ChangeHash::from_slice(&row.bytes(0)?)?;
            Ok((hash, ServerTime(row.int(1)?)))
        },
    )?;
    Ok(found.into_iter().collect())
}

/// A change's bytes and its receive time.
pub type Timed = (Vec<u8>, ServerTime);

/// The changes of these documents after the sequence number `base`, in order, without those that the device `without`
/// sent. One that was attested late is new to that device, too.
///
/// # Errors
/// [`StorageError`].
pub fn changes_since(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    base: u64,
    without: DeviceId,
) -> Result<HashMap<DocId, Vec<Timed>>, StorageError> {
    let rows = tx.all_of(
        &format!(
            "SELECT c.doc, c.bytes, {RECEIVED} FROM chg c LEFT JOIN pack p ON p.hash = c.pack
             WHERE c.space = $1 AND c.seq > $2 AND (c.device <> $3 OR c.relayed = 3)
               AND c.doc IN (?) ORDER BY c.doc, c.seq"
        ),
        &[
            space.as_str().into(),
            base.cast_signed().into(),
            without.as_bytes().into(),
        ],
        &ids(docs),
        |row| {
            let doc = DocId::from_slice(&row.bytes(0)?)?;
            Ok((doc, (row.bytes(1)?, ServerTime(row.int(2)?))))
        },
    )?;
    let mut found: HashMap<DocId, Vec<Timed>> = HashMap::new();
    for (doc, change) in rows {
        found.entry(doc).or_default().push(change);
    }
    Ok(found)
}

/// Those of these documents that a device other than `device` has sent changes to.
///
/// # Errors
/// [`StorageError`].
pub fn written_by_others(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    device: DeviceId,
) -> Result<HashSet<DocId>, StorageError> {
    let found = tx.all_of(
        "SELECT DISTINCT doc FROM chg WHERE space = $1 AND device <> $2 AND doc IN (?)",
        &[space.as_str().into(), device.as_bytes().into()],
        &ids(docs),
        |row| Ok(DocId::from_slice(&row.bytes(0)?)?),
    )?;
    Ok(found.into_iter().collect())
}
