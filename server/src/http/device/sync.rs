//! `POST /v1/sync`: push, then pull, so that the pull includes the pushed changes.

use axum::extract::State;
use sync_core::wire::sync::{Response, Sync};

use super::push::store;
use crate::{
    access::Refusal,
    http::{
        Rooms,
        extract::{Answer, Caller, Framed},
    },
};

pub(in crate::http) async fn sync(
    State(rooms): State<Rooms>,
    Caller(device): Caller,
    Framed(request): Framed<Sync>,
) -> Result<Answer<Sync>, Refusal> {
    let push = match request.push {
        Some(pack) => Some(store(&rooms, device, pack).await?),
        None => None,
    };
    let pull = match request.pull {
        Some(pull) => Some(rooms.feed.pull(device, pull).await?),
        None => None,
    };
    let now = Some(rooms.access.now());
    Ok(Answer(Response { push, pull, now }))
}
