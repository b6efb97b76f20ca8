//! Accounts of people who sign in, their earlier passwords, recovery codes, and the one-time codes of the first run.

use sync_core::record::{PersonId, ServerTime};

use super::{
    Row, StorageError, Tx, Value,
    column::{Column, Kind, Stored},
    table::table,
};

/// What an account is for. An account has one class, and its class never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A person with reviewing roles.
    Business,
    /// The system administrator: accounts and settings.
    System,
    /// The security administrator: roles, keys, unlocking.
    Security,
    /// The audit administrator: reads the audit log and changes nothing.
    Audit,
}

impl Class {
    /// The three classes of administrators.
    pub const ADMINISTRATORS: [Self; 3] = [Self::System, Self::Security, Self::Audit];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }

    /// The class with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Business, Self::System, Self::Security, Self::Audit];
        all.into_iter().find(|class| class.name() == name)
    }
}

impl Stored for Class {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self.name())
    }
}

impl Column for Class {
    fn read(row: &dyn Row, at: usize) -> Result<Self, StorageError> {
        Self::from_name(&row.text(at)?).ok_or(StorageError::Column(at))
    }
}

table! {
    /// An account of a person.
    pub struct Account in "account" key 1 {
        /// The person.
        person: PersonId,
        /// The login name, folded.
        name: String,
        /// What the account is for.
        class: Class,
        /// The hash of the password or of the one-time code, as a PHC string.
        password: String,
        /// When the password was set.
        password_at: ServerTime,
        /// Whether the password must be changed before anything else.
        must_change: bool,
        /// The end of the one-time code (exclusive), if the password is one.
        code_until: Option<ServerTime>,
        /// Since when it is suspended.
        suspended_at: Option<ServerTime>,
        /// The secret of the second factor.
        totp: Option<Vec<u8>>,
        /// The newest time step whose code was used.
        totp_step: i64,
        /// A secret that is not confirmed yet.
        totp_asked: Option<Vec<u8>>,
        /// When the account was created.
        made_at: ServerTime,
    }
}

table! {
    /// Hashes of earlier passwords.
    const ACCOUNT_PASSWORD in "account_password" key 2 {
        person: PersonId,
        set_at: ServerTime,
        password: String,
    }
}

table! {
    /// Hashes of recovery codes.
    const ACCOUNT_RECOVERY in "account_recovery" key 2 {
        person: PersonId,
        code_hash: Vec<u8>,
        used_at: Option<ServerTime>,
    }
}

table! {
    /// One-time codes that make the first administrators.
    const SETUP_CODE in "setup_code" key 1 {
        class: Class,
        code_hash: Vec<u8>,
        made_at: ServerTime,
        used_by: Option<PersonId>,
    }
}

fn select(condition: &str) -> String {
    format!("SELECT {} FROM account {condition}", Account::TABLE.names())
}

/// The account of a person.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, person: PersonId) -> Result<Option<Account>, StorageError> {
    let sql = select("WHERE person = $1");
    tx.first(&sql, &[person.value()], Account::read)
}

/// The account with a login name.
///
/// # Errors
/// [`StorageError`].
pub fn named(tx: &mut dyn Tx, name: &str) -> Result<Option<Account>, StorageError> {
    tx.first(&select("WHERE name = $1"), &[name.into()], Account::read)
}

/// Every account, in the order of login names.
///
/// # Errors
/// [`StorageError`].
pub fn all(tx: &mut dyn Tx) -> Result<Vec<Account>, StorageError> {
    tx.all(&select("ORDER BY name"), &[], Account::read)
}

/// Locks an account and reads it: two requests that change it take turns.
///
/// # Errors
/// [`StorageError`].
pub fn lock(tx: &mut dyn Tx, person: PersonId) -> Result<Option<Account>, StorageError> {
    let sql = "SELECT person FROM account WHERE person IN (?)";
    tx.lock(sql, &[person.value()])?;
    find(tx, person)
}

/// Inserts an account; `false` if the person or the login name has one already.
///
/// # Errors
/// [`StorageError`].
pub fn insert(tx: &mut dyn Tx, account: &Account) -> Result<bool, StorageError> {
    let values: Vec<Value<'_>> = account.values().collect();
    Account::TABLE.insert_once(tx, values)
}

/// Writes a changed account.
///
/// # Errors
/// [`StorageError`].
pub fn save(tx: &mut dyn Tx, account: &Account) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = account.values().collect();
    Account::TABLE.put_one(tx, values)
}

/// The hashes of the newest passwords of a person.
///
/// # Errors
/// [`StorageError`].
pub fn passwords(
    tx: &mut dyn Tx,
    person: PersonId,
    most: i64,
) -> Result<Vec<String>, StorageError> {
    tx.all(
        "SELECT password FROM account_password WHERE person = $1 ORDER BY set_at DESC LIMIT $2",
        &[person.value(), most.into()],
        |row| row.text(0),
    )
}

