//! Routes for reviewers: activities, inspections, and the coverage of buildings.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use sync_core::{record::DocId, wire::Code};

use super::{Components, extract::Reviewing, review::parsed};
use crate::{
    refusal::Refusal,
    review::{ActivityDetail, ActivityFilter, ActivityPage, CoverageView},
};

/// Lists activities and inspections, the most recently held first.
#[utoipa::path(get, path = "/v1/activities", tag = "review", params(ActivityFilter), responses((status = 200, body = ActivityPage), (status = 400)))]
pub(super) async fn list(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    filter: Result<Query<ActivityFilter>, QueryRejection>,
) -> Result<Json<ActivityPage>, Refusal> {
    let filter = parsed(filter)?;
    components.review.activities(&reach, filter).await.map(Json)
}

/// Returns one activity or inspection with its whole history.
#[utoipa::path(get, path = "/v1/activities/{id}", tag = "review", params(("id" = String, Path,)), responses((status = 200, body = ActivityDetail), (status = 404)))]
pub(super) async fn one(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    Path(id): Path<String>,
) -> Result<Json<ActivityDetail>, Refusal> {
    let doc: DocId = id
        .parse()
        .map_err(|_| Refusal::new(Code::NotFound, "no such activity or inspection"))?;
    components.review.activity(&reach, doc).await.map(Json)
}

/// The area to report on.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Within {
    /// Administrative path; areas below it are included. All areas that the caller may read if absent.
    area: Option<String>,
}

/// Returns the buildings and entrances that finished inspections reached, each counted once.
#[utoipa::path(get, path = "/v1/coverage", tag = "review", params(Within), responses((status = 200, body = CoverageView), (status = 400)))]
pub(super) async fn coverage(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    within: Result<Query<Within>, QueryRejection>,
) -> Result<Json<CoverageView>, Refusal> {
    let within = parsed(within)?;
    components
        .review
        .coverage(&reach, within.area)
        .await
        .map(Json)
}
