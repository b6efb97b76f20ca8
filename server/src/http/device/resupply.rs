//! `POST /v1/resupply`

use axum::extract::State;
use sync_core::wire::resupply::Resupply;

use super::push::note;
use crate::{
    http::{
        Components,
        extract::{Answer, Caller, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn resupply(
    State(components): State<Components>,
    Caller(device): Caller,
    Framed(request): Framed<Resupply>,
) -> Result<Answer<Resupply>, Refusal> {
    let sizes = request.entries.iter().map(|entry| entry.change.len());
    components.quota.pack(device, sizes.sum()).await?;
    let count = request.entries.len();
    let response = components.ingest.resupply(device, request).await?;
    let refused = response.refused.len();
    components
        .metrics
        .stored(count - refused.min(count), refused);
    for one in &response.refused {
        note(&components, device, one.code);
    }
    Ok(Answer(response))
}
