//! The name, key and columns of a table, as the drivers need them.

use crate::storage::column::Kind;

/// A table: its first `key` columns are its key.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// The number of columns of its key.
    pub(crate) key: usize,
    /// Its columns with their types.
    pub(crate) columns: &'static [(&'static str, Kind)],
}

impl Table {
    /// The names of its columns, in the order of the declaration.
    pub(crate) fn names(&self) -> String {
        join(self.columns, |text, name| text.push_str(name))
    }

    /// The same with the alias of the table in a query.
    pub(crate) fn names_of(&self, alias: &str) -> String {
        join(self.columns, |text, name| {
            text.extend([alias, ".", name]);
        })
    }

    /// The names of its key.
    pub(crate) fn key_names(&self) -> String {
        join(&self.columns[..self.key], |text, name| text.push_str(name))
    }

    /// The same table without the columns after the first `count`.
    pub(crate) const fn first(self, count: usize) -> Self {
        Self {
            columns: self.columns.split_at(count).0,
            ..self
        }
    }

    /// The clause that replaces a row with the same key.
    pub(crate) fn replace(&self) -> String {
        let others = &self.columns[self.key..];
        let set = join(others, |text, name| {
            text.extend([name, " = excluded.", name]);
        });
        format!("ON CONFLICT ({}) DO UPDATE SET {set}", self.key_names())
    }
}

/// A text about each column, separated by commas.
fn join(columns: &[(&'static str, Kind)], each: impl Fn(&mut String, &'static str)) -> String {
    let mut text = String::new();
    for (name, _) in columns {
        if !text.is_empty() {
            text.push_str(", ");
        }
        each(&mut text, name);
    }
    text
}
