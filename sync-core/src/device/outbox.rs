//! The outbox: pending changes, sealed into one signed pack at a time.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Device, DeviceError, enrolment, meta, meta::name, settle};
use crate::{
    identity::{PackClaims, Signed},
    record::{ChangeHash, DocId, PackHash},
    wire::{
        Code, PACK_BYTES, PACK_CHANGES,
        push::{Entry, Request},
    },
};

/// The limits of a pack, and the documents that are skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packing {
    /// Changes at most; one always fits.
    pub(crate) changes: usize,
    /// Uncompressed bytes of changes at most; one change always fits.
    pub(crate) bytes: usize,
    /// Documents of which no change is sealed now.
    pub(crate) aside: BTreeSet<DocId>,
}

impl Default for Packing {
    fn default() -> Self {
        Self {
            changes: PACK_CHANGES,
            bytes: PACK_BYTES,
            aside: BTreeSet::new(),
        }
    }
}

/// The result of opening a pack that was too large to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsealed {
    /// Its changes are pending again; this is half of its size.
    Halved { changes: usize, bytes: usize },
    /// It held one change, which this network does not pass; the document is skipped.
    Alone(DocId),
    /// It held one change, which the server refuses permanently; this many changes are refused with it.
    Refused(usize),
}

/// A pack that is durable and is sent, byte for byte the same, until it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) hash: PackHash,
    pub(crate) request: Request,
}

/// A pending change.
struct Waiting {
    n: i64,
    doc: DocId,
    hash: ChangeHash,
    bytes: Vec<u8>,
}

impl Device {
    /// The next pack to send: the unanswered one, or a new one of pending changes; `None` if nothing is pending.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was changed then.
    pub(crate) fn next_pack(&mut self, packing: &Packing) -> Result<Option<Sealed>, DeviceError> {
        if let Some(sealed) = unanswered(&self.connection)? {
            return Ok(Some(sealed));
        }
        let waiting = gather(&self.connection, packing)?;
        if waiting.is_empty() {
            return Ok(None);
        }
        self.write(|tx, host| {
            let claimed = host.clock.now();
            let enrolment = enrolment::enrolment(tx)?;
            let claims = PackClaims {
                device: enrolment.device,
                number: meta::find_int(tx, name::PACK_NUMBER)?
                    .unwrap_or(0)
                    .unsigned_abs()
                    + 1,
                previous: meta::find_array(tx, name::PACK_HASH)?
                    .map_or(PackClaims::GENESIS, PackHash),
                claimed,
                repair: false,
                changes: waiting
                    .iter()
                    .map(|w| Signed {
                        doc: w.doc,
                        change: w.hash,
                    })
                    .collect(),
            };
            for change in &waiting {
                tx.prepare_cached("UPDATE chg SET state = 1, pack = ?2 WHERE n = ?1")?
                    .execute(params![change.n, claims.number as i64])?;
            }
            let entries = waiting
                .into_iter()
                .map(|w| Entry {
                    doc: w.doc,
                    change: w.bytes,
                })
                .collect();
            store(tx, &claims, &enrolment.key, entries).map(Some)
        })
    }

    /// Opens the unanswered pack because it was too large to be accepted. The server has stored nothing of it, so the
    /// next pack takes its number. If the server did store it, it answers the next pack with a fork.
    ///
    /// `refused`: the server itself refused the size, so a single change is refused permanently.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was changed then.
    pub(crate) fn unseal(&mut self, refused: bool) -> Result<Option<Unsealed>, DeviceError> {
        self.write(|tx, host| {
            let Some(Sealed { request, .. }) = unanswered(tx)? else {
                return Ok(None);
            };
            settle::reopen(tx, request.number)?;
            meta::set_int(tx, name::PACK_NUMBER, request.number as i64 - 1)?;
            meta::set(tx, name::PACK_HASH, request.previous.as_bytes())?;
            let Some(first) = request
                .entries
                .first()
                .filter(|_| request.entries.len() == 1)
            else {
                let bytes: usize = request.entries.iter().map(|e| e.change.len()).sum();
                return Ok(Some(Unsealed::Halved {
                    changes: request.entries.len().div_ceil(2),
                    bytes: bytes / 2,
                }));
            };
            if request.repair {
                return Ok(Some(Unsealed::Alone(first.doc)));
            }
            let hash = crate::crdt::change_hash(&first.change);
            if refused {
                let fresh = host.random();
                let count = settle::refuse_alone(tx, first, &hash, Code::TooLarge, fresh)?;
                return Ok(Some(Unsealed::Refused(count)));
            }
            hold(tx, first.doc, &hash)?;
            Ok(Some(Unsealed::Alone(first.doc)))
        })
    }

