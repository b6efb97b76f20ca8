//! Whether every sync ends, and ends with nothing left to do.

use sync_core::{sync::Options, wire::Code};

use crate::fleet::{outcome::Promise, running::Fleet};

/// Calls of one sync of a fleet member at most: 65 calls without progress with a patience of 8, 481 with a patience of
/// 60, and the calls for the events of some days.
const MOST_REQUESTS: u64 = 600;

pub(super) fn every_sync_ends(fleet: &Fleet) -> Promise {
    let long = fleet.requests.iter().filter(|n| **n > MOST_REQUESTS);
    Promise {
        name: "a sync ends within a bounded number of calls",
        checked: fleet.requests.len(),
        broken: long.map(|n| format!("a sync made {n} calls")).collect(),
    }
}

pub(super) fn nothing_more_to_do(fleet: &mut Fleet) -> anyhow::Result<Promise> {
    let mut broken = Vec::new();
    for (n, member) in fleet.members.iter_mut().enumerate() {
        let report = member
            .phone
            .sync(&mut fleet.direct.clone(), Options::default())?;
        if member.revoked {
            if report.refusal != Some(Code::DeviceRevoked) {
                broken.push(format!("phone {n} was revoked and is served: {report:?}"));
            }
            continue;
        }
        if report.requests != 1 || report.repairs > 0 {
            broken.push(format!(
                "phone {n} needed {} requests with nothing new",
                report.requests
            ));
        }
        let status = member.phone.device.status()?;
        if status.unsent + status.sent_unacknowledged + status.refused + status.scopes_in_repair > 0
        {
            broken.push(format!("phone {n}: {status:?}"));
        }
    }
    let checked = fleet.members.len();
    Ok(Promise {
        name: "a sync with nothing new is one request, sums equal",
        checked,
        broken,
    })
}
