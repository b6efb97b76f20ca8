//! Building a page: the cursor's position selects the documents, its base decides which of their changes are sent.

use std::collections::{BTreeMap, HashMap};

use minicbor::bytes::ByteVec;
use sync_core::{
    identity::SignedGrant,
    record::{AreaPath, DeviceId, DocId, LogId},
    wire::{
        PAGE_BYTES,
        page::{Content, Item, Page, Sum},
        pull::{Cursor, Phase},
    },
};

use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{
        StorageError, Tx,
        bodies::{self, Body},
        devices,
        docs::{self, Doc},
        grant_uses, hazards, log, revocations,
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
        revoked: None,
        left: None,
    }
}

/// The page after a cursor. `room` is the number of bytes left in the response.
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
    // A new log epoch, or a position ahead of the log: the device must reconcile before it continues.
    let ahead = matches!(cursor.phase, Phase::Tail { pos, .. } if pos > space.head);
    if space.log != cursor.log || ahead {
        let log = if ahead { LogId([0; 8]) } else { space.log };
        return Ok(empty(log, cursor.phase));
    }
    if *room == 0 {
        // The page of another scope filled the response: nothing is read in vain, and the device continues from here.
        let mut page = empty(space.log, cursor.phase);
        page.more = true;
        return Ok(page);
    }
    let mut page = match cursor.phase {
        Phase::Backfill { after, head } => backfill(tx, cursor, &space, (after, head), most, room)?,
        Phase::Tail { base, pos } => tail(tx, cursor, &space, (base, pos), device, most, room)?,
    };
    let revoked = revocations::after(tx, &cursor.space, cursor.revoked.unwrap_or(0))?;
    page.revoked = (!revoked.is_empty()).then_some(revoked);
    Ok(page)
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
    let docs = docs::backfill(tx, &cursor.space, &cursor.area, after, most)?;
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
    for part in docs.chunks(PART) {
        if *room == 0 {
            cut = true;
            break;
        }
        for (doc, item) in part.iter().zip(snapshots(tx, &cursor.space, part)?) {
            if *room == 0 {
                cut = true;
                break;
            }
            *room = room.saturating_sub(size(&item));
            page.items.push(item);
            last = Some(doc.id);
        }
    }
    if cut {
        page.next = Phase::Backfill { after: last, head };
    }
    page.more = cut || head < space.head;
    if !page.more {
        page.sum = Some(spaces::area_sum(tx, &cursor.space, &cursor.area)?.0);
    }
    page.grants = grants(tx, &cursor.space, &page.items, None)?;
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
        let docs = docs::tail(tx, &cursor.space, &cursor.area, pos, most)?;
        page.more = docs.len() == most;
        upto = if page.more {
            docs.last().map_or(pos, |d| d.last_seq)
        } else {
            space.head
        };
        let mut done = pos;
        'docs: for part in docs.chunks(PART) {
            if *room == 0 {
                (page.more, upto) = (true, done);
                break;
            }
            for (doc, item) in part.iter().zip(lacking(tx, space, part, base, device)?) {
                if *room == 0 {
                    (page.more, upto) = (true, done);
                    break 'docs;
                }
                *room = room.saturating_sub(item.as_ref().map_or(0, size));
                page.items.extend(item);
                done = doc.last_seq;
            }
        }
    }
    page.exits = docs::exits(tx, &cursor.space, &cursor.area, pos, upto)?;
    if page.more {
        page.next = Phase::Tail { base, pos: upto };
    } else {
        page.sum = Some(sum);
    }
    page.grants = grants(tx, &cursor.space, &page.items, Some((&cursor.area, base)))?;
    Ok(page)
}

/// Documents read in one batch: few round trips to the database, and little is read in vain once the page is full.
const PART: usize = 64;

