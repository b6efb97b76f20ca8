//! Migrations: numbered, forward only, each in one transaction.

use std::path::Path;

use rusqlite::Connection;

use super::StorageError;

const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_log_and_ledger.sql")];

/// Brings the database at `path` to the newest schema.
pub(super) fn run(path: &Path) -> Result<(), StorageError> {
    let engine = |e: rusqlite::Error| StorageError::Engine(e.to_string());
    let mut connection = Connection::open(path).map_err(engine)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(engine)?;
    let known = MIGRATIONS.len() as i64;
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(engine)?;
    if found > known {
        return Err(StorageError::Newer { found, known });
    }
    for (index, sql) in MIGRATIONS
        .iter()
        .enumerate()
        .skip(usize::try_from(found).unwrap_or(0))
    {
        let tx = connection.transaction().map_err(engine)?;
        tx.execute_batch(sql).map_err(engine)?;
        tx.pragma_update(None, "user_version", index as i64 + 1)
            .map_err(engine)?;
        tx.commit().map_err(engine)?;
    }
    Ok(())
}
