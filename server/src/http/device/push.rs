//! `POST /v1/push`

use axum::extract::State;
use sync_core::{
    record::DeviceId,
    wire::{
        Code,
        push::{Push, Request, Response},
    },
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

/// Counts and logs a refusal inside a successful response in the same way as other refusals.
fn note(rooms: &Rooms, device: DeviceId, code: Code) {
    rooms.metrics.refused(code.name(), 1);
    if let Some(times) = rooms.metrics.note(code.name(), &device.to_string()) {
        tracing::info!(cause = code.name(), %device, times, "refused");
    }
}

/// Stores a pack, then wakes the projection and the long polls.
pub(super) async fn store(
    rooms: &Rooms,
    device: DeviceId,
    request: Request,
) -> Result<Response, Refusal> {
    let sizes: Vec<usize> = request.entries.iter().map(|e| e.change.len()).collect();
    rooms.quota.pack(device, sizes.iter().sum()).await?;
    let count = sizes.len();
    let response = rooms.ingest.push(device, request).await?;
    match &response {
        Response::Stored { refused, .. } => {
            rooms
                .metrics
                .stored(count - refused.len().min(count), refused.len());
            for one in refused {
                note(rooms, device, one.code);
            }
            let aside = refused.iter().filter(|one| one.code == Code::Quarantined);
            let aside = aside.filter_map(|one| sizes.get(one.entry as usize)).sum();
            rooms.quota.set_aside(device, aside);
        }
        Response::Fork { .. } => note(rooms, device, Code::PackFork),
    }
    rooms.projection.wake();
    rooms.hints.wake();
    Ok(response)
}
