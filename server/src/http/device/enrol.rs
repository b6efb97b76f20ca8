//! `POST /v1/enrol`

use axum::extract::State;
use sync_core::wire::enrol::Enrol;

use crate::{
    http::{
        Components,
        extract::{Answer, Framed},
    },
    refusal::Refusal,
};

pub(in crate::http) async fn enrol(
    State(components): State<Components>,
    Framed(request): Framed<Enrol>,
) -> Result<Answer<Enrol>, Refusal> {
    components.access.enrol(request).await.map(Answer)
}