/// Adds a password to the history of a person, and removes the oldest ones over `most`.
///
/// # Errors
/// [`StorageError`].
pub fn add_password(
    tx: &mut dyn Tx,
    person: PersonId,
    password: &str,
    now: ServerTime,
    most: i64,
) -> Result<(), StorageError> {
    // Two changes within a millisecond are two passwords.
    let last = tx.first(
        "SELECT MAX(set_at) FROM account_password WHERE person = $1",
        &[person.value()],
        |row| row.opt_int(0),
    )?;
    let at = last.flatten().map_or(now.0, |last| now.0.max(last + 1));
    ACCOUNT_PASSWORD.put_one(tx, [person.value(), at.into(), password.into()])?;
    tx.execute(
        "DELETE FROM account_password WHERE person = $1 AND set_at NOT IN (
           SELECT set_at FROM account_password WHERE person = $1 ORDER BY set_at DESC LIMIT $2)",
        &[person.value(), most.into()],
    )?;
    Ok(())
}

/// Replaces the recovery codes of a person.
///
/// # Errors
/// [`StorageError`].
pub fn set_recovery(
    tx: &mut dyn Tx,
    person: PersonId,
    hashes: &[Vec<u8>],
) -> Result<(), StorageError> {
    let sql = "DELETE FROM account_recovery WHERE person = $1";
    tx.execute(sql, &[person.value()])?;
    for hash in hashes {
        let row = [person.value(), hash.value(), Value::Null];
        ACCOUNT_RECOVERY.put_one(tx, row)?;
    }
    Ok(())
}

/// Uses a recovery code once; `false` if it is unknown or used.
///
/// # Errors
/// [`StorageError`].
pub fn use_recovery(
    tx: &mut dyn Tx,
    person: PersonId,
    hash: &[u8],
    now: ServerTime,
) -> Result<bool, StorageError> {
    let used = tx.execute(
        "UPDATE account_recovery SET used_at = $1 WHERE person = $2 AND code_hash = $3 AND used_at IS NULL",
        &[now.value(), person.value(), hash.into()],
    )?;
    Ok(used > 0)
}

/// The number of recovery codes that a person has left.
///
/// # Errors
/// [`StorageError`].
pub fn recovery_left(tx: &mut dyn Tx, person: PersonId) -> Result<i64, StorageError> {
    let left = tx.first(
        "SELECT COUNT(*) FROM account_recovery WHERE person = $1 AND used_at IS NULL",
        &[person.value()],
        |row| row.int(0),
    )?;
    Ok(left.unwrap_or(0))
}

/// Ends the one-time codes of accounts, and those of the first run.
///
/// # Errors
/// [`StorageError`].
pub fn end_codes(tx: &mut dyn Tx) -> Result<u64, StorageError> {
    let ended = tx.execute(
        "UPDATE account SET code_until = 0 WHERE code_until IS NOT NULL AND code_until > 0",
        &[],
    )?;
    let removed = tx.execute("DELETE FROM setup_code WHERE used_by IS NULL", &[])?;
    Ok(ended + removed)
}

/// Stores the one-time code of a class of administrators; an earlier one ends.
///
/// # Errors
/// [`StorageError`].
pub fn set_setup_code(
    tx: &mut dyn Tx,
    class: Class,
    hash: &[u8],
    now: ServerTime,
) -> Result<(), StorageError> {
    SETUP_CODE.put_one(tx, [class.value(), hash.into(), now.value(), Value::Null])
}

/// Whether a one-time code of the first run is unused and newer than `since`.
///
/// # Errors
/// [`StorageError`].
pub fn is_setup_code(
    tx: &mut dyn Tx,
    hash: &[u8],
    since: ServerTime,
) -> Result<bool, StorageError> {
    let found = tx.first(
        "SELECT class FROM setup_code WHERE code_hash = $1 AND used_by IS NULL AND made_at > $2",
        &[hash.into(), since.value()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Uses a one-time code of the first run; `None` if it is unknown, used, or older than `since`.
///
/// # Errors
/// [`StorageError`].
pub fn use_setup_code(
    tx: &mut dyn Tx,
    hash: &[u8],
    person: PersonId,
    since: ServerTime,
) -> Result<Option<Class>, StorageError> {
    tx.first(
        "UPDATE setup_code SET used_by = $1 WHERE code_hash = $2 AND used_by IS NULL AND made_at > $3
         RETURNING class",
        &[person.value(), hash.into(), since.value()],
        |row| Class::read(row, 0),
    )
}

/// The classes that have a one-time code or had one, each with whether it was used.
///
/// # Errors
/// [`StorageError`].
pub fn setup_codes(tx: &mut dyn Tx) -> Result<Vec<(Class, bool)>, StorageError> {
    tx.all(
        "SELECT class, used_by FROM setup_code ORDER BY class",
        &[],
        |row| Ok((Class::read(row, 0)?, row.opt_bytes(1)?.is_some())),
    )
}
