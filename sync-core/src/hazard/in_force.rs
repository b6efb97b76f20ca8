//! Which transfers of a hazard are in force.

use super::known::Known;
use crate::{
    catalogue::FieldName,
    history::Positions,
    record::{EventBody, OrganId},
};

/// The transfers of a set: those in force, and all that were stated, with the resolutions that name a leading one.
#[derive(Debug, Clone, Default)]
pub(super) struct Transfers {
    pub(super) stated: Vec<usize>,
    pub(super) live: Vec<usize>,
}

/// The transfers among live events. `is_past`: of an earlier round; `is_held_back`: a withdrawal that does not count.
pub(super) fn transfers(
    known: &Known<'_, '_>,
    live: &Positions,
    is_past: impl Fn(usize) -> bool,
    is_held_back: impl Fn(usize) -> bool,
) -> Transfers {
    let lane = FieldName::Transfer.bit();
    let (mut sent, mut chosen, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for at in live.iter() {
        match known.history.body(at) {
            EventBody::Transfer(_) => sent.push(at),
            EventBody::TransferReturn(_) | EventBody::TransferWithdraw(_) => ends.push(at),
            EventBody::Resolve(_) => {
                let mut picks = known.taken[at].iter().flat_map(|taken| &taken.picks);
                if picks.any(|pick| pick.lane == lane) {
                    chosen.push(at);
                }
            }
            _ => {}
        }
    }
    if sent.is_empty() {
        return Transfers::default();
    }
    let opening: Vec<usize> = live
        .iter()
        .filter(|at| known.taken[*at].as_ref().is_some_and(|t| t.opens))
        .collect();
    let in_force = |transfer: &usize| {
        let after = |at: &usize| known.history.happened_before(*transfer, *at);
        !is_past(*transfer)
            && !opening.iter().any(after)
            && !ends.iter().any(|end| {
                after(end) && ends_transfer(known, *transfer, *end) && !is_held_back(*end)
            })
    };
    let live = sent.iter().copied().filter(in_force).collect();
    sent.extend(chosen);
    Transfers { stated: sent, live }
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
