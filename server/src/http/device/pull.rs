//! `POST /v1/pull`

use axum::extract::State;
use sync_core::wire::pull::Pull;

use crate::{
    http::{
        Components,
        extract::{Answer, Caller, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn pull(
    State(components): State<Components>,
    Caller(device): Caller,
    Framed(request): Framed<Pull>,
) -> Result<Answer<Pull>, Refusal> {
    components.feed.pull(device, request).await.map(Answer)
}
