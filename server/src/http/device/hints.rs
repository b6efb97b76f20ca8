//! `GET /v1/hints`: a long poll that says only that something may be new. Losing it loses nothing.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;

use crate::{
    access::Refusal,
    http::{Rooms, extract::Seeing},
};

/// What to wait for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Wait {
    /// The space.
    space: String,
    /// The number the caller has seen.
    after: u64,
}

/// Answers when the space's head has passed `after`, or after 25 seconds.
#[utoipa::path(get, path = "/v1/hints", tag = "phones", params(Wait), responses((status = 200, description = "`head`: the newest number"), (status = 403)))]
pub(in crate::http) async fn hints(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    Query(wait): Query<Wait>,
) -> Result<Json<serde_json::Value>, Refusal> {
    let head = rooms.hints.wait(&reach, &wait.space, wait.after).await?;
    Ok(Json(
        serde_json::json!({ "space": wait.space, "head": head }),
    ))
}
