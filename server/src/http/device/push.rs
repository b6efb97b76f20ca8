//! `POST /v1/push`

use axum::extract::State;
use sync_core::{
    record::DeviceId,
    wire::push::{Push, Request, Response},
};

use crate::{
    access::Refusal,
    http::{
        Rooms,
        extract::{Answer, Caller, Framed},
    },
};

pub(in crate::http) async fn push(
    State(rooms): State<Rooms>,
    Caller(device): Caller,
    Framed(request): Framed<Push>,
) -> Result<Answer<Push>, Refusal> {
    store(&rooms, device, request).await.map(Answer)
}

/// Stores a pack, then tells those who follow the log.
pub(super) async fn store(
    rooms: &Rooms,
    device: DeviceId,
    request: Request,
) -> Result<Response, Refusal> {
    let count = request.entries.len();
    let response = rooms.ingest.push(device, request).await?;
    if let Response::Stored { refused, .. } = &response {
        rooms
            .metrics
            .stored(count - refused.len().min(count), refused.len());
    }
    rooms.projection.wake();
    rooms.hints.wake();
    Ok(response)
}
