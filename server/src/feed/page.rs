//! Building a page: the cursor's position selects the documents, its base decides which of their changes are sent.

use sync_core::{
    identity::{SecretKey, SignedNotice},
    record::{DeviceId, LogEpoch},
    wire::{
        page::{NumberedNotice, Page},
        pull::{Cursor, Phase},
    },
};

use super::{backfill::backfill, items::empty, tail::tail};
use crate::{
    refusal::Refusal,
    storage::{Tx, server_notices, spaces},
};

/// The page after a cursor. `room` is the number of bytes left in the response; `key` signs notices.
pub(super) fn page(
    tx: &mut dyn Tx,
    cursor: &Cursor,
    (device, key): (DeviceId, &SecretKey),
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
    match cursor.notices {
        Some(last) => {
            let notices = server_notices::after(tx, &cursor.space, last)?;
            let numbered = notices.iter().map(|(number, notice)| NumberedNotice {
                number: *number,
                sealed: SignedNotice::seal(notice, key),
            });
            page.notices = (!notices.is_empty()).then(|| numbered.collect());
        }
        None => {
            let last = cursor.revoked.unwrap_or(0);
            let revoked = server_notices::revocations_after(tx, &cursor.space, last)?;
            page.revoked = (!revoked.is_empty()).then_some(revoked);
        }
    }
    Ok(page)
}
