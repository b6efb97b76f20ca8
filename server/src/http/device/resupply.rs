//! `POST /v1/resupply`

use axum::extract::State;
use sync_core::wire::resupply::Resupply;

use super::push::note_all;
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
    let sizes: Vec<usize> = request.entries.iter().map(|e| e.change.len()).collect();
    components.quota.pack(device, sizes.iter().sum()).await?;
    let count = sizes.len();
    let response = components.ingest.resupply(device, request).await?;
    let refused = response.refused.len();
    components
        .metrics
        .stored(count - refused.min(count), refused);
    note_all(&components, device, &response.refused, &sizes);
    Ok(Answer(response))
}
