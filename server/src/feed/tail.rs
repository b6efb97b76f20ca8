//! The pages after the first ones: documents that changed after the cursor, and what the device lacks of each.

use std::collections::HashMap;

use sync_core::{
    record::{DeviceId, DocId},
    wire::{
        page::{Content, Item, Page},
        pull::{Cursor, Phase},
    },
};

use super::items::{PART, empty, grants, prove, size, snapshots};
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        docs::{self, Doc},
        log,
        spaces::{self, Space},
    },
};

pub(super) fn tail(
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
                proofs: None,
            })
        })
    };
    let mut items: Vec<Option<Item>> = docs.iter().map(item).collect();
    let lacking = items
        .iter_mut()
        .flatten()
        .filter(|item| item.proofs.is_none());
    let mut deltas: Vec<&mut Item> = lacking.collect();
    prove(tx, &space.id, docs, &mut deltas)?;
    Ok(items)
}
