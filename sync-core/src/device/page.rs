//! Applies a page and the cursor that it leads to, in one transaction.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, absent, beacon, differing, docs, enrolment, merge, meta, meta::name,
    proofs, received, rows, scope, server_notices,
};
use crate::{
    catalogue::Catalogue,
    document::FOLD_VERSION,
    record::{AreaPath, DocId, EncodedListRow, ServerTime},
    wire::{
        encode,
        page::{Content, Item, Page, Sum},
        pull::{Cursor, Phase},
    },
};

/// The effect of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Applied {
    /// Documents received.
    pub documents: usize,
    /// Documents whose changes could not be merged; they are requested whole. Expected to be 0.
    pub unfit: usize,
    /// The server has more pages.
    pub more: bool,
    /// The cursor moved, or the scope is reconciled next.
    pub moved: bool,
    /// The sums of device and server differ, or the log has a new epoch: the scope is reconciled next.
    pub repair: bool,
    /// The log has a new epoch.
    pub restored: bool,
}

/// What to do with one document of a page, decided before anything is written.
#[derive(Debug, PartialEq, Eq)]
enum Action {
    /// Store it as it is: the device has nothing of it.
    Adopt,
    /// Merge it with what the device has.
    Merge,
    /// Request it whole: a delta of a document that the device does not have.
    Need,
}

impl Device {
    /// Applies a page that was requested at `asked`. A page for another position is ignored, so a page may arrive
    /// twice or late.
    ///
    /// # Errors
    /// [`DeviceError`]; the cursor has not moved then.
    pub(crate) fn apply_page(
        &mut self,
        asked: &Cursor,
        page: &Page,
    ) -> Result<Applied, DeviceError> {
        if self.is_quiet(asked, page)? {
            return Ok(Applied::default());
        }
        let catalogue = Arc::clone(&self.catalogue);
        self.write(|tx, _| {
            let held = scope::find(tx, asked)?;
            if held.is_none_or(|held| held.cursor != *asked) {
                return Ok(Applied::default());
            }
            if page.log != asked.log {
                scope::mark_repair(tx, asked)?;
                return Ok(Applied {
                    repair: true,
                    moved: true,
                    restored: true,
                    ..Applied::default()
                });
            }
            if !follows(asked.phase, page.next) {
                return Err(DeviceError::damaged("a page that leads back"));
            }
            let mut applied = Applied {
                more: page.more,
                moved: page.next != asked.phase,
                ..Applied::default()
            };
            for grant in &page.grants {
                enrolment::save_grant(tx, grant, false)?;
            }
            let mut batch = ScopeSums::default();
            for item in &page.items {
                applied.documents += 1;
                applied.unfit += usize::from(!apply_item(
                    tx,
                    &catalogue,
                    item,
                    Some(&asked.space),
                    &mut batch,
                )?);
            }
            batch.write(tx)?;
            for doc in &page.exits {
                exit(tx, *doc)?;
            }
            scope::advance(tx, asked, page.log, page.next)?;
            let notices = page.notices.as_deref().unwrap_or_default();
            let server = enrolment::enrolment(tx)?.server;
            server_notices::take(tx, asked, notices, &server)?;
            scope::evict_leaving(tx)?;
            if let (Some(theirs), Phase::Tail { .. }) = (page.sum, page.next) {
                applied.repair = check(tx, asked, theirs)?;
            }
            Ok(applied)
        })
    }
}

impl Device {
    /// Whether a page brings nothing new and its sum equals the scope's. Then nothing is written, for any number of
    /// scopes.
    fn is_quiet(&self, asked: &Cursor, page: &Page) -> Result<bool, DeviceError> {
        let says_nothing = page.items.is_empty()
            && page.exits.is_empty()
            && page.grants.is_empty()
            && page.notices.is_none()
            && !page.more
            && (page.log, page.next) == (asked.log, asked.phase);
        let Some(theirs) = page.sum.filter(|_| says_nothing) else {
            return Ok(false);
        };
        let held = scope::find(&self.connection, asked)?;
        Ok(held.is_some_and(|held| held.cursor == *asked && held.sum == theirs))
    }

    /// Stores the time of this contact, and the server's clock.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn heard_from(&mut self, now: Option<ServerTime>) -> Result<(), DeviceError> {
        self.write(|tx, host| {
            if let Some(now) = now {
                beacon::heard_again(tx, now, host.clock.uptime())?;
            }
            meta::set_int(tx, name::LAST_CONTACT, host.clock.now().0)
        })
    }
}

/// Whether a page's cursor follows the requested one: backfill, then tail, never backwards.
fn follows(from: Phase, to: Phase) -> bool {
    match (from, to) {
        (Phase::Backfill { after: from, .. }, Phase::Backfill { after: to, .. }) => {
            from.is_none_or(|from| to.is_some_and(|to| to <= from))
        }
        (Phase::Backfill { .. }, Phase::Tail { base, pos }) => base <= pos,
        (Phase::Tail { base: b0, pos: p0 }, Phase::Tail { base, pos }) => {
            b0 <= base && p0 <= pos && base <= pos
        }
        (Phase::Tail { .. }, Phase::Backfill { .. }) => false,
    }
}

