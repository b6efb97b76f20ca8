//! Routes for reviewers: the indicators of the campaign, and manual values.

use axum::{
    Json,
    extract::{Query, State, rejection::JsonRejection, rejection::QueryRejection},
};
use sync_core::wire::Code;

use super::{Rooms, extract::Reviewing, review::parsed};
use crate::{
    access::Refusal,
    review::{IndicatorSheet, ManualValue, ManualView, Question},
};

pub(super) fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refusal> {
    body.map(|Json(value)| value)
        .map_err(|e| Refusal::new(Code::BadFilter, e.body_text()))
}

/// Returns the indicators ST-01 to ST-39 of an area as of now, with all cross-checks.
#[utoipa::path(get, path = "/v1/indicators", tag = "reports", params(Question), responses((status = 200, body = IndicatorSheet), (status = 400), (status = 403)))]
pub(super) async fn show(
    State(rooms): State<Rooms>,
    Reviewing(reach): Reviewing,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Json<IndicatorSheet>, Refusal> {
    let now = rooms.access.now().0;
    let sheet = rooms.review.indicators(&reach, parsed(question)?, now);
    sheet.await.map(Json)
}

/// Stores a manual value. It is shown with the computed figure and never replaces it.
#[utoipa::path(post, path = "/v1/indicators/manual", tag = "reports", request_body = ManualValue, responses((status = 200, body = ManualView), (status = 400), (status = 403)))]
pub(super) async fn type_value(
    State(rooms): State<Rooms>,
    Reviewing(reach): Reviewing,
    value: Result<Json<ManualValue>, JsonRejection>,
) -> Result<Json<ManualView>, Refusal> {
    let now = rooms.access.now().0;
    let typed = rooms.review.type_value(&reach, body(value)?, now);
    typed.await.map(Json)
}
