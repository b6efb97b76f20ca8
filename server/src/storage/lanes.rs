//! Failed guesses of accounts, by lane.

use sync_core::record::ServerTime;

use super::{StorageError, Tx, Value, column::Stored, table::table};

table! {
    /// The failed guesses of an account in a lane.
    pub struct Lane in "sign_in_lane" key 2 {
        /// A hash of the login name.
        account: [u8; 16],
        /// The lane: a browser, an address range, or `*` for all unknown browsers.
        lane: String,
        /// Whether the login name has an account.
        known: bool,
        /// Failures since the last wait or success.
        failures: i64,
        /// Waits so far: each one is twice as long.
        level: i64,
        /// Until when the lane waits.
        until_at: ServerTime,
        /// The time of the last guess.
        at: ServerTime,
        /// In the lane `*`: times of the last guesses, 8 bytes each, big-endian.
        guesses: Vec<u8>,
    }
}

/// Rows of unknown login names at most. The rows with the oldest guesses are removed. Rows of accounts are kept, so that a
/// flood of made-up names does not end the waits of a real one; the limit is as high as the disk allows (some 80 MB),
/// because a name whose wait outlasts it is known to be real.
const MOST_UNKNOWN: i64 = 500_000;

/// Locks the lanes of an account, and reads one of them.
///
/// # Errors
/// [`StorageError`].
pub fn lock(
    tx: &mut dyn Tx,
    account: &[u8; 16],
    known: bool,
    now: ServerTime,
) -> Result<(), StorageError> {
    let row = Lane {
        account: *account,
        lane: "*".to_owned(),
        known,
        failures: 0,
        level: 0,
        until_at: ServerTime(0),
        at: now,
        guesses: Vec::new(),
    };
    // The row must exist before it can be locked.
    Lane::TABLE.insert_once(tx, row.values())?;
    let sql = "SELECT account FROM sign_in_lane WHERE lane = '*' AND account IN (?)";
    tx.lock(sql, &[account.value()])?;
    Ok(())
}

/// A lane of an account.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, account: &[u8; 16], lane: &str) -> Result<Option<Lane>, StorageError> {
    let sql = format!(
        "SELECT {} FROM sign_in_lane WHERE account = $1 AND lane = $2",
        Lane::TABLE.names()
    );
    tx.first(&sql, &[account.value(), lane.into()], Lane::read)
}

/// Writes a lane.
///
/// # Errors
/// [`StorageError`].
pub fn save(tx: &mut dyn Tx, lane: &Lane) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = lane.values().collect();
    Lane::TABLE.put_one(tx, values)
}

/// Removes all lanes of an account: nothing waits any more.
///
/// # Errors
/// [`StorageError`].
pub fn clear(tx: &mut dyn Tx, account: &[u8; 16]) -> Result<(), StorageError> {
    let sql = "DELETE FROM sign_in_lane WHERE account = $1";
    tx.execute(sql, &[account.value()])?;
    Ok(())
}

/// Removes rows without a guess since `before`, and the oldest rows of unknown login names if there are too many.
///
/// # Errors
/// [`StorageError`].
pub fn prune(tx: &mut dyn Tx, before: ServerTime) -> Result<(), StorageError> {
    for known in [true, false] {
        let sql = "DELETE FROM sign_in_lane WHERE known = $1 AND at < $2";
        tx.execute(sql, &[known.value(), before.value()])?;
    }
    let oldest = tx.first(
        "SELECT at FROM sign_in_lane WHERE known = 0 ORDER BY at DESC LIMIT 1 OFFSET $1",
        &[MOST_UNKNOWN.into()],
        |row| row.int(0),
    )?;
    if let Some(at) = oldest {
        let sql = "DELETE FROM sign_in_lane WHERE known = 0 AND at <= $1";
        tx.execute(sql, &[at.into()])?;
    }
    Ok(())
}
