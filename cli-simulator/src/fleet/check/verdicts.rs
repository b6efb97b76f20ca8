//! What the fold decided: who ended a hazard, void events, conflicts.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::StateCode,
    device::Filter,
    history::{JudgedEvent, Verdict},
    record::{DocId, EventId},
};
use xuncha_server::storage::ledger;

use crate::fleet::{outcome::Promise, running::Fleet};

pub(super) fn nobody_closed_by_merge(fleet: &Fleet) -> anyhow::Result<Promise> {
    let (mut broken, mut checked) = (Vec::new(), 0);
    let filter = Filter {
        limit: 1_000_000,
        ..Default::default()
    };
    for member in fleet.members.iter().take(8) {
        for row in member.phone.device.list(&filter)? {
            checked += 1;
            let ended = [StateCode::CLOSED, StateCode::VOID, StateCode::MERGED];
            if !ended.contains(&StateCode(row.row.state)) {
                continue;
            }
            // A hazard may be ended only by an accepted event, and without an open conflict.
            let (state, _) = member.phone.hazard(row.doc)?;
            let decided = state.history.iter().any(
                |j| matches!(&j.verdict, Verdict::Accepted { step: Some(step) } if step.to.0 == row.row.state),
            );
            if !decided || state.flags.conflict_open {
                broken.push(format!("{} is over and nobody decided it", row.doc));
            }
        }
    }
    Ok(Promise {
        name: "no merge closes a hazard",
        checked,
        broken,
    })
}

/// Void events, counted on the device of their author.
pub(in crate::fleet) fn void(fleet: &Fleet) -> anyhow::Result<usize> {
    let mut void = 0;
    for member in &fleet.members {
        let docs: BTreeSet<DocId> = member.stated.iter().map(|(doc, _)| *doc).collect();
        for doc in docs {
            // A person who moved has no record of the earlier area any more.
            let Ok((state, _)) = member.phone.hazard(doc) else {
                continue;
            };
            let theirs = |id: &EventId| member.stated.contains(&(doc, *id));
            let without_effect =
                |j: &&JudgedEvent| theirs(&j.id) && matches!(j.verdict, Verdict::Void { .. });
            void += state.history.iter().filter(without_effect).count();
        }
    }
    Ok(void)
}

/// Hazards with an open conflict in the ledger.
pub(in crate::fleet) fn conflicts(fleet: &Fleet) -> anyhow::Result<usize> {
    let query = ledger::Query {
        within: vec![fleet.world.county.clone()],
        flag: Some(1),
        limit: i64::MAX,
        ..Default::default()
    };
    let read = fleet.app.storage.read(move |tx| ledger::list(tx, &query));
    Ok(fleet.runtime.block_on(read)?.len())
}

/// Hazards that any member recorded.
pub(in crate::fleet) fn hazards(fleet: &Fleet) -> usize {
    let docs: BTreeSet<DocId> = fleet
        .members
        .iter()
        .flat_map(|m| m.stated.iter().map(|(d, _)| *d))
        .collect();
    docs.len()
}
