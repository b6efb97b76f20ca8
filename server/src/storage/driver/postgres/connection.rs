//! One connection: its runtime, its prepared statements, and the classification of its errors.

use std::{collections::HashMap, sync::Arc};

use tokio::runtime::Runtime;
use tokio_postgres::{
    Client, SimpleQueryMessage, Statement,
    error::{DbError, SqlState},
    types::ToSql,
};

use super::target::Target;
use crate::storage::driver::{SharedCause, StorageError};

/// Each statement is planned for its own values: a plan made while a table was small is wrong when it has grown, and a
/// generic plan reads all partitions. Every statement has an index, so sequential scans are disabled.
const PLANS: &str = "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off";

/// Bounds on waiting: for a lock that another transaction holds, for a statement, for this program in an open
/// transaction. Notices (such as that a table exists already) are not reported.
const BOUNDS: &str = "SET lock_timeout = '2s'; SET statement_timeout = '5min';
 SET idle_in_transaction_session_timeout = '2min'; SET client_min_messages = warning";

/// Prepared statements that a connection keeps at most.
const STATEMENTS: usize = 256;

/// The runtime of one connection. It is shut down without waiting, because it may be dropped on an async thread.
pub(super) struct Driver(Option<Runtime>);

impl Driver {
    fn new() -> Result<Self, StorageError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Ok(Self(Some(runtime.map_err(StorageError::engine)?)))
    }
}

impl std::ops::Deref for Driver {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("only drop takes it")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection with the runtime that drives it.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<String, Statement>,
    runtime: Driver,
}

impl Connection {
    pub(super) fn open(target: &Target) -> Result<Self, StorageError> {
        let runtime = Driver::new()?;
        let connecting = target.config.connect(target.tls.clone());
        let (client, connection) =
            runtime
                .block_on(connecting)
                .map_err(|e| StorageError::Unreachable {
                    target: target.name(),
                    source: cause(e),
                })?;
        runtime.spawn(async move {
            // A lost connection is reported by the next statement.
            let _ = connection.await;
        });
        let connection = Self {
            client,
            statements: HashMap::new(),
            runtime,
        };
        connection.batch(PLANS)?;
        connection.batch(BOUNDS)?;
        Ok(connection)
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), StorageError> {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .map_err(engine)
    }

    /// As [`Self::batch`]; returns the first value of the last row.
    pub(super) fn ask(&self, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
        let said = self.runtime.block_on(self.client.simple_query(sql))?;
        let rows = said.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
            _ => None,
        });
        Ok(rows.last())
    }

    pub(super) fn query(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        let statement = self.statement(sql)?;
        self.runtime
            .block_on(self.client.query(&statement, parameters))
    }

    pub(super) fn execute(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, tokio_postgres::Error> {
        let statement = self.statement(sql)?;
        self.runtime
            .block_on(self.client.execute(&statement, parameters))
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        // Queries on the ledger produce statements of many shapes; a connection must not keep them without a bound.
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let statement = self.runtime.block_on(self.client.prepare(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// An error that the database server reported. Its text is the message and the code (SQLSTATE). Detail, hint and
/// context are left out, because they may repeat the statement or values of rows.
#[derive(Debug, thiserror::Error)]
#[error("{} ({})", .0.message(), .0.code().code())]
struct Reported(DbError);

/// An error as the source of another one; its text does not repeat the statement.
fn cause(error: tokio_postgres::Error) -> SharedCause {
    match error.as_db_error() {
        Some(reported) => Arc::new(Reported(reported.clone())),
        None => Arc::new(error),
    }
}

pub(super) fn engine(error: tokio_postgres::Error) -> StorageError {
    match error.code() {
        Some(&SqlState::DISK_FULL) => StorageError::Full,
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => StorageError::ReadOnly,
        _ if is_blocked(&error) => StorageError::Blocked,
        _ if is_interrupted(&error) => StorageError::Interrupted(cause(error)),
        _ => StorageError::Engine(cause(error)),
    }
}

/// Whether a bound on waiting was reached.
pub(super) fn is_blocked(error: &tokio_postgres::Error) -> bool {
    let bounds = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    error.code().is_some_and(|code| bounds.contains(code))
}

/// Whether the same transaction may succeed if it is retried.
pub(super) fn may_succeed_again(error: &tokio_postgres::Error) -> bool {
    // Two processes inserted the same row: the retry finds it.
    is_interrupted(error) || error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Whether the transaction or the connection ended for a reason outside of the transaction.
fn is_interrupted(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ]
        .contains(code),
        None => error.is_closed(),
    }
}
