//! The audit log: rows in chains, the head of each chain, and the anchors behind which rows were removed.

use sync_core::record::ServerTime;

use super::{StorageError, Tx, Value, column::Stored, table::table};

table! {
    /// A row of the audit log. It is never changed.
    pub struct AuditRow in "audit" key 2 {
        /// The chain.
        chain: String,
        /// Its position in the chain, from 1.
        number: i64,
        /// When it happened.
        at: ServerTime,
        /// Who acted.
        actor: String,
        /// What was done.
        kind: String,
        /// To what.
        subject: String,
        /// `done` or `refused`.
        outcome: String,
        /// Why it was refused.
        cause: String,
        /// The address of the caller.
        address: String,
        /// What personal data was read for.
        purpose: String,
        /// How often it happened within the minute; 1 for everything but refusals.
        times: i64,
        /// The hash of the row before.
        before_hash: Vec<u8>,
        /// Its own hash.
        hash: Vec<u8>,
    }
}

table! {
    /// The head of a chain.
    pub struct Head in "audit_chain" key 1 {
        /// The chain.
        chain: String,
        /// The number of its last row.
        number: i64,
        /// The hash of its last row.
        hash: Vec<u8>,
        /// The number of the last row that was exported.
        exported: i64,
        /// The process that exports it.
        exporter: String,
        /// Until when no other process exports it.
        exporter_until: ServerTime,
    }
}

table! {
    /// The last row of a chain that was removed, signed by the server.
    pub struct Anchor in "audit_anchor" key 1 {
        /// The chain.
        chain: String,
        /// The number of the last row that was removed.
        number: i64,
        /// Its hash.
        hash: Vec<u8>,
        /// When the rows were removed.
        at: ServerTime,
        /// The server's signature over all of these.
        signature: Vec<u8>,
    }
}

/// What is searched for. Absent values match everything.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The kind.
    pub kind: Option<String>,
    /// The beginning of the actor.
    pub actor: Option<String>,
    /// Not before this time.
    pub from: Option<ServerTime>,
    /// Before this time.
    pub to: Option<ServerTime>,
    /// Before this row: its time, chain and number.
    pub before: Option<(ServerTime, String, i64)>,
}

fn select(condition: &str) -> String {
    format!("SELECT {} FROM audit {condition}", AuditRow::TABLE.names())
}

/// Locks a chain, and returns its head; `None` if it has no rows yet.
///
/// # Errors
/// [`StorageError`].
pub fn lock(tx: &mut dyn Tx, chain: &str) -> Result<Option<Head>, StorageError> {
    let sql = "SELECT chain FROM audit_chain WHERE chain IN (?)";
    tx.lock(sql, &[chain.into()])?;
    head(tx, chain)
}

/// The head of a chain.
///
/// # Errors
/// [`StorageError`].
pub fn head(tx: &mut dyn Tx, chain: &str) -> Result<Option<Head>, StorageError> {
    let sql = format!(
        "SELECT {} FROM audit_chain WHERE chain = $1",
        Head::TABLE.names()
    );
    tx.first(&sql, &[chain.into()], Head::read)
}

/// The heads of all chains.
///
/// # Errors
/// [`StorageError`].
pub fn heads(tx: &mut dyn Tx) -> Result<Vec<Head>, StorageError> {
    let sql = format!(
        "SELECT {} FROM audit_chain ORDER BY chain",
        Head::TABLE.names()
    );
    tx.all(&sql, &[], Head::read)
}

/// Begins a chain, unless it exists.
///
/// # Errors
/// [`StorageError`].
pub fn begin(tx: &mut dyn Tx, head: &Head) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = head.values().collect();
    Head::TABLE.insert_once(tx, values)?;
    Ok(())
}

/// Appends a row, and moves the head of its chain.
///
/// # Errors
/// [`StorageError`].
pub fn append(tx: &mut dyn Tx, row: &AuditRow) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = row.values().collect();
    AuditRow::TABLE.insert(tx, &values, "")?;
    tx.execute(
        "UPDATE audit_chain SET number = $1, hash = $2 WHERE chain = $3",
        &[row.number.into(), row.hash.value(), row.chain.value()],
    )?;
    Ok(())
}

/// The next rows of a chain after a number.
///
/// # Errors
/// [`StorageError`].
pub fn after(
    tx: &mut dyn Tx,
    chain: &str,
    number: i64,
    most: i64,
) -> Result<Vec<AuditRow>, StorageError> {
    let sql = select("WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3");
    tx.all(
        &sql,
        &[chain.into(), number.into(), most.into()],
        AuditRow::read,
    )
}

/// The chains that rows name.
///
/// # Errors
/// [`StorageError`].
pub fn chains(tx: &mut dyn Tx) -> Result<Vec<String>, StorageError> {
    let sql = "SELECT DISTINCT chain FROM audit ORDER BY chain";
    tx.all(sql, &[], |row| row.text(0))
}

