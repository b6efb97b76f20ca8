//! Migrations of the schema: numbered, forward only, each in one transaction.
//!
//! Migration 3 was committed three times before it had its present text, and programs of that day made databases.
//! What such a database lacks is added before its next migration ([`completion`]).

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::driver::{StorageError, postgres::Postgres};

/// A migration from one schema version to the next.
#[derive(Clone, Copy)]
struct Migration {
    /// Statements for both engines.
    shared: &'static str,
    /// Statements for SQLite only, run after `shared`: the physical layout of its tables.
    embedded: &'static str,
    /// Statements for PostgreSQL only, run after `shared` and not translated: what partitioned tables need.
    postgres: &'static str,
}

const fn shared(sql: &'static str) -> Migration {
    Migration {
        shared: sql,
        embedded: "",
        postgres: "",
    }
}

/// A migration that deletes the ledger. It notes that the ledger is incomplete, as `marks::begin_making` does.
const fn rebuilding(sql: &'static str) -> Migration {
    Migration {
        shared: sql,
        embedded: include_str!("migrations/0003_rebuild.sqlite.sql"),
        postgres: include_str!("migrations/0003_rebuild.postgres.sql"),
    }
}

const RECEIVED: &str = include_str!("migrations/0003_received.sql");

/// The first line of [`RECEIVED`] that its first text did not have.
const RECEIVED_SECOND: &str = "-- How a photo looks, 64 bits";

/// What the second text of [`RECEIVED`] did not have.
const RECEIVED_THIRD: &str = "ALTER TABLE hazard ADD COLUMN place_group TEXT NOT NULL DEFAULT '';
DROP INDEX hazard_by_place;
CREATE INDEX hazard_by_place ON hazard (space, place_group);
INSERT INTO refold (space, doc) SELECT space, doc FROM hazard WHERE true ON CONFLICT DO NOTHING;
";

const MIGRATIONS: &[Migration] = &[
    shared(include_str!("migrations/0001_log_and_ledger.sql")),
    shared(include_str!("migrations/0002_campaign.sql")),
    rebuilding(RECEIVED),
    shared(include_str!("migrations/0004_reports.sql")),
    Migration {
        shared: include_str!("migrations/0005_photos_by_hash.sql"),
        embedded: include_str!("migrations/0005_rows_by_key.sqlite.sql"),
        postgres: "",
    },
    shared(include_str!("migrations/0006_until.sql")),
    shared(include_str!("migrations/0007_quota.sql")),
    shared(include_str!("migrations/0008_photos_opened.sql")),
    Migration {
        shared: include_str!("migrations/0009_rows_once.sql"),
        embedded: include_str!("migrations/0009_rows_once.sqlite.sql"),
        postgres: "",
    },
    Migration {
        shared: include_str!("migrations/0010_names.sql"),
        embedded: include_str!("migrations/0010_names.sqlite.sql"),
        postgres: include_str!("migrations/0010_names.postgres.sql"),
    },
    shared(include_str!("migrations/0011_persons_and_spans.sql")),
    Migration {
        shared: include_str!("migrations/0012_reports_stand.sql"),
        embedded: include_str!("migrations/0012_reports_stand.sqlite.sql"),
        postgres: include_str!("migrations/0012_reports_stand.postgres.sql"),
    },
    shared(include_str!("migrations/0013_proofs.sql")),
    shared(include_str!("migrations/0014_people.sql")),
    shared(include_str!("migrations/0015_quarantine.sql")),
    shared(include_str!("migrations/0016_keys_and_quarantine.sql")),
    shared(include_str!("migrations/0017_proofs_of_changes.sql")),
];

/// How long a process waits for another process that is migrating the same database.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

