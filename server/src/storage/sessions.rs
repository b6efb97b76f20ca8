//! Sessions of people, and the browsers that they signed in from before.

use sync_core::record::{PersonId, ServerTime};

use super::{StorageError, Tx, Value, column::Stored, table::table};

table! {
    /// A session. Its token is stored by its hash.
    pub struct Session in "session" key 1 {
        /// The SHA-256 of the token.
        token_hash: Vec<u8>,
        /// Its number in lists: 16 bytes. It stays when the token is replaced.
        id: [u8; 16],
        /// The person.
        person: PersonId,
        /// When the person signed in.
        made_at: ServerTime,
        /// When it was last used, to the minute.
        seen_at: ServerTime,
        /// Its end, used or not.
        ends_at: ServerTime,
        /// What the person signed in with: `password`, `totp`, `recovery`, `one-time-code`.
        factor: String,
        /// When the password or the second factor was last given.
        proven_at: ServerTime,
        /// The hash of the browser's cookie.
        browser: Option<Vec<u8>>,
        /// The address that it was opened from.
        address: String,
    }
}

table! {
    /// Browsers from which a person signed in.
    const BROWSER in "browser" key 2 {
        person: PersonId,
        cookie_hash: Vec<u8>,
        made_at: ServerTime,
        seen_at: ServerTime,
    }
}

/// Browsers of an account that are remembered at most.
const MOST_BROWSERS: i64 = 20;

fn select(condition: &str) -> String {
    format!("SELECT {} FROM session {condition}", Session::TABLE.names())
}

/// The session of a token, ended or not.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, token_hash: &[u8]) -> Result<Option<Session>, StorageError> {
    let sql = select("WHERE token_hash = $1");
    tx.first(&sql, &[token_hash.into()], Session::read)
}

/// The sessions of a person, ended or not, the newest first.
///
/// # Errors
/// [`StorageError`].
pub fn of(tx: &mut dyn Tx, person: PersonId) -> Result<Vec<Session>, StorageError> {
    let sql = select("WHERE person = $1 ORDER BY made_at DESC, id");
    tx.all(&sql, &[person.value()], Session::read)
}

/// Stores a session, and removes those that ended before `before`.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, session: &Session, before: ServerTime) -> Result<(), StorageError> {
    let sql = "DELETE FROM session WHERE ends_at < $1";
    tx.execute(sql, &[before.value()])?;
    let values: Vec<Value<'_>> = session.values().collect();
    Session::TABLE.insert(tx, &values, "")
}

/// Notes that a session was used.
///
/// # Errors
/// [`StorageError`].
pub fn touch(tx: &mut dyn Tx, token_hash: &[u8], now: ServerTime) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE session SET seen_at = $1 WHERE token_hash = $2 AND seen_at < $1",
        &[now.value(), token_hash.into()],
    )?;
    Ok(())
}

/// Replaces the token of a session. Returns `false` if it has ended.
///
/// # Errors
/// [`StorageError`].
pub fn replace_token(
    tx: &mut dyn Tx,
    old: &[u8],
    new: &[u8],
    factor: &str,
    now: ServerTime,
) -> Result<bool, StorageError> {
    let replaced = tx.execute(
        "UPDATE session SET token_hash = $1, factor = $2, proven_at = $3, seen_at = $3 WHERE token_hash = $4",
        &[new.into(), factor.into(), now.value(), old.into()],
    )?;
    Ok(replaced > 0)
}

/// Ends a session by its token.
///
/// # Errors
/// [`StorageError`].
pub fn end(tx: &mut dyn Tx, token_hash: &[u8]) -> Result<bool, StorageError> {
    let sql = "DELETE FROM session WHERE token_hash = $1";
    Ok(tx.execute(sql, &[token_hash.into()])? > 0)
}

/// Ends the session with a number, if it is one of this person.
///
/// # Errors
/// [`StorageError`].
pub fn end_one(tx: &mut dyn Tx, person: PersonId, id: &[u8; 16]) -> Result<bool, StorageError> {
    let sql = "DELETE FROM session WHERE person = $1 AND id = $2";
    Ok(tx.execute(sql, &[person.value(), id.value()])? > 0)
}

/// Ends all sessions of a person, except the one with this token.
///
/// # Errors
/// [`StorageError`].
pub fn end_others(
    tx: &mut dyn Tx,
    person: PersonId,
    except: Option<&[u8]>,
) -> Result<u64, StorageError> {
    tx.execute(
        "DELETE FROM session WHERE person = $1 AND token_hash <> $2",
        &[person.value(), except.unwrap_or(&[]).into()],
    )
}

/// Ends the sessions of a person that were not used for longest, except `most` of them.
///
/// # Errors
/// [`StorageError`].
pub fn end_oldest(tx: &mut dyn Tx, person: PersonId, most: i64) -> Result<(), StorageError> {
    tx.execute(
        "DELETE FROM session WHERE person = $1 AND id NOT IN (
           SELECT id FROM session WHERE person = $1 ORDER BY seen_at DESC, made_at DESC, id LIMIT $2)",
        &[person.value(), most.into()],
    )?;
    Ok(())
}

/// Ends every session.
///
/// # Errors
/// [`StorageError`].
pub fn end_all(tx: &mut dyn Tx) -> Result<u64, StorageError> {
    tx.execute("DELETE FROM session", &[])
}

/// Whether a person signed in from a browser with this cookie before.
///
/// # Errors
/// [`StorageError`].
pub fn is_browser(
    tx: &mut dyn Tx,
    person: PersonId,
    cookie_hash: &[u8],
) -> Result<bool, StorageError> {
    let found = tx.first(
        "SELECT seen_at FROM browser WHERE person = $1 AND cookie_hash = $2",
        &[person.value(), cookie_hash.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Remembers a browser, and forgets the ones that were not used for longest.
///
/// # Errors
/// [`StorageError`].
pub fn remember_browser(
    tx: &mut dyn Tx,
    person: PersonId,
    cookie_hash: &[u8],
    now: ServerTime,
) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO browser (person, cookie_hash, made_at, seen_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (person, cookie_hash) DO UPDATE SET seen_at = excluded.seen_at",
        &[person.value(), cookie_hash.into(), now.value()],
    )?;
    tx.execute(
        "DELETE FROM browser WHERE person = $1 AND cookie_hash NOT IN (
           SELECT cookie_hash FROM browser WHERE person = $1 ORDER BY seen_at DESC, cookie_hash LIMIT $2)",
        &[person.value(), MOST_BROWSERS.into()],
    )?;
    Ok(())
}

/// Forgets every browser of a person.
///
/// # Errors
/// [`StorageError`].
pub fn forget_browsers(tx: &mut dyn Tx, person: PersonId) -> Result<(), StorageError> {
    let sql = "DELETE FROM browser WHERE person = $1";
    tx.execute(sql, &[person.value()])?;
    Ok(())
}
