//! The first pages of a cursor: every document of its area, complete, in the order of ids.

use sync_core::{
    record::DocId,
    wire::{
        page::Page,
        pull::{Cursor, Phase},
    },
};

use super::items::{PART, empty, grants, size, snapshots};
use crate::{
    refusal::Refusal,
    storage::{
        Tx, docs,
        spaces::{self, Space},
    },
};

pub(super) fn backfill(
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
