//! `POST /v1/session`

use axum::extract::State;
use sync_core::wire::session::Session;

use crate::{
    access::Refusal,
    http::{
        Rooms,
        extract::{Answer, Framed},
    },
};

pub(in crate::http) async fn session(
    State(rooms): State<Rooms>,
    Framed(request): Framed<Session>,
) -> Result<Answer<Session>, Refusal> {
    rooms.access.open(request).await.map(Answer)
}
