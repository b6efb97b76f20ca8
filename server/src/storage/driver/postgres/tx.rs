//! A transaction on PostgreSQL: [`Tx`] in its dialect.

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::{
    connection::{Connection, engine, is_blocked, may_succeed_again},
    many,
};
use crate::storage::{
    driver::{Row, StorageError, Tx, Value},
    table::Table,
};

/// A transaction on a connection.
pub(super) struct PgTx<'c> {
    connection: &'c mut Connection,
    /// Rows returned.
    pub(super) rows: u64,
    /// A statement failed in a way that may succeed if the whole transaction is retried.
    pub(super) again: Option<StorageError>,
    /// The connection is lost.
    pub(super) lost: bool,
    /// A statement reached a bound on waiting, usually for a lock of another transaction.
    pub(super) blocked: bool,
}

impl<'c> PgTx<'c> {
    pub(super) fn on(connection: &'c mut Connection) -> Self {
        Self {
            connection,
            rows: 0,
            again: None,
            lost: false,
            blocked: false,
        }
    }

    fn failed(&mut self, error: tokio_postgres::Error) -> StorageError {
        self.lost |= error.is_closed();
        self.blocked |= is_blocked(&error);
        let may_succeed = may_succeed_again(&error);
        let failed = engine(error);
        if may_succeed {
            self.again = Some(failed.clone());
        }
        failed
    }

    fn run(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StorageError> {
        let rows = self.connection.query(sql, parameters);
        rows.map_err(|e| self.failed(e))
    }

    fn hand_out(
        &mut self,
        rows: &[tokio_postgres::Row],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for row in rows {
            self.rows += 1;
            each(&PgRow(row))?;
        }
        Ok(())
    }
}

impl Tx for PgTx<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StorageError> {
        let done = self.connection.execute(sql, &borrowed(values));
        done.map_err(|e| self.failed(e))
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let rows = self.run(sql, &borrowed(values))?;
        self.hand_out(&rows, each)
    }

    fn query_of(
        &mut self,
        sql: &str,
        fixed: &[Value<'_>],
        keys: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let Some(array) = many::keys(keys) else {
            return Ok(());
        };
        let mut parameters = borrowed(fixed);
        parameters.push(&array);
        let rows = self.run(&many::in_array(sql, parameters.len()), &parameters)?;
        self.hand_out(&rows, each)
    }

    fn insert_all(
        &mut self,
        table: &Table,
        values: &[Value<'_>],
        conflict: &str,
    ) -> Result<(), StorageError> {
        if values.is_empty() {
            return Ok(());
        }
        let columns = many::columns(table, values);
        let parameters: Vec<&(dyn ToSql + Sync)> = columns
            .iter()
            .map(|column| column as &(dyn ToSql + Sync))
            .collect();
        let sql = many::insert(table, conflict);
        let done = self.connection.execute(&sql, &parameters);
        done.map(drop).map_err(|e| self.failed(e))
    }

    fn lock(&mut self, select: &str, keys: &[Value<'_>]) -> Result<bool, StorageError> {
        if let Some(array) = many::keys(keys) {
            // In the order of keys, so that two transactions that lock the same rows do not deadlock.
            let sql = format!("{} ORDER BY 1 FOR UPDATE", many::in_array(select, 1));
            self.run(&sql, &[&array])?;
        }
        Ok(true)
    }

    fn clock(&mut self) -> Result<Option<i64>, StorageError> {
        let tx: &mut dyn Tx = self;
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        tx.first(sql, &[], |row| row.int(0))
    }

    fn origin(&mut self) -> Result<Option<String>, StorageError> {
        let tx: &mut dyn Tx = self;
        // A recovery to an earlier time begins a new timeline, which the names of WAL files begin with.
        let sql = "SELECT s.system_identifier::text || '/' || SUBSTR(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
             || '/' || d.oid::text
           FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()";
        tx.first(sql, &[], |row| row.text(0))
    }

    /// Creates the missing partition of each table that is partitioned by space. It is created as a table and then
    /// attached, so that concurrent reads continue. Whether a table has a partition is decided by the value that the
    /// partition holds, not by its name: a table may have been renamed since.
    fn open_space(&mut self, space: &str) -> Result<(), StorageError> {
        let suffix = format!("_{}", space.replace('/', "_"));
        let tx: &mut dyn Tx = self;
        // The look-up by name uses an index. The one by bound reads all partitions; it also finds those whose name was
        // too long to follow their table's when it was renamed.
        let unnamed = tx.first(
            "SELECT 1 FROM pg_class t WHERE relkind = 'p' AND pg_table_is_visible(oid)
             AND NOT EXISTS (SELECT 1 FROM pg_class p WHERE p.relname = t.relname::text || $1::text AND p.relispartition
                             AND p.relnamespace = t.relnamespace) LIMIT 1",
            &[suffix.as_str().into()],
            |_| Ok(()),
        )?;
        if unnamed.is_none() {
            return Ok(());
        }
        let tables = tx.all(
            "SELECT relname::text FROM pg_class t WHERE relkind = 'p' AND pg_table_is_visible(oid)
             AND NOT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                             WHERE i.inhparent = t.oid
                             AND pg_get_expr(p.relpartbound, p.oid) = format('FOR VALUES IN (%L)', $1::text))
             ORDER BY 1",
            &[space.into()],
            |row| row.text(0),
        )?;
        for table in tables {
            let part = format!("\"{table}{suffix}\"");
            let sql = format!(
                "CREATE TABLE {part} (LIKE {table} INCLUDING ALL);
                 ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES IN ('{space}');"
            );
            self.connection.batch(&sql)?;
        }
        Ok(())
    }
}

fn borrowed<'v>(values: &'v [Value<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|v| v as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(v) => v.to_sql(ty, out),
            Self::Text(v) => v.to_sql(ty, out),
            Self::Bytes(v) => v.to_sql(ty, out),
            Self::Digest(v) => v.as_slice().to_sql(ty, out),
        }
    }
    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(ty)
    }
    to_sql_checked!();
}

struct PgRow<'r>(&'r tokio_postgres::Row);

impl PgRow<'_> {
    fn get<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<Option<T>, StorageError> {
        self.0
            .try_get(column)
            .map_err(|_| StorageError::Column(column))
    }
}

impl Row for PgRow<'_> {
    fn opt_int(&self, column: usize) -> Result<Option<i64>, StorageError> {
        self.get(column)
    }
    fn opt_text(&self, column: usize) -> Result<Option<String>, StorageError> {
        self.get(column)
    }
    fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StorageError> {
        self.get(column)
    }
}
