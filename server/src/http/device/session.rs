//! `POST /v1/session`

use axum::extract::State;
use sync_core::wire::session::Session;

use crate::{
    http::{
        Components,
        extract::{Answer, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn session(
    State(components): State<Components>,
    Framed(request): Framed<Session>,
) -> Result<Answer<Session>, Refusal> {
    components.access.open(request).await.map(Answer)
}
