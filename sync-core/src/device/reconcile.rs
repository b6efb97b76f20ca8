//! Reconcile: finds which documents differ from the server's, which to request and which to offer.

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, absent, differing, kept, scope, server_notices,
    states::PhotoStep::{Referenced, Uploading},
};
use crate::{
    record::{Digest, DocId, LogEpoch},
    wire::{
        pull::{Cursor, Phase},
        reconcile::{self, FRAME_BYTES, item, item_doc},
    },
};

/// A reconciliation of one scope in progress. It lives for one session and holds 32 bytes for each document.
pub struct ReconcileTask {
    /// The scope.
    pub cursor: Cursor,
    engine: Negentropy<'static, NegentropyStorageVector>,
    /// The next message to send.
    pub message: Vec<u8>,
    log: Option<LogEpoch>,
    head: u64,
    born: Option<u64>,
    rounds: u32,
}

/// Rounds of one reconciliation at most: enough for a million documents of which none is equal.
const MAX_ROUNDS: u32 = 4096;

impl std::fmt::Debug for ReconcileTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReconcileTask")
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

fn broken(error: negentropy::Error) -> DeviceError {
    DeviceError::damaged_value("reconciliation", error)
}

impl Device {
    /// Starts the reconciliation of the first scope that is marked for it, if there is one.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn next_reconcile(&self) -> Result<Option<ReconcileTask>, DeviceError> {
        let Some(held) = scope::list(&self.connection)?
            .into_iter()
            .find(|h| h.repair && !h.paused)
        else {
            return Ok(None);
        };
        let mut storage = NegentropyStorageVector::new();
        let (from, to) = held.cursor.area.below();
        let mut statement = self.connection.prepare_cached(
            "SELECT id, digest FROM doc
             WHERE (path = ?1 OR (path >= ?2 AND path < ?3)) AND space = ?4 AND change_count > 0",
        )?;
        let space = held.cursor.space.as_str();
        let mut rows = statement.query(params![held.cursor.area.as_str(), from, to, space])?;
        while let Some(row) = rows.next()? {
            let doc = DocId::from_slice(&row.get::<_, Vec<u8>>(0)?)?;
            let digest = Digest::from_slice(&row.get::<_, Vec<u8>>(1)?);
            let id = Id::from_byte_array(item(doc, digest));
            storage.insert(0, id).map_err(broken)?;
        }
        storage.seal().map_err(broken)?;
        let mut engine = Negentropy::owned(storage, FRAME_BYTES).map_err(broken)?;
        let message = engine.initiate().map_err(broken)?;
        Ok(Some(ReconcileTask {
            cursor: held.cursor,
            engine,
            message,
            log: None,
            head: 0,
            born: None,
            rounds: 0,
        }))
    }

    /// Applies one answer; returns `true` when the reconciliation is complete. Documents that differ are marked as
    /// needed and as offered. The scope then follows the log from the head at which the reconciliation began.
    ///
    /// # Errors
    /// [`DeviceError`]; the reconciliation then starts again.
    pub(crate) fn reconcile_answer(
        &mut self,
        task: &mut ReconcileTask,
        answer: &reconcile::Response,
    ) -> Result<bool, DeviceError> {
        task.rounds += 1;
        if task.rounds > MAX_ROUNDS {
            return Err(DeviceError::damaged("a comparison that never ends"));
        }
        // The head of the first answer: later changes are in the tail after it.
        if task.log.is_none() {
            (task.log, task.head) = (Some(answer.log), answer.head);
            task.born = answer.born;
        }
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let next = task
            .engine
            .reconcile_with_ids(&answer.message, &mut have, &mut need)
            .map_err(broken)?;
        let docs = |ids: &[Id]| {
            ids.iter()
                .map(|id| item_doc(id.as_bytes()))
                .collect::<Vec<_>>()
        };
        let (offers, needs) = (docs(&have), docs(&need));
        self.write(|tx, _| {
            for doc in offers {
                differing::offer(tx, doc)?;
            }
            for doc in needs {
                differing::need(tx, doc)?;
            }
            if next.is_none() {
                let log = task.log.unwrap_or(task.cursor.log);
                let mut from = task.head;
                if log != task.cursor.log {
                    // In a new log epoch, resupplied changes have new receive times. The pages from the start of the
                    // epoch carry these times.
                    from = task.born.unwrap_or(from).min(from);
                    forget_receipts(tx)?;
                    differing::offer_own_in(tx, &task.cursor.area)?;
                    absent::new_epoch(tx, &task.cursor.area)?;
                    kept::new_epoch(tx)?;
                    server_notices::new_epoch(tx, &task.cursor)?;
                }
                let phase = Phase::Tail {
                    base: from,
                    pos: from,
                };
                scope::advance(tx, &task.cursor, log, phase)?;
                scope::end_repair(tx, &task.cursor)?;
            }
            Ok(())
        })?;
        task.message = next.clone().unwrap_or_default();
        Ok(next.is_none())
    }
}

/// A restored server may have lost photos too: every photo that is still on this device is offered again.
fn forget_receipts(c: &Connection) -> Result<(), DeviceError> {
    let sql = format!(
        "UPDATE photo SET state = {Referenced}, upload = NULL, sent = 0, receipt = NULL
         WHERE state >= {Uploading} AND removed = 0"
    );
    c.execute(&sql, [])?;
    Ok(())
}
