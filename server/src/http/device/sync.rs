//! `POST /v1/sync`: push, then pull, so that the pull includes the pushed changes.
//!
//! A pack is not looked at if the cursors name another log epoch: this server was restored, and may lack grants that the
//! device gives back before it sends the pack again.

use axum::extract::State;
use sync_core::wire::sync::{Request, Response, Sync};

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
    let Request { push, pull } = request;
    let cursors = || pull.as_ref().map(|pull| pull.scopes.clone());
    let push = match push {
        Some(pack) if components.feed.is_of_this_log(device, cursors()).await? => {
            Some(store(&components, device, pack).await?)
        }
        _ => None,
    };
    let pull = match pull {
        Some(pull) => Some(components.feed.pull(device, pull).await?),
        None => None,
    };
    let now = Some(components.access.now());
    Ok(Answer(Response { push, pull, now }))
}
