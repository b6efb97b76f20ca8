//! Whether the server serves the photos that devices may remove.

use sync_core::{
    record::PhotoHash,
    sync::{Call, Method},
};

use crate::{
    fleet::{outcome::Promise, running::Fleet},
    phone::Transport,
};

pub(super) fn photos_are_served(fleet: &mut Fleet) -> anyhow::Result<Promise> {
    let (mut broken, mut checked) = (Vec::new(), 0);
    let mut direct = fleet.direct.clone();
    // Whose holder moved sends photos of the earlier area and does not read them any more; a reviewer of the county does.
    let reviewer = fleet.members.get(7).map(|m| m.phone.device.token());
    let reviewer = reviewer.transpose()?.flatten().unwrap_or_default();
    let readers = fleet.members.iter_mut().enumerate();
    for (n, member) in readers.filter(|(_, member)| !member.revoked) {
        let token = member.phone.device.token()?.unwrap_or_default();
        for hash in member.phone.device.removable_photos()? {
            checked += 1;
            let mut is_served_to = |token: &str| {
                let call = Call {
                    method: Method::Get,
                    path: format!("/v1/blobs/{hash}"),
                    headers: vec![("authorization", format!("Bearer {token}"))],
                    body: Vec::new(),
                };
                let reply = direct.send(&call);
                reply.is_ok_and(|r| r.status == 200 && PhotoHash::of(&r.body) == hash)
            };
            if !is_served_to(&token) && !is_served_to(&reviewer) {
                broken.push(format!(
                    "phone {n} may remove {hash}, the server does not serve it"
                ));
            }
        }
        let status = member.phone.device.status()?;
        if status.photos_waiting + status.photos_uploading > 0 {
            broken.push(format!("phone {n} still has photos to send"));
        }
    }
    Ok(Promise {
        name: "a photo may be removed only when the server serves it back",
        checked,
        broken,
    })
}