    /// Whether a sealed pack is unanswered.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn is_sending(&self) -> Result<bool, DeviceError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM pack WHERE body IS NOT NULL)";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?)
    }

    /// Seals a pack that resupplies documents to a server that lost them.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was changed then.
    pub(crate) fn seal_repair(
        &mut self,
        changes: Vec<(DocId, ChangeHash, Vec<u8>)>,
    ) -> Result<Sealed, DeviceError> {
        self.write(|tx, host| {
            let enrolment = enrolment::enrolment(tx)?;
            let claims = PackClaims {
                device: enrolment.device,
                number: meta::find_int(tx, name::PACK_NUMBER)?
                    .unwrap_or(0)
                    .unsigned_abs()
                    + 1,
                previous: meta::find_array(tx, name::PACK_HASH)?
                    .map_or(PackClaims::GENESIS, PackHash),
                claimed: host.clock.now(),
                repair: true,
                changes: changes
                    .iter()
                    .map(|(doc, change, _)| Signed {
                        doc: *doc,
                        change: *change,
                    })
                    .collect(),
            };
            let entries = changes
                .into_iter()
                .map(|(doc, _, change)| Entry { doc, change })
                .collect();
            store(tx, &claims, &enrolment.key, entries)
        })
    }
}

/// Marks a change that is too large for the network and leaves one notice about it. The change stays in the outbox.
fn hold(c: &Connection, doc: DocId, hash: &ChangeHash) -> Result<(), DeviceError> {
    let marked = c
        .prepare_cached("UPDATE chg SET refusal = ?2 WHERE hash = ?1 AND refusal IS NULL")?
        .execute(params![hash.as_bytes(), Code::TooLarge.number()])?;
    if marked > 0 {
        let text = "网络不放行这条内容（过大），下次同步再试；换一个网络可能成功 / the network does not let this statement through, it is too large; it is tried again at the next sync, another network may take it";
        settle::notice(c, doc, Code::TooLarge.number(), text)?;
    }
    Ok(())
}

/// Pending changes, oldest first. Documents with a change that was too large for the network come last.
fn gather(c: &Connection, packing: &Packing) -> Result<Vec<Waiting>, DeviceError> {
    let held = "(SELECT doc FROM chg WHERE state = 0 AND refusal IS NOT NULL)";
    for which in ["NOT IN", "IN"] {
        let sql = format!(
            "SELECT n, doc, hash, bytes FROM chg WHERE state = 0 AND bytes IS NOT NULL AND doc {which} {held} ORDER BY n"
        );
        let waiting = fill(c, &sql, packing)?;
        if !waiting.is_empty() {
            return Ok(waiting);
        }
    }
    Ok(Vec::new())
}

/// The first changes of a query that fit into one pack.
fn fill(c: &Connection, sql: &str, packing: &Packing) -> Result<Vec<Waiting>, DeviceError> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let (mut waiting, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let doc = DocId::from_slice(&row.get::<_, Vec<u8>>(1)?)?;
        if packing.aside.contains(&doc) {
            continue;
        }
        let bytes: Vec<u8> = row.get(3)?;
        size += bytes.len();
        let full = size > packing.bytes || waiting.len() >= packing.changes;
        if full && !waiting.is_empty() {
            break;
        }
        waiting.push(Waiting {
            n: row.get(0)?,
            doc,
            hash: ChangeHash::from_slice(&row.get::<_, Vec<u8>>(2)?)?,
            bytes,
        });
    }
    Ok(waiting)
}

fn store(
    c: &Connection,
    claims: &PackClaims,
    key: &crate::identity::SecretKey,
    entries: Vec<Entry>,
) -> Result<Sealed, DeviceError> {
    let request = Request {
        number: claims.number,
        previous: claims.previous,
        claimed: claims.claimed,
        repair: claims.repair,
        signature: claims.seal(key),
        entries,
    };
    let body = minicbor::to_vec(&request).map_err(|e| DeviceError::Damaged(e.to_string()))?;
    let hash = claims.hash();
    c.prepare_cached("INSERT INTO pack (number, hash, claims, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            claims.number as i64,
            hash.as_bytes(),
            claims.to_bytes(),
            body
        ])?;
    meta::set_int(c, name::PACK_NUMBER, claims.number as i64)?;
    meta::set(c, name::PACK_HASH, hash.as_bytes())?;
    Ok(Sealed { hash, request })
}

/// The sealed pack that is not answered yet.
pub(super) fn unanswered(c: &Connection) -> Result<Option<Sealed>, DeviceError> {
    let mut statement =
        c.prepare_cached("SELECT hash, body FROM pack WHERE body IS NOT NULL ORDER BY n LIMIT 1")?;
    let row = statement
        .query_row([], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    let Some((hash, body)) = row else {
        return Ok(None);
    };
    Ok(Some(Sealed {
        hash: PackHash::from_slice(&hash)?,
        request: minicbor::decode(&body)?,
    }))
}
