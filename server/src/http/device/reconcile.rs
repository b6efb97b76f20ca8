//! `POST /v1/reconcile`

use axum::extract::State;
use sync_core::wire::reconcile::Reconcile;

use crate::{
    access::Refusal,
    http::{
        Rooms,
        extract::{Answer, Caller, Framed},
    },
};

pub(in crate::http) async fn reconcile(
    State(rooms): State<Rooms>,
    Caller(device): Caller,
    Framed(request): Framed<Reconcile>,
) -> Result<Answer<Reconcile>, Refusal> {
    rooms.feed.reconcile(device, request).await.map(Answer)
}
