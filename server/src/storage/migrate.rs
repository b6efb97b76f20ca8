//! Migrations: numbered, forward only, each in one transaction.

use std::path::Path;

use rusqlite::Connection;

use super::{Engine, Storage, StorageError, spaces};

/// A step from one version to the next.
struct Migration {
    /// For both engines.
    shared: &'static str,
    /// For SQLite alone, after that: how rows lie in its file.
    embedded: &'static str,
}

const fn shared(sql: &'static str) -> Migration {
    Migration {
        shared: sql,
        embedded: "",
    }
}

const MIGRATIONS: &[Migration] = &[
    shared(include_str!("migrations/0001_log_and_ledger.sql")),
    shared(include_str!("migrations/0002_campaign.sql")),
    shared(include_str!("migrations/0003_received.sql")),
    shared(include_str!("migrations/0004_reports.sql")),
    Migration {
        shared: include_str!("migrations/0005_photos_by_hash.sql"),
        embedded: include_str!("migrations/0005_rows_by_key.sqlite.sql"),
    },
    shared(include_str!("migrations/0006_until.sql")),
    shared(include_str!("migrations/0007_quota.sql")),
    shared(include_str!("migrations/0008_photos_opened.sql")),
];

/// Brings the database at `path` to the newest schema.
pub(super) fn sqlite(path: &Path) -> Result<(), StorageError> {
    let engine = |e: rusqlite::Error| StorageError::Engine(e.to_string());
    let mut connection = Connection::open(path).map_err(engine)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(engine)?;
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(engine)?;
    for (version, step) in missing(found)? {
        let tx = connection.transaction().map_err(engine)?;
        tx.execute_batch(step.shared).map_err(engine)?;
        tx.execute_batch(step.embedded).map_err(engine)?;
        tx.pragma_update(None, "user_version", version)
            .map_err(engine)?;
        tx.commit().map_err(engine)?;
    }
    Ok(())
}

/// Brings a PostgreSQL database to the newest schema, under a lock: whichever process is first does it.
pub(super) fn postgres(storage: &Storage) -> Result<(), StorageError> {
    let Engine::Postgres(engine) = storage.engine.as_ref() else {
        return Ok(());
    };
    engine.migrate(|found| {
        let missing = missing(found)?;
        Ok(missing
            .map(|(version, step)| (version, dialect(step.shared)))
            .collect())
    })?;
    // Tables that are new may lack room for the spaces there are.
    storage.write_now(|tx| {
        for space in spaces::list(tx)? {
            tx.open_space(space.id.as_str())?;
        }
        Ok(())
    })
}

/// The same schema in PostgreSQL's words. Texts compare byte by byte, as paths need.
fn dialect(sql: &str) -> String {
    sql.replace(" BLOB", " BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace("/* by space */", "PARTITION BY LIST (space)")
}

/// The migrations after `found`, each with the version it leads to.
fn missing(found: i64) -> Result<impl Iterator<Item = (i64, &'static Migration)>, StorageError> {
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StorageError::Newer { found, known });
    }
    let after = usize::try_from(found).unwrap_or(0);
    Ok((1..).zip(MIGRATIONS).skip(after))
}
