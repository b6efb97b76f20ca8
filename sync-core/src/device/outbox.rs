//! The outbox: changes that wait, sealed into one signed pack at a time.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Device, DeviceError, enrolment, meta, meta::name};
use crate::{
    identity::{PackClaims, Signed},
    record::{ChangeHash, DocId, PackHash},
    wire::{
        PACK_BYTES, PACK_CHANGES,
        push::{Entry, Request},
    },
};

/// A pack that is stored and may be sent, again and again, until it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) hash: PackHash,
    pub(crate) request: Request,
}

/// A change that waits.
struct Waiting {
    n: i64,
    doc: DocId,
    hash: ChangeHash,
    bytes: Vec<u8>,
}

impl Device {
    /// The pack to send next: the one that was not answered yet, or a new one of what waits; `None` if nothing does.
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was changed then.
    pub(crate) fn next_pack(&mut self) -> Result<Option<Sealed>, DeviceError> {
        if let Some(sealed) = unanswered(&self.connection)? {
            return Ok(Some(sealed));
        }
        let waiting = gather(&self.connection)?;
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

    /// Whether a sealed pack waits for its answer.
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

    /// Seals a pack that re-supplies whole records to a server that lost them.
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

fn gather(c: &Connection) -> Result<Vec<Waiting>, DeviceError> {
    let mut statement = c.prepare_cached(
        "SELECT n, doc, hash, bytes FROM chg WHERE state = 0 AND bytes IS NOT NULL ORDER BY n LIMIT ?1",
    )?;
    let mut rows = statement.query([PACK_CHANGES as i64])?;
    let (mut waiting, mut size) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(3)?;
        size += bytes.len();
        if size > PACK_BYTES && !waiting.is_empty() {
            break;
        }
        waiting.push(Waiting {
            n: row.get(0)?,
            doc: DocId::from_slice(&row.get::<_, Vec<u8>>(1)?)?,
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

/// The pack that was sealed and not answered.
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
