//! The schema of the store: its released migrations, and the step that brings an older store to the newest one.

use rusqlite::{Connection, TransactionBehavior};

use super::DeviceError;

pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_device.sql"),
    include_str!("migrations/0002_campaign.sql"),
    include_str!("migrations/0003_received.sql"),
    include_str!("migrations/0004_nothing_stops.sql"),
    include_str!("migrations/0005_names.sql"),
    include_str!("migrations/0006_proofs.sql"),
    include_str!("migrations/0007_proofs_of_changes.sql"),
];

/// Programs of one day made stores with migrations 1 and 3, and number 2. These statements follow migration 2 there;
/// the index had another name in the first of them.
const AFTER_CAMPAIGN: &str = "DROP INDEX IF EXISTS hazard_view_by_compound;
CREATE INDEX IF NOT EXISTS hazard_view_by_place ON hazard_view (compound, place_key);";

/// Brings the store to the newest schema.
///
/// # Errors
/// [`DeviceError::Newer`] if a newer app migrated it; [`DeviceError`] from SQLite.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DeviceError> {
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
            if found == 2 && !has_campaign_table(&tx)? {
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

/// Whether migration 2 made its table. Asked with a statement: `Connection::table_exists` answers from the schema that
/// the connection read earlier, and another connection may have migrated since.
fn has_campaign_table(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'campaign_view')";
    connection.query_row(sql, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_read_the_schema_before_another_one_migrated_it_goes_on_from_there() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Connection::open(folder.path().join("device.db")).unwrap();
        let to_version = |connection: &Connection, version: usize| {
            connection.execute_batch(MIGRATIONS[version - 1]).unwrap();
            connection
                .pragma_update(None, "user_version", version as i64)
                .unwrap();
        };
        let other = open();
        to_version(&other, 1);
        let mut late = open();
        let read = late.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        });
        assert!(read.unwrap() > 0);
        to_version(&other, 2);
        migrate(&mut late).unwrap();
        let version: i64 = late
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(version, MIGRATIONS.len() as i64);
    }
}
