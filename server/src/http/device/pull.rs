//! `POST /v1/pull`

use axum::extract::State;
use sync_core::wire::pull::Pull;

use crate::{
    access::Refusal,
    http::{
        Rooms,
        extract::{Answer, Caller, Framed},
    },
};

pub(in crate::http) async fn pull(
    State(rooms): State<Rooms>,
    Caller(device): Caller,
    Framed(request): Framed<Pull>,
) -> Result<Answer<Pull>, Refusal> {
    rooms.feed.pull(device, request).await.map(Answer)
}
