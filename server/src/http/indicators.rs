//! Routes for reviewers: the indicators of the campaign, and manual values.

use axum::{
    Json,
    extract::{Query, State, rejection::JsonRejection, rejection::QueryRejection},
};
use sync_core::wire::Code;

use super::{
    Components,
    extract::{Deciding, Reviewing},
    recorded::Recording,
    review::parsed,
};
use crate::{
    audit::Kind,
    refusal::Refusal,
    reporting::{IndicatorSheet, ManualValue, ManualView, Question},
};

pub(super) fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refusal> {
    body.map(|Json(value)| value)
        .map_err(|e| Refusal::new(Code::BadFilter, e.body_text()))
}

/// Returns the indicators ST-01 to ST-39 of an area as of now, with all cross-checks.
#[utoipa::path(get, path = "/v1/indicators", tag = "reports", params(Question), responses((status = 200, body = IndicatorSheet), (status = 400), (status = 403)))]
pub(super) async fn show(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Json<IndicatorSheet>, Refusal> {
    let now = components.access.now().0;
    let sheet = components
        .reporting
        .indicators(&reach, parsed(question)?, now);
    sheet.await.map(Json)
}

/// Stores a manual value. It is shown with the computed figure and never replaces it.
#[utoipa::path(post, path = "/v1/indicators/manual", tag = "reports", request_body = ManualValue, responses((status = 200, body = ManualView), (status = 400), (status = 403)))]
pub(super) async fn type_value(
    State(components): State<Components>,
    Deciding(reach): Deciding,
    Recording(record): Recording,
    value: Result<Json<ManualValue>, JsonRejection>,
) -> Result<Json<ManualView>, Refusal> {
    let now = components.access.now().0;
    let typed = components.reporting.type_value(&reach, body(value)?, now);
    let view = typed.await?;
    let about = serde_json::to_string(&view).unwrap_or_default();
    record
        .about(&components, Kind::ManualValue, &reach, about)
        .await?;
    Ok(Json(view))
}
