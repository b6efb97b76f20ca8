//! Routes for reviewers: the ledger, one hazard, changes, suggestions, duties.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use sync_core::{record::DocId, wire::Code};

use super::{Components, extract::Reviewing};
use crate::{
    refusal::Refusal,
    review::{
        DutyPage, Filter, HazardDetail, HazardPage, Level, Owed, Statistics, SuggestionPage, Wanted,
    },
};

pub(super) fn parsed<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query
        .map(|Query(value)| value)
        .map_err(|e| Refusal::new(Code::BadFilter, e.body_text()))
}

/// Lists the hazards of the ledger, the most recently found first.
#[utoipa::path(get, path = "/v1/hazards", tag = "review", params(Filter), responses((status = 200, body = HazardPage), (status = 400)))]
pub(super) async fn list(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<HazardPage>, Refusal> {
    components
        .review
        .list(&reach, parsed(filter)?)
        .await
        .map(Json)
}

/// What to count.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Counting {
    /// Level to count by: `city`, `county`, `street`, `community`, `grid`; `county` if absent.
    #[param(inline)]
    by: Option<Level>,
    /// Only in this area.
    area: Option<String>,
    /// Only this hazard kind (`EV-06`) or category (`EV`).
    kind: Option<String>,
    /// Only found at or after this time: RFC 3339, or a day in China time.
    found_from: Option<String>,
    /// Only found before this time: RFC 3339, or a day in China time.
    found_to: Option<String>,
}

/// Returns the number of hazards by area, as of now.
#[utoipa::path(get, path = "/v1/statistics", tag = "review", params(Counting), responses((status = 200, body = Statistics), (status = 400)))]
pub(super) async fn statistics(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    counting: Result<Query<Counting>, QueryRejection>,
) -> Result<Json<Statistics>, Refusal> {
    let counting = parsed(counting)?;
    let filter = Filter {
        area: counting.area,
        kind: counting.kind,
        found_from: counting.found_from,
        found_to: counting.found_to,
        ..Filter::default()
    };
    let (level, now) = (
        counting.by.unwrap_or(Level::County),
        components.access.now().0,
    );
    let counted = components
        .review
        .statistics(&reach, filter, level, now)
        .await;
    counted.map(Json)
}

/// Where the page begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// `next` of the previous response; absent for the first page.
    since: Option<String>,
    /// Number of rows at most, 1 to 500; 50 if absent.
    limit: Option<i64>,
}

/// Lists the rows of the ledger that changed, in the order of the changes.
#[utoipa::path(get, path = "/v1/hazards/changes", tag = "review", params(Since), responses((status = 200, body = HazardPage), (status = 400)))]
pub(super) async fn changes(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    since: Result<Query<Since>, QueryRejection>,
) -> Result<Json<HazardPage>, Refusal> {
    let since = parsed(since)?;
    components
        .review
        .changes(&reach, since.since, since.limit)
        .await
        .map(Json)
}

/// The part of the history to return.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// `events_next` of the previous response; absent for the beginning of the history.
    events_from: Option<u32>,
}

/// Returns one hazard with its history, conflicts and photos.
#[utoipa::path(get, path = "/v1/hazards/{id}", tag = "review", params(("id" = String, Path,), Part), responses((status = 200, body = HazardDetail), (status = 404)))]
pub(super) async fn one(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    Path(id): Path<String>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<HazardDetail>, Refusal> {
    let from = parsed(part)?.events_from.unwrap_or(0) as usize;
    let doc: DocId = id
        .parse()
        .map_err(|_| Refusal::new(Code::NotFound, "no such hazard"))?;
    let now = components.access.now();
    components
        .review
        .one(&reach, doc, from, now)
        .await
        .map(Json)
}

/// Lists suggestions for a reviewer: records that may be one hazard, or false evidence, the most urgent first.
#[utoipa::path(get, path = "/v1/suggestions", tag = "review", params(Wanted), responses((status = 200, body = SuggestionPage), (status = 400)))]
pub(super) async fn suggestions(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<SuggestionPage>, Refusal> {
    let found = components.review.suggestions(&reach, parsed(wanted)?).await;
    found.map(Json)
}

/// Lists the duties of property companies that are overdue or were done late, the longest due first.
#[utoipa::path(get, path = "/v1/duties", tag = "review", params(Owed), responses((status = 200, body = DutyPage), (status = 400)))]
pub(super) async fn duties(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    owed: Result<Query<Owed>, QueryRejection>,
) -> Result<Json<DutyPage>, Refusal> {
    let now = components.access.now();
    components
        .review
        .duties(&reach, parsed(owed)?, now)
        .await
        .map(Json)
}
