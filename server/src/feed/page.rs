//! Building a page: what is selected by position, and what is sent of it by the cycle's base.

use std::collections::BTreeSet;

use minicbor::bytes::ByteVec;
use sync_core::{
    identity::SignedGrant,
    record::{AreaPath, DeviceId, DocId, GrantId, LogId},
    wire::{
        page::{Content, Item, Page, Sum},
        pull::{Cursor, Phase},
    },
};

use crate::{
    access::{Reach, Refusal},
    storage::{
        StorageError, Tx, devices, hazards,
        log::{self, Doc},
        spaces::{self, Space},
    },
};

fn empty(log: LogId, next: Phase) -> Page {
    let (items, exits, grants) = (Vec::new(), Vec::new(), Vec::new());
    Page {
        log,
        next,
        more: false,
        items,
        exits,
        grants,
        sum: None,
    }
}

/// The page behind a cursor. `room` is what is left of the response's bytes.
pub(super) fn page(
    tx: &mut dyn Tx,
    cursor: &Cursor,
    device: DeviceId,
    most: usize,
    room: &mut usize,
) -> Result<Page, Refusal> {
    let Some(space) = spaces::find(tx, &cursor.space)? else {
        return Ok(empty(LogId([0; 8]), cursor.phase));
    };
    // Another life of the log, or a position it has not reached: the phone compares before it follows on.
    let ahead = matches!(cursor.phase, Phase::Tail { pos, .. } if pos > space.head);
    if space.log != cursor.log || ahead {
        let log = if ahead { LogId([0; 8]) } else { space.log };
        return Ok(empty(log, cursor.phase));
    }
    match cursor.phase {
        Phase::Backfill { after, head } => backfill(tx, cursor, &space, (after, head), most, room),
        Phase::Tail { base, pos } => tail(tx, cursor, &space, (base, pos), device, most, room),
    }
}

fn backfill(
    tx: &mut dyn Tx,
    cursor: &Cursor,
    space: &Space,
    (after, head): (Option<DocId>, u64),
    most: usize,
    room: &mut usize,
) -> Result<Page, Refusal> {
    let head = if after.is_none() { space.head } else { head };
    let docs = log::backfill(tx, &cursor.space, &cursor.area, after, most)?;
    let exhausted = docs.len() < most;
    let mut page = empty(
        space.log,
        Phase::Tail {
            base: head,
            pos: head,
        },
    );
    let mut last = after;
    let mut cut = !exhausted;
    for doc in &docs {
        if *room == 0 {
            cut = true;
            break;
        }
        let item = snapshot(tx, doc, room)?;
        page.items.push(item);
        last = Some(doc.id);
    }
    if cut {
        page.next = Phase::Backfill { after: last, head };
    }
    page.more = cut || head < space.head;
    if !page.more {
        page.sum = Some(spaces::area_sum(tx, &cursor.space, &cursor.area)?.0);
    }
    page.grants = grants(tx, &page.items, None)?;
    Ok(page)
}

fn tail(
    tx: &mut dyn Tx,
    cursor: &Cursor,
    space: &Space,
    (base, pos): (u64, u64),
    device: DeviceId,
    most: usize,
    room: &mut usize,
) -> Result<Page, Refusal> {
    let mut page = empty(
        space.log,
        Phase::Tail {
            base: space.head,
            pos: space.head,
        },
    );
    let (sum, newest) = spaces::area_sum(tx, &cursor.space, &cursor.area)?;
    let mut upto = space.head;
    if newest > pos {
        let docs = log::tail(tx, &cursor.space, &cursor.area, pos, most)?;
        page.more = docs.len() == most;
        upto = if page.more {
            docs.last().map_or(pos, |d| d.last_seq)
        } else {
            space.head
        };
        let mut done = pos;
        for doc in &docs {
            if *room == 0 {
                (page.more, upto) = (true, done);
                break;
            }
            page.items.extend(lacking(tx, doc, base, device, room)?);
            done = doc.last_seq;
        }
    }
    page.exits = log::exits(tx, &cursor.space, &cursor.area, pos, upto)?;
    if page.more {
        page.next = Phase::Tail { base, pos: upto };
    } else {
        page.sum = Some(sum);
    }
    page.grants = grants(tx, &page.items, Some((&cursor.space, &cursor.area, base)))?;
    Ok(page)
}

