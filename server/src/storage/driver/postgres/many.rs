//! Many keys or rows as arrays: one statement and one plan for any number of them.

use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::storage::{column::Kind, driver::Value, table::Table};

fn array(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint[]",
        Kind::Text => "text[]",
        Kind::Bytes => "bytea[]",
    }
}

/// One column of many rows, as an array.
#[derive(Debug)]
pub(super) enum Array<'v> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<&'v str>>),
    Bytes(Vec<Option<&'v [u8]>>),
}

impl<'v> Array<'v> {
    fn new(kind: Kind, room: usize) -> Self {
        match kind {
            Kind::Int => Self::Int(Vec::with_capacity(room)),
            Kind::Text => Self::Text(Vec::with_capacity(room)),
            Kind::Bytes => Self::Bytes(Vec::with_capacity(room)),
        }
    }

    /// A value of another type becomes NULL, which the column refuses if it is NOT NULL.
    fn push(&mut self, value: &'v Value<'v>) {
        match (self, value) {
            (Self::Int(values), Value::Int(v)) => values.push(Some(*v)),
            (Self::Text(values), Value::Text(v)) => values.push(Some(v)),
            (Self::Bytes(values), Value::Bytes(v)) => values.push(Some(v)),
            (Self::Bytes(values), Value::Digest(v)) => values.push(Some(v)),
            (Self::Int(values), _) => values.push(None),
            (Self::Text(values), _) => values.push(None),
            (Self::Bytes(values), _) => values.push(None),
        }
    }
}

/// Keys as an array; `None` if there are none.
pub(super) fn keys<'v>(keys: &'v [Value<'v>]) -> Option<Array<'v>> {
    let kind = match keys.first()? {
        Value::Int(_) => Kind::Int,
        Value::Bytes(_) | Value::Digest(_) => Kind::Bytes,
        Value::Text(_) | Value::Null => Kind::Text,
    };
    let mut array = Array::new(kind, keys.len());
    keys.iter().for_each(|key| array.push(key));
    Some(array)
}

/// Rewrites `IN (?)` as a comparison with the array in parameter `n`.
pub(super) fn in_array(sql: &str, n: usize) -> String {
    sql.replacen("IN (?)", &format!("= ANY (${n})"), 1)
}

/// Transposes rows into columns.
pub(super) fn columns<'v>(table: &Table, values: &'v [Value<'v>]) -> Vec<Array<'v>> {
    let width = table.columns.len();
    let room = values.len() / width;
    let new = |(_, kind): &(&str, Kind)| Array::new(*kind, room);
    let mut columns: Vec<_> = table.columns.iter().map(new).collect();
    for row in values.chunks_exact(width) {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

/// The statement that inserts such columns.
pub(super) fn insert(table: &Table, conflict: &str) -> String {
    let arrays: Vec<String> = (1..)
        .zip(table.columns)
        .map(|(n, (_, kind))| format!("${n}::{}", array(*kind)))
        .collect();
    format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({}) {conflict}",
        table.name,
        table.names(),
        arrays.join(", ")
    )
}

impl ToSql for Array<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Int(values) => values.to_sql(ty, out),
            Self::Text(values) => values.to_sql(ty, out),
            Self::Bytes(values) => values.to_sql(ty, out),
        }
    }
    fn accepts(ty: &Type) -> bool {
        [Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BYTEA_ARRAY].contains(ty)
    }
    to_sql_checked!();
}