/// Migrates the database at `path` to the newest schema. Of several processes one migrates and the others wait.
pub(super) fn sqlite(path: &Path) -> Result<(), StorageError> {
    let engine = super::driver::sqlite::engine;
    let mut connection = Connection::open(path).map_err(engine)?;
    connection.busy_timeout(PATIENCE).map_err(engine)?;
    wal(&connection)?;
    loop {
        // The version is read in a write transaction, so that no other process can raise it until the step is
        // committed.
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(engine)?;
        let found: i64 = tx
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(engine)?;
        let completion = completion(found, |table, column| {
            let sql = format!("SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{column}'");
            let mut statement = tx.prepare(&sql).map_err(engine)?;
            statement.exists([]).map_err(engine)
        })?;
        let next = match completion {
            Some(step) => Some(step),
            None => missing(found)?.next(),
        };
        let Some((version, step)) = next else {
            return Ok(());
        };
        tx.execute_batch(step.shared).map_err(engine)?;
        tx.execute_batch(step.embedded).map_err(engine)?;
        tx.pragma_update(None, "user_version", version)
            .map_err(engine)?;
        tx.commit().map_err(engine)?;
    }
}

/// Turns the write-ahead log on. SQLite's busy timeout does not apply to this statement, so it is retried here.
fn wal(connection: &Connection) -> Result<(), StorageError> {
    const TIMES: u32 = 200;
    for time in 1.. {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if time < TIMES
                    && matches!(
                        error.sqlite_error_code(),
                        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                    ) =>
            {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            done => return done.map_err(super::driver::sqlite::engine),
        }
    }
    Ok(())
}

/// Migrates a PostgreSQL database to the newest schema, under a lock: of several processes the first migrates.
pub(super) fn postgres(engine: &Postgres) -> Result<(), StorageError> {
    engine.migrate(|tx, found| {
        let completion = completion(found, |table, column| {
            let sql = format!(
                "SELECT CAST(1 AS BIGINT) FROM pg_attribute
                 WHERE attrelid = to_regclass('{table}') AND attname = '{column}' AND NOT attisdropped"
            );
            Ok(tx.first(&sql, &[], |row| row.int(0))?.is_some())
        })?;
        let found = completion.map_or(found, |(version, _)| version);
        let steps = completion.into_iter().chain(missing(found)?);
        Ok(steps
            .map(|(version, step)| (version, dialect(step.shared) + step.postgres))
            .collect())
    })
}

/// The schema in PostgreSQL's dialect. Texts compare byte by byte, as ranges of paths require.
fn dialect(sql: &str) -> String {
    sql.replace(" BLOB", " BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace("/* by space */", "PARTITION BY LIST (space)")
}

/// Whether the version `found` is the newest.
pub(super) fn is_newest(found: i64) -> Result<bool, StorageError> {
    Ok(missing(found)?.next().is_none())
}

/// What a database of the version `found` lacks of migration 3, and the version that it then has. `has` states whether
/// a table has a column.
fn completion(
    found: i64,
    mut has: impl FnMut(&str, &str) -> Result<bool, StorageError>,
) -> Result<Option<(i64, Migration)>, StorageError> {
    if !(3..=4).contains(&found) || has("hazard", "place_group")? {
        return Ok(None);
    }
    if has("hazard", "look")? {
        return Ok(Some((found, shared(RECEIVED_THIRD))));
    }
    if has("snap", "received")? {
        let at = RECEIVED.find(RECEIVED_SECOND).unwrap_or_default();
        return Ok(Some((found, rebuilding(&RECEIVED[at..]))));
    }
    // It has the tables of migration 4, which was committed on its own and had the number 3 then.
    Ok(Some((4, rebuilding(RECEIVED))))
}

/// The migrations after the version `found`, each with the version that it leads to.
fn missing(found: i64) -> Result<impl Iterator<Item = (i64, Migration)>, StorageError> {
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StorageError::Newer { found, known });
    }
    let after = usize::try_from(found).unwrap_or(0);
    Ok((1..).zip(MIGRATIONS.iter().copied()).skip(after))
}
