//! `POST /v1/editions`

use axum::extract::State;
use sync_core::wire::editions::{Editions, Response};

use crate::{
    http::{
        Components,
        extract::{Answer, Caller, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn editions(
    State(components): State<Components>,
    Caller(_): Caller,
    Framed(request): Framed<Editions>,
) -> Result<Answer<Editions>, Refusal> {
    let editions = components.editions.for_device(request.newest);
    Ok(Answer(Response { editions }))
}