/// Sums of documents that a page adopts: each scope is updated once instead of once for each document.
#[derive(Default)]
pub(super) struct ScopeSums(Vec<(String, AreaPath, Sum)>);

impl ScopeSums {
    fn add(&mut self, space: &str, path: &AreaPath, sum: Sum) {
        match self.0.iter_mut().find(|(s, p, _)| s == space && p == path) {
            Some((.., total)) => *total = total.plus(sum),
            None => self.0.push((space.to_owned(), path.clone(), sum)),
        }
    }

    pub(super) fn write(self, c: &Connection) -> Result<(), DeviceError> {
        for (space, path, sum) in self.0 {
            scope::move_sum(c, (&space, &path), Sum::default(), sum)?;
        }
        Ok(())
    }
}

fn plan(known: Option<&docs::Known>, content: &Content) -> Action {
    match (known, content) {
        (None, Content::Snapshot { .. }) => Action::Adopt,
        (None, Content::Delta { .. }) => Action::Need,
        (Some(_), _) => Action::Merge,
    }
}

/// Applies one item of a page; returns `false` if it could not be merged and is requested whole. `space`: the space of
/// the page, `None` for a document requested by id.
pub(super) fn apply_item(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    item: &Item,
    space: Option<&AreaPath>,
    batch: &mut ScopeSums,
) -> Result<bool, DeviceError> {
    let known = docs::find(c, item.doc)?;
    match (plan(known.as_ref(), &item.content), known) {
        (Action::Adopt, _) => adopt(c, catalogue, item, space, batch),
        (Action::Merge, Some(known)) => {
            absent::reconsider(c, item.doc)?;
            let fits = merge::merge(c, catalogue, item, space, &known)?;
            if !fits {
                differing::need(c, item.doc)?;
            }
            Ok(fits)
        }
        _ => {
            differing::need(c, item.doc)?;
            Ok(false)
        }
    }
}

/// Stores a document of which the device has nothing. If the server sent a row, the document is not loaded.
fn adopt(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    item: &Item,
    space: Option<&AreaPath>,
    batch: &mut ScopeSums,
) -> Result<bool, DeviceError> {
    let (
        Content::Snapshot {
            chunk,
            changes,
            sum,
            row,
        },
        Some(area),
    ) = (&item.content, &item.area)
    else {
        differing::need(c, item.doc)?;
        return Ok(false);
    };
    let Ok(facts) = changes
        .iter()
        .map(|bytes| crate::crdt::inspect(bytes))
        .collect::<Result<Vec<_>, _>>()
    else {
        differing::need(c, item.doc)?;
        return Ok(false);
    };
    let space = match space {
        Some(space) => space.as_str().to_owned(),
        None => scope::expected(c, area)?,
    };
    let row = row.as_ref().and_then(EncodedListRow::decode);
    let snapshot = (!chunk.is_empty()).then_some(chunk.as_slice());
    let (folded, times) = received::split(item, changes.len());
    c.prepare_cached(
        "INSERT INTO doc (id, path, snapshot, change_count, digest, tail_count, verified, received, space)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        item.doc.as_bytes(),
        area.as_str(),
        snapshot,
        sum.changes as i64,
        sum.digest.to_bytes(),
        changes.len() as i64,
        // A row by newer rules or a newer catalogue than those here is kept; any other is verified when the device is
        // idle.
        row.as_ref().is_none_or(|row| {
            row.fold.is_some_and(|fold| fold > FOLD_VERSION)
                || row.edition.is_some_and(|edition| edition > catalogue.newest())
        }),
        (!folded.0.is_empty()).then(|| encode(&folded)),
        space
    ])?;
    for (at, (facts, bytes)) in facts.iter().zip(changes).enumerate() {
        merge::insert_remote(c, item.doc, &facts.hash, bytes, times.at(at))?;
    }
    proofs::adopt(c, item)?;
    match row {
        Some(row) => rows::write(c, item.doc, &row)?,
        None => rows::show(c, catalogue, item.doc)?,
    }
    batch.add(&space, area, *sum);
    Ok(true)
}

/// Marks a document that left the scope as leaving: it is removed once nothing of it is pending. A later item of
/// another scope of this device clears the mark.
fn exit(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    if let Some(known) = docs::find(c, doc)? {
        scope::move_sum(c, (&known.space, &known.path), known.sum, Sum::default())?;
        c.prepare_cached(
            "UPDATE doc SET leaving = 1, change_count = 0, digest = zeroblob(16) WHERE id = ?1",
        )?
        .execute([doc.as_bytes()])?;
    }
    Ok(())
}

/// Compares sums at the end of a cycle. Unequal sums are first recounted from the documents. While documents are
/// requested or offered by id, the comparison waits for the next page.
fn check(c: &Connection, at: &Cursor, theirs: Sum) -> Result<bool, DeviceError> {
    if differing::is_any(c)? {
        return Ok(false);
    }
    let ours = scope::find(c, at)?;
    if ours.is_some_and(|h| h.sum == theirs) {
        return Ok(false);
    }
    let counted = scope::sum_of_docs(c, &at.space, &at.area)?;
    scope::set_sum(c, at, counted)?;
    if counted == theirs {
        return Ok(false);
    }
    scope::mark_repair(c, at)?;
    Ok(true)
}