/// What a phone at `base` lacks of a document: all of it if it came here later, else its changes since.
fn lacking(
    tx: &mut dyn Tx,
    doc: &Doc,
    base: u64,
    device: DeviceId,
    room: &mut usize,
) -> Result<Option<Item>, Refusal> {
    if doc.path_seq > base && !only_from(tx, doc, device)? {
        return Ok(Some(snapshot(tx, doc, room)?));
    }
    let changes = log::changes_after(tx, doc.id, base, Some(device))?;
    if changes.is_empty() {
        return Ok(None);
    }
    *room = room.saturating_sub(changes.iter().map(Vec::len).sum());
    let changes = changes.into_iter().map(ByteVec::from).collect();
    Ok(Some(Item {
        doc: doc.id,
        area: None,
        content: Content::Delta { changes },
    }))
}

/// Whether every change of a document was brought by this device: it needs no copy of its own work.
fn only_from(tx: &mut dyn Tx, doc: &Doc, device: DeviceId) -> Result<bool, StorageError> {
    Ok(log::changes_after(tx, doc.id, 0, Some(device))?.is_empty())
}

fn snapshot(tx: &mut dyn Tx, doc: &Doc, room: &mut usize) -> Result<Item, StorageError> {
    let chunk = if doc.snap_seq > 0 {
        log::snapshot(tx, doc.id)?.unwrap_or_default()
    } else {
        Vec::new()
    };
    let after = if chunk.is_empty() { 0 } else { doc.snap_seq };
    let changes = if doc.last_seq > after {
        log::changes_after(tx, doc.id, after, None)?
    } else {
        Vec::new()
    };
    let row = hazards::row(tx, doc.id, doc.last_seq)?;
    *room = room.saturating_sub(chunk.len() + changes.iter().map(Vec::len).sum::<usize>() + 200);
    let content = Content::Snapshot {
        chunk,
        changes: changes.into_iter().map(ByteVec::from).collect(),
        sum: Sum {
            changes: doc.changes,
            digest: doc.digest,
        },
        row,
    };
    Ok(Item {
        doc: doc.id,
        area: Some(doc.path.clone()),
        content,
    })
}

/// The grants these documents need, without those a phone at `base` has already.
fn grants(
    tx: &mut dyn Tx,
    items: &[Item],
    known: Option<(&AreaPath, &AreaPath, u64)>,
) -> Result<Vec<SignedGrant>, StorageError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<GrantId> = match known {
        Some((space, area, base)) => log::area_grants(tx, space, area, base)?
            .into_iter()
            .collect(),
        None => BTreeSet::new(),
    };
    let mut wanted = BTreeSet::new();
    for item in items {
        wanted.extend(log::doc_grants(tx, item.doc)?);
    }
    let mut grants = Vec::new();
    for id in wanted.difference(&known) {
        grants.extend(devices::find_grant(tx, *id)?);
    }
    Ok(grants)
}

/// Documents asked for by name, whole; those out of reach are silently absent, as if they were not there.
pub(super) fn by_name(tx: &mut dyn Tx, need: &[DocId], reach: &Reach) -> Result<Page, Refusal> {
    let mut page = empty(LogId([0; 8]), Phase::Tail { base: 0, pos: 0 });
    let mut room = usize::MAX;
    for id in need {
        if let Some(doc) = log::find_doc(tx, *id)?
            && reach.covers(&doc.path)
        {
            page.items.push(snapshot(tx, &doc, &mut room)?);
        }
    }
    page.grants = grants(tx, &page.items, None)?;
    Ok(page)
}
