//! `POST /v1/reconcile`

use axum::extract::State;
use sync_core::wire::reconcile::Reconcile;

use crate::{
    http::{
        Components,
        extract::{Answer, Caller, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn reconcile(
    State(components): State<Components>,
    Caller(device): Caller,
    Framed(request): Framed<Reconcile>,
) -> Result<Answer<Reconcile>, Refusal> {
    components.feed.reconcile(device, request).await.map(Answer)
}
