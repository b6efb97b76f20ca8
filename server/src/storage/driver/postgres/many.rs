//! Many keys or rows as arrays: one statement and one plan for any number of them.

use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::storage::driver::Value;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

impl Kind {
    /// From the engine's name of a type; the schema uses three types.
    pub(super) fn of(type_name: &str) -> Self {
        match type_name {
            "bigint" => Self::Int,
            "bytea" => Self::Bytes,
            _ => Self::Text,
        }
    }

    fn array(self) -> &'static str {
        match self {
            Self::Int => "bigint[]",
            Self::Text => "text[]",
            Self::Bytes => "bytea[]",
        }
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
pub(super) fn columns<'v>(kinds: &[Kind], values: &'v [Value<'v>]) -> Vec<Array<'v>> {
    let room = values.len() / kinds.len().max(1);
    let mut columns: Vec<_> = kinds.iter().map(|kind| Array::new(*kind, room)).collect();
    for row in values.chunks_exact(kinds.len().max(1)) {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

/// The statement that inserts such columns.
pub(super) fn insert(into: &str, kinds: &[Kind], then: &str) -> String {
    let arrays: Vec<String> = (1..)
        .zip(kinds)
        .map(|(n, kind)| format!("${n}::{}", kind.array()))
        .collect();
    let arrays = arrays.join(", ");
    format!("INSERT INTO {into} SELECT * FROM unnest({arrays}) {then}")
}

/// Table and columns of `table (columns)`.
pub(super) fn parts(into: &str) -> (&str, Vec<&str>) {
    let (table, columns) = into.split_once('(').unwrap_or((into, ""));
    let columns = columns.trim_end_matches([')', ' ']);
    (table.trim(), columns.split(',').map(str::trim).collect())
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
