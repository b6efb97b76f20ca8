//! `POST /v1/push`

use axum::extract::State;
use sync_core::{
    record::DeviceId,
    wire::{
        Code,
        push::{Push, Refused, Request, Response},
    },
};

use crate::{
    http::{
        Components,
        extract::{Answer, Caller, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn push(
    State(components): State<Components>,
    Caller(device): Caller,
    Framed(request): Framed<Push>,
) -> Result<Answer<Push>, Refusal> {
    store(&components, device, request).await.map(Answer)
}

/// Counts and logs a refusal inside a successful response in the same way as other refusals.
fn note(components: &Components, device: DeviceId, code: Code) {
    components.metrics.refused(code.name(), 1);
    if let Some(times) = components.metrics.note(code.name(), &device.to_string()) {
        tracing::info!(cause = code.name(), %device, times, "refused");
    }
}

/// Counts refusals of a request, and charges what is quarantined to the device; `sizes` are those of the request's changes in
/// bytes.
pub(super) fn note_all(
    components: &Components,
    device: DeviceId,
    refused: &[Refused],
    sizes: &[usize],
) {
    for one in refused {
        note(components, device, one.code);
    }
    let aside = refused.iter().filter(|one| one.code == Code::Quarantined);
    let aside = aside.filter_map(|one| sizes.get(one.entry as usize)).sum();
    components.quota.set_aside(device, aside);
}

/// Charges a pack to its device, stores it, and counts what became of its changes.
pub(super) async fn store(
    components: &Components,
    device: DeviceId,
    request: Request,
) -> Result<Response, Refusal> {
    let sizes: Vec<usize> = request.entries.iter().map(|e| e.change.len()).collect();
    components.quota.pack(device, sizes.iter().sum()).await?;
    let count = sizes.len();
    let response = components.ingest.push(device, request).await?;
    match &response {
        Response::Stored { refused, .. } => {
            components
                .metrics
                .stored(count - refused.len().min(count), refused.len());
            note_all(components, device, refused, &sizes);
        }
        Response::Fork { .. } => note(components, device, Code::PackFork),
    }
    Ok(response)
}
