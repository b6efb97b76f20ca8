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
    for (n, member) in fleet.members.iter_mut().enumerate() {
        let token = member.phone.device.token()?.unwrap_or_default();
        for hash in member.phone.device.removable_photos()? {
            checked += 1;
            let call = Call {
                method: Method::Get,
                path: format!("/v1/blobs/{hash}"),
                headers: vec![("authorization", format!("Bearer {token}"))],
                body: Vec::new(),
            };
            let served = direct
                .send(&call)
                .is_ok_and(|r| r.status == 200 && PhotoHash::of(&r.body) == hash);
            if !served {
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
