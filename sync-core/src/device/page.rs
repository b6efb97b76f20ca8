//! Applying a page: everything on it and the cursor behind it, in one transaction.

use rusqlite::{Connection, params};

use super::{
    Device, DeviceError, audit, beacon, docs, enrolment, meta, meta::name, received, rows, scope,
};
use crate::{
    crdt::Document,
    record::{AreaPath, ChangeHash, Digest, DocId, ServerTime},
    wire::{
        encode,
        page::{Content, Item, Page, Sum},
        pull::{Cursor, Phase},
    },
};

/// What a page did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Applied {
    /// Documents received.
    pub documents: usize,
    /// Documents whose changes did not fit; they are asked for whole. Expected to be 0.
    pub unfit: usize,
    /// More pages wait.
    pub more: bool,
    /// The position is another one now, or the scope is compared next.
    pub moved: bool,
    /// The sums of phone and server differ, or the log has a new life: the scope is compared next.
    pub repair: bool,
}

/// What to do with one document of a page, decided before anything is written.
#[derive(Debug, PartialEq, Eq)]
enum Action {
    /// Store it as it is: the phone has nothing of it.
    Adopt,
    /// Merge it into what the phone has.
    Merge,
    /// A delta of a document the phone does not have.
    Need,
}

impl Device {
    /// Applies a page that was asked for at `asked`. A page for another position is ignored, so a page may arrive
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
                    ..Applied::default()
                });
            }
            if !follows(asked.phase, page.next) {
                return Err(DeviceError::Damaged("a page that leads back".to_owned()));
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
                applied.unfit +=
                    usize::from(!apply_item(tx, item, Some(&asked.space), &mut batch)?);
            }
            batch.write(tx)?;
            for doc in &page.exits {
                exit(tx, *doc)?;
            }
            scope::advance(tx, asked, page.log, page.next)?;
            received::take(tx, asked, page.revoked.as_deref().unwrap_or_default())?;
            scope::evict_leaving(tx)?;
            if let (Some(theirs), Phase::Tail { .. }) = (page.sum, page.next) {
                applied.repair = check(tx, asked, theirs)?;
            }
            Ok(applied)
        })
    }
}

impl Device {
    /// Whether a page says that nothing is new and that the sums agree: then nothing is written, at any number of scopes.
    fn is_quiet(&self, asked: &Cursor, page: &Page) -> Result<bool, DeviceError> {
        let says_nothing = page.items.is_empty()
            && page.exits.is_empty()
            && page.grants.is_empty()
            && page.revoked.is_none()
            && !page.more
            && (page.log, page.next) == (asked.log, asked.phase);
        let Some(theirs) = page.sum.filter(|_| says_nothing) else {
            return Ok(false);
        };
        let held = scope::find(&self.connection, asked)?;
        Ok(held.is_some_and(|held| held.cursor == *asked && held.sum == theirs))
    }

    /// Notes that the server answered, and what its clock says.
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

/// Whether a page leads on from where it was asked for: walking, then following, never back.
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

/// Sums of documents adopted by this page, written to the scopes once instead of once for each document.
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

/// Applies one document of a space's log (`None`: asked for by name); `false` if it did not fit and is asked for whole.
pub(super) fn apply_item(
    c: &Connection,
    item: &Item,
    space: Option<&AreaPath>,
    batch: &mut ScopeSums,
) -> Result<bool, DeviceError> {
    let known = docs::find(c, item.doc)?;
    match (plan(known.as_ref(), &item.content), known) {
        (Action::Adopt, _) => adopt(c, item, space, batch),
        (Action::Merge, Some(known)) => {
            let fits = merge(c, item, space, &known)?;
            if !fits {
                need(c, item.doc)?;
            }
            Ok(fits)
        }
        _ => {
            need(c, item.doc)?;
            Ok(false)
        }
    }
}

/// Stores a document the phone has nothing of. With a row from the server it is not even loaded.
fn adopt(
    c: &Connection,
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
        need(c, item.doc)?;
        return Ok(false);
    };
    let Ok(facts) = changes
        .iter()
        .map(|bytes| crate::crdt::inspect(bytes))
        .collect::<Result<Vec<_>, _>>()
    else {
        need(c, item.doc)?;
        return Ok(false);
    };
    let space = match space {
        Some(space) => space.as_str().to_owned(),
        None => scope::expected(c, area)?,
    };
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
        row.is_none(),
        (!folded.0.is_empty()).then(|| encode(&folded)),
        space
    ])?;
    for (at, (facts, bytes)) in facts.iter().zip(changes).enumerate() {
        insert_remote(c, item.doc, &facts.hash, bytes, times.at(at))?;
    }
    match row {
        Some(row) => rows::write(c, item.doc, row)?,
        None => {
            rows::refresh(c, item.doc, &mut docs::load(c, item.doc)?)?;
        }
    }
    batch.add(&space, area, *sum);
    Ok(true)
}

