//! The on-device store: documents, outbox, cursors, photos and the list, in one SQLite database.
//!
//! It stores the events that people state and the pages that the server sends, and it returns packs to send and rows
//! to show. Each step that changes the store is one transaction. The module opens no socket and does not wait for the
//! network. Success is returned to a person only after the transaction is committed with `synchronous=FULL`.

mod absent;
mod activity;
mod beacon;
mod capture;
mod differing;
mod displaced;
mod docs;
mod editions;
mod endings;
mod enrolment;
mod error;
mod fold;
mod kept;
mod list;
mod load;
mod merge;
mod meta;
mod migrate;
mod named;
mod newer_editions;
mod notice;
mod outbox;
mod packing;
mod page;
mod photo;
mod photo_file;
mod proofs;
mod received;
mod reconcile;
mod refusal;
mod restate;
mod resupply;
mod rows;
mod scope;
mod sealed;
mod server_notices;
mod settle;
mod states;
mod status;
mod suggest;

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{catalogue::Catalogue, host::Host};

pub use activity::{ActivityFilter, ListedActivity};
pub use endings::EndingNotice;
pub use enrolment::Enrolment;
pub use error::DeviceError;
pub use list::{Filter, ListedHazard};
pub(crate) use outbox::Unsealed;
pub(crate) use packing::Packing;
pub use photo::PhotoTask;
pub use reconcile::ReconcileTask;
pub(crate) use resupply::Resupplied;
pub use settle::Settled;
pub use status::Status;
pub use suggest::Suggested;

/// The store of one device.
#[derive(Debug)]
pub struct Device {
    connection: Connection,
    catalogue: Arc<Catalogue>,
    /// Clock, randomness and files.
    pub host: Host,
}

/// How long a statement waits for a lock that another connection to the same store holds.
const PATIENCE: Duration = Duration::from_secs(5);

impl Device {
    /// Opens a store on a SQLite connection and migrates an older schema.
    ///
    /// # Errors
    /// [`DeviceError::Newer`] if a newer app migrated it; [`DeviceError`] from SQLite.
    pub fn open(mut connection: Connection, host: Host) -> Result<Self, DeviceError> {
        connection.busy_timeout(PATIENCE)?;
        write_ahead(&connection)?;
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-8192;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        migrate::migrate(&mut connection)?;
        let catalogue = editions::load(&connection)?;
        let mut device = Self {
            connection,
            catalogue,
            host,
        };
        device.restate_after_update()?;
        device.refold_after_update()?;
        Ok(device)
    }

    /// Runs `f` in one transaction and commits it if `f` succeeds.
    fn write<T>(
        &mut self,
        f: impl FnOnce(&Transaction<'_>, &mut Host) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        // Immediate: takes the write lock before `f` reads, so that what `f` read is still true when it writes.
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = f(&tx, &mut self.host)?;
        tx.commit()?;
        Ok(result)
    }
}

/// Turns the write-ahead log on.
///
/// SQLite's busy timeout does not apply to this statement. It applies to an empty write transaction: that waits for
/// the other connection, and then the statement is retried.
fn write_ahead(connection: &Connection) -> Result<(), DeviceError> {
    const TIMES: u32 = 20;
    for _ in 1..TIMES {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error::is_busy(&error) => {
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?
            }
            done => return Ok(done?),
        }
    }
    Ok(connection.pragma_update(None, "journal_mode", "WAL")?)
}
