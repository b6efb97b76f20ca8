//! Idle work: folds acknowledged changes into a snapshot, and verifies rows that came from the server.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, differing, docs, load, merge, meta,
    meta::name,
    proofs, rows,
    states::{EFFECTIVE, NOT_IN_LOG},
};
use crate::{
    catalogue::Catalogue,
    document::FOLD_VERSION,
    record::{DocId, Edition},
    wire::encode,
};

impl Device {
    /// Folds up to `limit` documents that have nothing pending, and verifies up to `limit` rows that the server
    /// folded. Returns how many were done; 0 means that nothing is left.
    ///
    /// # Errors
    /// [`DeviceError`]; an interrupted fold is harmless.
    pub fn idle(&mut self, limit: usize) -> Result<usize, DeviceError> {
        let foldable = format!(
            "SELECT id FROM doc WHERE pending_count = 0 AND tail_count > 0 AND leaving = 0
             AND NOT EXISTS (SELECT 1 FROM chg WHERE chg.doc = doc.id AND state IN {NOT_IN_LOG}) LIMIT ?1"
        );
        let to_fold = self.ids(&foldable, limit)?;
        let to_verify = self.ids("SELECT id FROM doc WHERE verified = 0 LIMIT ?1", limit)?;
        let done = to_fold.len() + to_verify.len();
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, _| {
            for doc in to_fold {
                fold(tx, &catalogue, doc)?;
            }
            for doc in to_verify {
                match verify(tx, &catalogue, doc) {
                    // An unreadable document must not stop the work on the others.
                    Err(DeviceError::Document { .. }) => need_whole(tx, doc)?,
                    verified => verified?,
                }
            }
            Ok(done)
        })
    }

    /// Marks every document to be folded again if the rules or the catalogue have changed since; this happens when the
    /// device is idle.
    pub(super) fn refold_after_update(&mut self) -> Result<(), DeviceError> {
        // One number for both: rules in the upper half, the edition of the catalogue in the lower half.
        let Edition(edition) = self.catalogue.newest();
        let now = (i64::from(FOLD_VERSION) << 32) | i64::from(edition);
        if meta::find_int(&self.connection, name::FOLD)? == Some(now) {
            return Ok(());
        }
        self.write(|tx, _| {
            tx.execute("UPDATE doc SET verified = 0", [])?;
            meta::set_int(tx, name::FOLD, now)
        })
    }

    fn ids(&self, sql: &str, limit: usize) -> Result<Vec<DocId>, DeviceError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([limit as i64], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|id| Ok(DocId::from_slice(&id?)?)).collect()
    }
}

/// Replaces the changes of a document by a snapshot if the snapshot reads back with the same digest. Otherwise the
/// changes are kept, and the next change of the document triggers another attempt.
fn fold(c: &Connection, catalogue: &Arc<Catalogue>, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE doc SET tail_count = 0 WHERE id = ?1")?
        .execute([doc.as_bytes()])?;
    let mut loaded = match load::load(c, catalogue, doc) {
        Err(DeviceError::Document { .. }) => return need_whole(c, doc),
        loaded => loaded?,
    };
    let Some(snapshot) = loaded.snapshot() else {
        return Ok(());
    };
    proofs::spread(c, doc)?;
    c.prepare_cached("UPDATE doc SET snapshot = ?2, received = ?3 WHERE id = ?1")?
        .execute(params![
            doc.as_bytes(),
            snapshot.chunk,
            encode(&snapshot.received)
        ])?;
    // Only what the snapshot contains.
    let sql = format!("UPDATE chg SET bytes = NULL WHERE doc = ?1 AND state IN {EFFECTIVE}");
    c.prepare_cached(&sql)?.execute([doc.as_bytes()])?;
    Ok(())
}

/// Requests an unreadable document whole from the server.
fn need_whole(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE doc SET verified = 1 WHERE id = ?1")?
        .execute([doc.as_bytes()])?;
    differing::need(c, doc)
}

/// Folds a document on this device: corrects the row, and the sum if it differs from the content.
fn verify(c: &Connection, catalogue: &Arc<Catalogue>, doc: DocId) -> Result<(), DeviceError> {
    let mut loaded = load::load(c, catalogue, doc)?;
    rows::refresh(c, doc, &mut loaded)?;
    if let Some(known) = docs::find(c, doc)?
        && known.pending == 0
        && known.tail >= 0
    {
        let counted = merge::known_to_server(c, doc, &mut loaded.crdt)?;
        if counted != known.sum {
            docs::set_sum(
                c,
                doc,
                (known.space.as_str(), &known.path),
                known.sum,
                counted,
            )?;
        }
    }
    Ok(())
}
