//! Compares the two servers after a move: counts and hashes every row, and reads the photos of the new store back.

use sync_core::record::PhotoHash;

use super::{
    error::MigrateError,
    stores::{Progress, Stores},
};
use crate::storage::{
    Tx,
    photos::PhotoRow,
    table::Table,
    tables::{Cell, Contents, LOGGED, WHOLE},
};

/// The result of a comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// For each table: its name, the contents of the old one, the contents of the new one.
    pub tables: Vec<(&'static str, Contents, Contents)>,
    /// Photos that were read back from the new store.
    pub photos_read_back: u64,
    /// Objects whose bytes are missing or do not have the hash of their photo.
    pub photos_wrong: Vec<String>,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.photos_wrong.is_empty() && self.tables.iter().all(|(_, old, new)| old == new)
    }

    /// The result as a table for people.
    pub fn text(&self) -> String {
        use std::fmt::Write;
        let mut out = String::new();
        for (name, old, new) in &self.tables {
            let verdict = if old == new { "equal" } else { "DIFFER" };
            let _ = writeln!(
                out,
                "{verdict:<6} {name:<12} {:>9} {:>9}  {:032x}",
                old.rows, new.rows, new.digest.0
            );
        }
        let wrong = self.photos_wrong.len();
        let verdict = if wrong == 0 { "equal" } else { "DIFFER" };
        let _ = writeln!(
            out,
            "{verdict:<6} photo bytes  {:>9} read back, {wrong} wrong",
            self.photos_read_back
        );
        out
    }
}

async fn contents(place: &Stores, table: &'static Table) -> Result<Contents, MigrateError> {
    let (mut contents, mut after): (Contents, Option<Vec<Cell>>) = (Contents::default(), None);
    loop {
        let key = after.take();
        let read = move |tx: &mut dyn Tx| table.page(tx, key.as_deref());
        let rows = place.storage.read(read).await?;
        contents.add(&rows);
        let Some(last) = rows.last().cloned() else {
            return Ok(contents);
        };
        after = Some(last);
    }
}

/// Compares both servers, row by row and photo by photo.
///
/// # Errors
/// [`MigrateError`]; a difference is not an error but part of the result.
pub async fn compare(
    from: &Stores,
    to: &Stores,
    say: Progress<'_>,
) -> Result<Comparison, MigrateError> {
    let all: Vec<&'static Table> = LOGGED.iter().chain(WHOLE).collect();
    let total = all.len() as u64;
    let mut tables = Vec::new();
    for (done, table) in all.into_iter().enumerate() {
        say("核对 / comparing", done as u64, total);
        let (old, new) = (contents(from, table).await?, contents(to, table).await?);
        tables.push((table.name, old, new));
    }
    say("核对 / comparing", total, total);
    let (photos_read_back, photos_wrong) = read_back(to, say).await?;
    Ok(Comparison {
        tables,
        photos_read_back,
        photos_wrong,
    })
}

/// Reads every listed photo of the new store and verifies its hash.
async fn read_back(to: &Stores, say: Progress<'_>) -> Result<(u64, Vec<String>), MigrateError> {
    let (mut read, mut wrong, mut after): (u64, Vec<String>, Option<Vec<Cell>>) =
        (0, Vec::new(), None);
    loop {
        let key = after.take();
        let page = move |tx: &mut dyn Tx| PhotoRow::TABLE.page(tx, key.as_deref());
        let rows = to.storage.read(page).await?;
        let Some(last) = rows.last().cloned() else {
            return Ok((read, wrong));
        };
        for row in &rows {
            let (Some(Cell::Bytes(hash)), Some(Cell::Text(object))) = (row.first(), row.last())
            else {
                continue;
            };
            let bytes = to.photos.photo(object).await;
            let right = matches!(&bytes, Ok(Some(bytes)) if PhotoHash::of(bytes).0[..] == hash[..]);
            read += 1;
            if !right {
                wrong.push(object.clone());
            }
            say("照片核对 / photos read back", read, read);
        }
        after = Some(last);
    }
}
