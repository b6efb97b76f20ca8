//! Building a page: the cursor's position selects the documents, its base decides which of their changes are sent.

use sync_core::{
    record::{DeviceId, LogEpoch},
    wire::{
        page::Page,
        pull::{Cursor, Phase},
    },
};

use super::{backfill::backfill, items::empty, tail::tail};
use crate::{
    refusal::Refusal,
    storage::{Tx, revocations, spaces},
};

/// The page after a cursor. `room` is the number of bytes left in the response.
pub(super) fn page(
    tx: &mut dyn Tx,
    cursor: &Cursor,
    device: DeviceId,
    most: usize,
    room: &mut usize,
) -> Result<Page, Refusal> {
    let Some(space) = spaces::find(tx, &cursor.space)? else {
        return Ok(empty(LogEpoch([0; 8]), cursor.phase));
    };
    // A new log epoch, or a position ahead of the log: the device must reconcile before it continues.
    let ahead = matches!(cursor.phase, Phase::Tail { pos, .. } if pos > space.head);
    if space.log != cursor.log || ahead {
        let log = if ahead { LogEpoch([0; 8]) } else { space.log };
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