/// What a device at `base` lacks of each document. If the document got its path after `base` and another device wrote
/// to it: the whole document, else the changes after `base`. A device does not get its own changes back.
fn lacking(
    tx: &mut dyn Tx,
    space: &Space,
    docs: &[Doc],
    base: u64,
    device: DeviceId,
) -> Result<Vec<Option<Item>>, Refusal> {
    let came: Vec<DocId> = docs
        .iter()
        .filter(|d| d.path_seq > base)
        .map(|d| d.id)
        .collect();
    let foreign = log::written_by_others(tx, &space.id, &came, device)?;
    let whole = |doc: &Doc| foreign.contains(&doc.id);
    let (new, known): (Vec<Doc>, Vec<Doc>) = docs.iter().cloned().partition(whole);
    let snapshots = snapshots(tx, &space.id, &new)?.into_iter();
    let mut snapshots: HashMap<DocId, Item> = snapshots.map(|item| (item.doc, item)).collect();
    let known: Vec<DocId> = known.iter().map(|doc| doc.id).collect();
    let mut deltas = log::changes_since(tx, &space.id, &known, base, device)?;
    let item = |doc: &Doc| {
        snapshots.remove(&doc.id).or_else(|| {
            let changes = deltas.remove(&doc.id)?;
            let received = changes.iter().map(|(_, at)| Some(*at)).collect();
            let bytes = changes.into_iter().map(|(bytes, _)| bytes.into());
            Some(Item {
                doc: doc.id,
                area: None,
                content: Content::Delta {
                    changes: bytes.collect(),
                },
                received: Some(received),
            })
        })
    };
    Ok(docs.iter().map(item).collect())
}

/// Approximate bytes of an item in a page.
fn size(item: &Item) -> usize {
    let all = |changes: &[ByteVec]| changes.iter().map(|c| c.len()).sum::<usize>();
    match &item.content {
        Content::Snapshot { chunk, changes, .. } => chunk.len() + all(changes) + 200,
        Content::Delta { changes } => all(changes),
    }
}

/// Documents of one space, complete.
fn snapshots(tx: &mut dyn Tx, space: &AreaPath, docs: &[Doc]) -> Result<Vec<Item>, StorageError> {
    let bodies = bodies::of(tx, space, docs)?;
    let mut rows = hazards::list_rows(tx, space, docs)?;
    let item = |(doc, body): (&Doc, Body)| {
        let mut received = body.folded;
        received.0.extend(body.received.0);
        Item {
            doc: doc.id,
            area: Some(doc.path.clone()),
            content: Content::Snapshot {
                chunk: body.chunk,
                changes: body.changes.into_iter().map(ByteVec::from).collect(),
                sum: Sum {
                    changes: doc.changes,
                    digest: doc.digest,
                },
                row: rows.remove(&doc.id),
            },
            received: Some(received),
        }
    };
    Ok(docs.iter().zip(bodies).map(item).collect())
}

/// The grants that these documents need, without those that a device at `base` already has.
fn grants(
    tx: &mut dyn Tx,
    space: &AreaPath,
    items: &[Item],
    known: Option<(&AreaPath, u64)>,
) -> Result<Vec<SignedGrant>, StorageError> {
    let docs: Vec<DocId> = items.iter().map(|item| item.doc).collect();
    let mut wanted = grant_uses::of_docs(tx, space, &docs)?;
    if let Some((area, base)) = known
        && !items.is_empty()
    {
        for id in grant_uses::of_area(tx, space, area, base)? {
            wanted.remove(&id);
        }
    }
    devices::grants(tx, &wanted)
}

/// Documents requested by id that are read in one batch: each may have the maximum size.
const NAMED: usize = 8;

/// Documents requested by id, complete. Documents out of reach are omitted as if they did not exist.
///
/// The page ends after the document that fills it, and lists the ids of the remaining ones.
pub(super) fn by_name(tx: &mut dyn Tx, need: &[DocId], reach: &Reach) -> Result<Page, Refusal> {
    let mut page = empty(LogId([0; 8]), Phase::Tail { base: 0, pos: 0 });
    let mut by_space: BTreeMap<AreaPath, Vec<DocId>> = BTreeMap::new();
    for (doc, space) in docs::spaces_of(tx, need.iter().copied())? {
        by_space.entry(space).or_default().push(doc);
    }
    let (mut room, mut left) = (PAGE_BYTES, Vec::new());
    for (space, docs) in by_space {
        let mut docs = docs::of(tx, &space, &docs)?;
        docs.retain(|doc| reach.covers(&doc.path));
        let mut sent = Vec::new();
        for part in docs.chunks(NAMED) {
            if room == 0 {
                left.extend(part.iter().map(|doc| doc.id));
                continue;
            }
            for item in snapshots(tx, &space, part)? {
                if room == 0 {
                    left.push(item.doc);
                    continue;
                }
                room = room.saturating_sub(size(&item));
                sent.push(item);
            }
        }
        page.grants.extend(grants(tx, &space, &sent, None)?);
        page.items.extend(sent);
    }
    page.left = (!left.is_empty()).then_some(left);
    Ok(page)
}
