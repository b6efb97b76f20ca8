//! Documents that a device requests by id.

use std::collections::BTreeMap;

use sync_core::{
    record::{AreaPath, DocId, LogEpoch},
    wire::{PAGE_BYTES, page::Page, pull::Phase},
};

use super::items::{empty, grants, size, snapshots};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{Tx, docs},
};

/// Documents requested by id that are read in one batch: each may have the maximum size.
const NAMED: usize = 8;

/// Documents requested by id, complete. Documents out of reach are omitted as if they did not exist.
///
/// The page ends after the document that fills it, and lists the ids of the remaining ones.
pub(super) fn by_name(tx: &mut dyn Tx, need: &[DocId], reach: &Reach) -> Result<Page, Refusal> {
    let mut page = empty(LogEpoch([0; 8]), Phase::Tail { base: 0, pos: 0 });
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