/// The subjects of the rows of a chain of one kind.
///
/// # Errors
/// [`StorageError`].
pub fn subjects(tx: &mut dyn Tx, chain: &str, kind: &str) -> Result<Vec<String>, StorageError> {
    tx.all(
        "SELECT subject FROM audit WHERE chain = $1 AND kind = $2 ORDER BY number",
        &[chain.into(), kind.into()],
        |row| row.text(0),
    )
}

/// The rows that match, the newest first.
///
/// # Errors
/// [`StorageError`].
pub fn search(tx: &mut dyn Tx, search: &Search, most: i64) -> Result<Vec<AuditRow>, StorageError> {
    let mut values: Vec<Value<'_>> = Vec::new();
    let mut conditions = vec!["1 = 1".to_owned()];
    if let Some(kind) = &search.kind {
        values.push(kind.value());
        conditions.push(format!("kind = ${}", values.len()));
    }
    let beyond = search
        .actor
        .as_ref()
        .map(|actor| format!("{actor}\u{10ffff}"));
    if let (Some(actor), Some(beyond)) = (&search.actor, &beyond) {
        values.push(actor.value());
        values.push(beyond.value());
        let n = values.len();
        conditions.push(format!("actor >= ${} AND actor < ${n}", n - 1));
    }
    if let Some(from) = &search.from {
        values.push(from.value());
        conditions.push(format!("at >= ${}", values.len()));
    }
    if let Some(to) = &search.to {
        values.push(to.value());
        conditions.push(format!("at < ${}", values.len()));
    }
    if let Some((at, chain, number)) = &search.before {
        values.extend([at.value(), chain.value(), number.value()]);
        let n = values.len();
        conditions.push(format!(
            "(at, chain, number) < (${}, ${}, ${n})",
            n - 2,
            n - 1
        ));
    }
    values.push(most.into());
    let sql = select(&format!(
        "WHERE {} ORDER BY at DESC, chain DESC, number DESC LIMIT ${}",
        conditions.join(" AND "),
        values.len()
    ));
    tx.all(&sql, &values, AuditRow::read)
}

/// The anchor of a chain, if rows were removed from its beginning.
///
/// # Errors
/// [`StorageError`].
pub fn anchor(tx: &mut dyn Tx, chain: &str) -> Result<Option<Anchor>, StorageError> {
    let sql = format!(
        "SELECT {} FROM audit_anchor WHERE chain = $1",
        Anchor::TABLE.names()
    );
    tx.first(&sql, &[chain.into()], Anchor::read)
}

/// The last row of a chain before the first one that is not older than a time, so that only a whole beginning is removed.
///
/// # Errors
/// [`StorageError`].
pub fn last_before(
    tx: &mut dyn Tx,
    chain: &str,
    before: ServerTime,
) -> Result<Option<AuditRow>, StorageError> {
    let kept = tx.first(
        "SELECT MIN(number) FROM audit WHERE chain = $1 AND at >= $2",
        &[chain.into(), before.value()],
        |row| row.opt_int(0),
    )?;
    let end = kept.flatten().unwrap_or(i64::MAX);
    let sql = select("WHERE chain = $1 AND number < $2 ORDER BY number DESC LIMIT 1");
    tx.first(&sql, &[chain.into(), end.into()], AuditRow::read)
}

/// Removes the beginning of a chain behind an anchor.
///
/// # Errors
/// [`StorageError`].
pub fn remove_behind(tx: &mut dyn Tx, anchor: &Anchor) -> Result<u64, StorageError> {
    let values: Vec<Value<'_>> = anchor.values().collect();
    Anchor::TABLE.put_one(tx, values)?;
    tx.execute(
        "DELETE FROM audit WHERE chain = $1 AND number <= $2",
        &[anchor.chain.value(), anchor.number.into()],
    )
}

/// Claims a chain for export by a process until a time; `false` if another process has it.
///
/// # Errors
/// [`StorageError`].
pub fn claim(
    tx: &mut dyn Tx,
    chain: &str,
    process: &str,
    now: ServerTime,
    until: ServerTime,
) -> Result<bool, StorageError> {
    let claimed = tx.execute(
        "UPDATE audit_chain SET exporter = $1, exporter_until = $2
         WHERE chain = $3 AND (exporter = $1 OR exporter_until < $4)",
        &[process.into(), until.value(), chain.into(), now.value()],
    )?;
    Ok(claimed > 0)
}

/// Notes the last row of a chain that was exported.
///
/// # Errors
/// [`StorageError`].
pub fn set_exported(tx: &mut dyn Tx, chain: &str, number: i64) -> Result<(), StorageError> {
    tx.execute(
        "UPDATE audit_chain SET exported = $1 WHERE chain = $2 AND exported < $1",
        &[number.into(), chain.into()],
    )?;
    Ok(())
}