fn insert_remote(
    c: &Connection,
    doc: DocId,
    hash: &ChangeHash,
    bytes: &[u8],
    received: Option<ServerTime>,
) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO chg (hash, doc, state, bytes, received) VALUES (?1, ?2, 3, ?3, ?4)
         ON CONFLICT (hash) DO UPDATE SET received = coalesce(excluded.received, received),
           state = CASE WHEN state IN (4, 5) THEN 2 ELSE state END",
    )?
    .execute(params![
        hash.as_bytes(),
        doc.as_bytes(),
        bytes,
        received.map(|at| at.0)
    ])?;
    Ok(())
}

/// Merges a document into the phone's; `false` if its changes build on something that is not there.
fn merge(
    c: &Connection,
    item: &Item,
    space: Option<&AreaPath>,
    known: &docs::Known,
) -> Result<bool, DeviceError> {
    let (chunk, changes) = match &item.content {
        Content::Snapshot { chunk, changes, .. } => (chunk.as_slice(), changes),
        Content::Delta { changes } => (&[][..], changes),
    };
    let Some(told) = times(item, chunk, changes) else {
        return Ok(false);
    };
    if changes
        .iter()
        .any(|bytes| crate::crdt::inspect(bytes).is_err())
    {
        return Ok(false);
    }
    let arrived = changes.iter().map(|bytes| bytes.as_slice());
    // What the server refused is no part of what it sends: a record of which nothing else is left begins with this.
    let held = match docs::load_accepted(c, item.doc) {
        // It cannot be read, and no more can be made of it than to ask for it whole; the other records go on.
        Err(DeviceError::Document { .. }) => return Ok(false),
        held => held?,
    };
    let merged = match held {
        Some(mut held) => held.document.merge(chunk, arrived).map(|()| held),
        None => Document::load((!chunk.is_empty()).then_some(chunk), arrived).map(|document| {
            docs::Loaded {
                document,
                times: received::Times::new(),
            }
        }),
    };
    let Ok(mut loaded) = merged else {
        return Ok(false);
    };
    if told.values().any(|at| *at == ServerTime::UNATTESTED) {
        let own = audit::own_changes(c, item.doc)?;
        let unattested = |hash| told.get(hash) == Some(&ServerTime::UNATTESTED);
        if own.iter().any(unattested) {
            // Another device re-supplied what was made here: it counts once this device brings it.
            c.prepare_cached(
                "INSERT INTO repair_doc (doc, need, offer) VALUES (?1, 0, 2) ON CONFLICT DO NOTHING",
            )?
            .execute([item.doc.as_bytes()])?;
        }
    }
    // The server's word replaces what this phone has noted: both must judge by the same times.
    loaded.times.extend(told);
    store_merged(c, item.doc, &mut loaded, !chunk.is_empty(), changes)?;
    let path = item.area.clone().unwrap_or_else(|| known.path.clone());
    let space = space.map_or(known.space.as_str(), AreaPath::as_str);
    if path != known.path || space != known.space {
        scope::move_sum(c, (&known.space, &known.path), known.sum, Sum::default())?;
        scope::move_sum(c, (space, &path), Sum::default(), known.sum)?;
        c.prepare_cached("UPDATE doc SET path = ?2, space = ?3 WHERE id = ?1")?
            .execute(params![item.doc.as_bytes(), path.as_str(), space])?;
    }
    c.prepare_cached("UPDATE doc SET leaving = 0 WHERE id = ?1 AND leaving = 1")?
        .execute([item.doc.as_bytes()])?;
    docs::set_sum(
        c,
        item.doc,
        (space, &path),
        known.sum,
        known_to_server(c, item.doc, &mut loaded.document)?,
    )?;
    rows::refresh(c, item.doc, &mut loaded)?;
    Ok(true)
}

