//! The photos that a database lists, read in pages.

use crate::storage::{
    Storage, StorageError,
    held_photos::{Held, held},
};

/// Photos of a page at most.
const PAGE: i64 = 200;

/// The photos that a database lists, one page at a time.
///
/// A page bounds the memory and the length of the read transaction: a database may list millions of photos, and the
/// caller copies or hashes the bytes of one page before it reads the next. Pages are in the order of the objects' names,
/// and therefore of the photos' hashes, which no write changes. A photo that is stored while the pages are read is in
/// one of them if its object comes after the last one read, otherwise in none; every photo that was listed before the
/// first page and still is, is in exactly one.
pub(super) struct HeldPages<'s> {
    storage: &'s Storage,
    /// The last object of the page before; empty before the first page.
    after: String,
}

impl<'s> HeldPages<'s> {
    /// Begins before the first page.
    pub(super) fn of(storage: &'s Storage) -> Self {
        Self {
            storage,
            after: String::new(),
        }
    }

    /// The next page, with at least one photo; `None` after the last page.
    ///
    /// # Errors
    /// [`StorageError`]; the next call reads the same page.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Held>>, StorageError> {
        let after = self.after.clone();
        let page = self.storage.read(move |tx| held(tx, &after, PAGE)).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after.clone_from(&last.object);
        Ok(Some(page))
    }
}
