//! `POST /v1/sync`: push, then pull, so that the pull includes the pushed changes.

use axum::extract::State;
use sync_core::wire::sync::{Response, Sync};

use super::push::store;
use crate::{
    http::{
        Components,
        extract::{Answer, Caller, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn sync(
    State(components): State<Components>,
    Caller(device): Caller,
    Framed(request): Framed<Sync>,
) -> Result<Answer<Sync>, Refusal> {
    let push = match request.push {
        Some(pack) => Some(store(&components, device, pack).await?),
        None => None,
    };
    let pull = match request.pull {
        Some(pull) => Some(components.feed.pull(device, pull).await?),
        None => None,
    };
    let now = Some(components.access.now());
    Ok(Answer(Response { push, pull, now }))
}