/// The times that came with a document, by change; `None` if it is damaged.
fn times(
    item: &Item,
    chunk: &[u8],
    changes: &[minicbor::bytes::ByteVec],
) -> Option<received::Times> {
    let (folded, tail) = received::split(item, changes.len());
    let mut times = received::Times::new();
    if !folded.0.is_empty() && !chunk.is_empty() {
        let mut whole = Document::load(Some(chunk), []).ok()?;
        times = received::in_order(whole.change_hashes(), &folded);
    }
    for (at, bytes) in changes.iter().enumerate() {
        if let Some(time) = tail.at(at) {
            times.insert(crate::crdt::change_hash(bytes), time);
        }
    }
    Some(times)
}

/// Writes a merged document: new changes as rows, or, if a snapshot came, everything known to the server as one.
fn store_merged(
    c: &Connection,
    doc: DocId,
    loaded: &mut docs::Loaded,
    fold: bool,
    changes: &[minicbor::bytes::ByteVec],
) -> Result<(), DeviceError> {
    if fold {
        // Every change of the merged document becomes a row or was one; folding happens when idle.
        for (hash, bytes) in loaded.document.changes() {
            insert_remote(c, doc, &hash, &bytes, loaded.times.get(&hash).copied())?;
            c.prepare_cached("UPDATE chg SET bytes = ?2 WHERE hash = ?1 AND bytes IS NULL")?
                .execute(params![hash.as_bytes(), bytes])?;
        }
        c.prepare_cached("UPDATE doc SET snapshot = NULL, received = NULL WHERE id = ?1")?
            .execute([doc.as_bytes()])?;
    } else {
        for bytes in changes {
            let facts = crate::crdt::inspect(bytes)
                .map_err(|source| DeviceError::Document { doc, source })?;
            let at = loaded.times.get(&facts.hash).copied();
            insert_remote(c, doc, &facts.hash, bytes, at)?;
        }
    }
    c.prepare_cached(
        "UPDATE doc SET tail_count = (SELECT count(*) FROM chg WHERE doc = ?1 AND bytes IS NOT NULL) WHERE id = ?1",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// The sum of a document's changes without those the server has not acknowledged. A change of this phone that
/// came back from the server is thereby acknowledged.
fn known_to_server(
    c: &Connection,
    doc: DocId,
    document: &mut Document,
) -> Result<Sum, DeviceError> {
    let mut own =
        c.prepare_cached("SELECT hash FROM chg WHERE doc = ?1 AND state IN (0, 1, 4, 5)")?;
    let own = own
        .query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    let hashes = document.change_hashes();
    let known = hashes
        .into_iter()
        .filter(|h| !own.iter().any(|o| o == h.as_bytes()));
    let known: Vec<_> = known.collect();
    Ok(Sum {
        changes: known.len() as u64,
        digest: known.into_iter().collect::<Digest>(),
    })
}

pub(super) fn need(c: &Connection, doc: DocId) -> Result<(), DeviceError> {
    c.prepare_cached(
        "INSERT INTO repair_doc (doc, need, offer) VALUES (?1, 1, 0) ON CONFLICT (doc) DO UPDATE SET need = 1",
    )?
    .execute([doc.as_bytes()])?;
    Ok(())
}

/// A document left the scope. If another scope of this phone holds it, it stays.
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

/// Compares sums at the end of a cycle. Unequal ones are counted anew from the records before they are believed.
/// While records are being exchanged by name, the comparison waits for the page after.
fn check(c: &Connection, at: &Cursor, theirs: Sum) -> Result<bool, DeviceError> {
    let exchanging: bool = c
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM repair_doc)")?
        .query_row([], |row| row.get(0))?;
    if exchanging {
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
