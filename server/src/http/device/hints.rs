//! `GET /v1/hints`: a long poll that reports only the head of a log. A lost response loses no data.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;

use crate::{
    http::{Components, extract::Seeing},
    refusal::Refusal,
};

/// The space to wait for, and the head that the caller knows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Wait {
    /// Administrative path of the space.
    space: String,
    /// The newest number of the space's log that the caller has.
    after: u64,
}

/// Waits until the head of a space's log is greater than `after`, at most 25 seconds, and returns the head.
#[utoipa::path(get, path = "/v1/hints", tag = "devices", params(Wait), responses((status = 200, description = "`head`: the newest number"), (status = 404, description = "no such space, or outside the reach of the caller")))]
pub(in crate::http) async fn hints(
    State(components): State<Components>,
    Seeing(reach): Seeing,
    Query(wait): Query<Wait>,
) -> Result<Json<serde_json::Value>, Refusal> {
    let head = components
        .hints
        .wait(&reach, &wait.space, wait.after)
        .await?;
    Ok(Json(
        serde_json::json!({ "space": wait.space, "head": head }),
    ))
}
