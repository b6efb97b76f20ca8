//! The on-device store: documents, outbox, cursors, photos and the list, in one SQLite database.
//!
//! It stores the events that people state and the pages that the server sends, and it returns packs to send and rows
//! to show. Each step that changes the store is one transaction. The module opens no socket and does not wait for the
//! network. Success is returned to a person only after the transaction is committed with `synchronous=FULL`.

mod activity;
mod beacon;
mod capture;
mod differing;
mod docs;
mod endings;
mod enrolment;
mod error;
mod fold;
mod list;
mod load;
mod merge;
mod meta;
mod named;
mod notice;
mod outbox;
mod packing;
mod page;
mod photo;
mod photo_file;
mod received;
mod reconcile;
mod refusal;
mod restate;
mod revoked;
mod rows;
mod scope;
mod sealed;
mod settle;
mod states;
mod status;
mod suggest;

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::host::Host;

pub use activity::{ActivityFilter, ListedActivity};
pub use endings::EndingNotice;
pub use enrolment::Enrolment;
pub use error::DeviceError;
pub use list::{Filter, ListedHazard};
pub(crate) use outbox::Unsealed;
pub(crate) use packing::Packing;
pub use photo::PhotoTask;
pub use reconcile::ReconcileTask;
pub use settle::Settled;
pub use status::Status;
pub use suggest::Suggested;

/// The store of one device.
#[derive(Debug)]
pub struct Device {
    connection: Connection,
    /// Clock, randomness and files.
    pub host: Host,
}

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_device.sql"),
    include_str!("migrations/0002_campaign.sql"),
    include_str!("migrations/0003_received.sql"),
    include_str!("migrations/0004_nothing_stops.sql"),
    include_str!("migrations/0005_names.sql"),
];

/// Programs of one day made stores with migrations 1 and 3, and number 2. These statements follow migration 2 there;
/// the index had another name in the first of them.
const AFTER_CAMPAIGN: &str = "DROP INDEX IF EXISTS hazard_view_by_compound;
CREATE INDEX IF NOT EXISTS hazard_view_by_place ON hazard_view (compound, place_key);";

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
        migrate(&mut connection)?;
        let mut device = Self { connection, host };
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

fn migrate(connection: &mut Connection) -> Result<(), DeviceError> {
    let known = MIGRATIONS.len() as i64;
    let version = |c: &Connection| c.query_row("PRAGMA user_version", [], |row| row.get(0));
    // A store that is up to date opens without a write, because its disk may be full.
    let mut found: i64 = version(connection)?;
    while found < known {
        // Only one of two processes may migrate: the version is read again under the write lock.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        found = version(&tx)?;
        let next = usize::try_from(found).ok().and_then(|n| MIGRATIONS.get(n));
        if let Some(sql) = next {
            if found == 2 && !tx.table_exists(None, "campaign_view")? {
                tx.execute_batch(MIGRATIONS[1])?;
                tx.execute_batch(AFTER_CAMPAIGN)?;
            } else {
                tx.execute_batch(sql)?;
            }
            found += 1;
            tx.pragma_update(None, "user_version", found)?;
        }
        tx.commit()?;
    }
    if found > known {
        return Err(DeviceError::Newer { found, known });
    }
    Ok(())
}
