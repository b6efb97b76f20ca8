//! Which transfers of a hazard are in force.

use super::{assessing::Assessing, known::Known};
use crate::record::{EventBody, OrganId};

/// The transfers in force among live events. `is_past`: of an earlier round; `is_held_back`: a withdrawal that does not
/// count.
pub(super) fn transfers(it: &Assessing<'_, '_, '_>, is_past: impl Fn(usize) -> bool) -> Vec<usize> {
    let known = it.known;
    let sent = it.live(&it.relations.transfers);
    if sent.is_empty() {
        return Vec::new();
    }
    let opening = it.live(&it.relations.opening);
    let ends: Vec<usize> = it
        .live(&it.relations.withdrawing)
        .iter()
        .filter(|end| !it.is_held_back(*end))
        .collect();
    let in_force = |transfer: &usize| {
        let after = &it.relations.descendants[*transfer];
        !is_past(*transfer)
            && !after.meets(&opening)
            && !ends
                .iter()
                .any(|end| after.has(*end) && ends_transfer(known, *transfer, *end))
    };
    sent.iter().filter(in_force).collect()
}

/// Whether a return or a withdrawal ends a transfer that its author had.
pub(super) fn ends_transfer(known: &Known<'_, '_>, transfer: usize, end: usize) -> bool {
    let by = match known.history.body(end) {
        EventBody::TransferReturn(_) => receiver(known, transfer),
        EventBody::TransferWithdraw(_) => known.organ(transfer),
        _ => return false,
    };
    by.is_some() && by == known.organ(end)
}

/// The organisation that a transfer was sent to.
pub(super) fn receiver(known: &Known<'_, '_>, transfer: usize) -> Option<OrganId> {
    match known.history.body(transfer) {
        EventBody::Transfer(t) => Some(t.to),
        _ => None,
    }
}
