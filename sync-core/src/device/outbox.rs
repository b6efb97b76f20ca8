//! The outbox: pending changes, sealed into one signed pack at a time.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, meta,
    meta::name,
    notice,
    packing::Packing,
    refusal,
    sealed::{self, SealedPack},
    states::ChangeState::{Sent, Waiting},
};
use crate::{
    record::{ChangeHash, DocId},
    wire::Code,
};

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

/// A change to seal.
struct WaitingChange {
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
    pub(crate) fn next_pack(
        &mut self,
        packing: &Packing,
    ) -> Result<Option<SealedPack>, DeviceError> {
        if let Some(sealed) = sealed::unanswered(&self.connection)? {
            return Ok(Some(sealed));
        }
        let waiting = gather(&self.connection, packing)?;
        if waiting.is_empty() {
            return Ok(None);
        }
        let (numbers, changes): (Vec<i64>, _) = waiting
            .into_iter()
            .map(|w| (w.n, (w.doc, w.hash, w.bytes)))
            .unzip();
        self.write(|tx, host| {
            let sealed = sealed::seal(tx, host, changes)?;
            for n in numbers {
                tx.prepare_cached(&format!(
                    "UPDATE chg SET state = {Sent}, pack = ?2 WHERE n = ?1"
                ))?
                .execute(params![n, sealed.request.number as i64])?;
            }
            Ok(Some(sealed))
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
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, host| {
            let Some(SealedPack { request, .. }) = sealed::unanswered(tx)? else {
                return Ok(None);
            };
            sealed::reopen(tx, request.number)?;
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
                let code = Code::TooLarge;
                let count = refusal::refuse_alone(tx, &catalogue, first, &hash, code, fresh)?;
                return Ok(Some(Unsealed::Refused(count)));
            }
            hold(tx, first.doc, &hash)?;
            Ok(Some(Unsealed::Alone(first.doc)))
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
        notice::leave(c, doc, Code::TooLarge.number(), text)?;
    }
    Ok(())
}

/// Pending changes, oldest first. Documents with a change that was too large for the network come last.
fn gather(c: &Connection, packing: &Packing) -> Result<Vec<WaitingChange>, DeviceError> {
    let held = format!("(SELECT doc FROM chg WHERE state = {Waiting} AND refusal IS NOT NULL)");
    for which in ["NOT IN", "IN"] {
        let sql = format!(
            "SELECT n, doc, hash, bytes FROM chg
             WHERE state = {Waiting} AND bytes IS NOT NULL AND doc {which} {held}
               AND doc NOT IN (SELECT doc FROM absent) ORDER BY n"
        );
        let waiting = fill(c, &sql, packing)?;
        if !waiting.is_empty() {
            return Ok(waiting);
        }
    }
    Ok(Vec::new())
}

/// The first changes of a query that fit into one pack.
fn fill(c: &Connection, sql: &str, packing: &Packing) -> Result<Vec<WaitingChange>, DeviceError> {
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
        waiting.push(WaitingChange {
            n: row.get(0)?,
            doc,
            hash: ChangeHash::from_slice(&row.get::<_, Vec<u8>>(2)?)?,
            bytes,
        });
    }
    Ok(waiting)
}
