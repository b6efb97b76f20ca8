//! For reviewers: the ledger, one hazard, what changed.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use sync_core::{record::DocId, wire::Code};

use super::{Rooms, extract::Seeing};
use crate::{
    access::Refusal,
    review::{Filter, HazardDetail, HazardPage},
};

pub(super) fn parsed<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query
        .map(|Query(value)| value)
        .map_err(|e| Refusal::new(Code::BadFilter, e.body_text()))
}

/// The ledger, newest found first.
#[utoipa::path(get, path = "/v1/hazards", tag = "review", params(Filter), responses((status = 200, body = HazardPage), (status = 400)))]
pub(super) async fn list(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<HazardPage>, Refusal> {
    rooms.review.list(&reach, parsed(filter)?).await.map(Json)
}

/// Where to go on.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// `next` of the answer before; absent to begin.
    since: Option<String>,
    /// Rows at most, 1 to 500; 50 if absent.
    limit: Option<i64>,
}

/// What changed in the ledger, in the order it changed.
#[utoipa::path(get, path = "/v1/hazards/changes", tag = "review", params(Since), responses((status = 200, body = HazardPage), (status = 400)))]
pub(super) async fn changes(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    since: Result<Query<Since>, QueryRejection>,
) -> Result<Json<HazardPage>, Refusal> {
    let since = parsed(since)?;
    rooms
        .review
        .changes(&reach, since.since, since.limit)
        .await
        .map(Json)
}

/// One hazard with its whole history, conflicts and photos.
#[utoipa::path(get, path = "/v1/hazards/{id}", tag = "review", params(("id" = String, Path,)), responses((status = 200, body = HazardDetail), (status = 404)))]
pub(super) async fn one(
    State(rooms): State<Rooms>,
    Seeing(reach): Seeing,
    Path(id): Path<String>,
) -> Result<Json<HazardDetail>, Refusal> {
    let doc: DocId = id
        .parse()
        .map_err(|_| Refusal::new(Code::NotFound, "no such hazard"))?;
    rooms.review.one(&reach, doc).await.map(Json)
}
