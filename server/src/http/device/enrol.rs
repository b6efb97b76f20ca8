//! `POST /v1/enrol`

use axum::extract::State;
use sync_core::wire::enrol::Enrol;

use crate::{
    access::Refusal,
    http::{
        Rooms,
        extract::{Answer, Framed},
    },
};

pub(in crate::http) async fn enrol(
    State(rooms): State<Rooms>,
    Framed(request): Framed<Enrol>,
) -> Result<Answer<Enrol>, Refusal> {
    rooms.access.enrol(request).await.map(Answer)
}
