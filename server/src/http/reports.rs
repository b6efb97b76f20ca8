//! Routes for reviewers: sealed reports, late arrivals, and the steps of a report.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection, rejection::QueryRejection},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Components,
    extract::{Deciding, Reviewing},
    indicators::body,
    recorded::Recording,
    review::parsed,
};
use crate::{
    audit::Kind,
    refusal::Refusal,
    reporting::{Envelope, LateArrivals, Order, ReportPage, ReportView, Reports, StepOrder},
};

/// Lists the reports that the caller may read, newest first.
#[utoipa::path(get, path = "/v1/reports", tag = "reports", params(Reports), responses((status = 200, body = ReportPage), (status = 400)))]
pub(super) async fn list(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    query: Result<Query<Reports>, QueryRejection>,
) -> Result<Json<ReportPage>, Refusal> {
    let page = components.reporting.reports(&reach, parsed(query)?);
    page.await.map(Json)
}

/// Seals a report as of now. It never changes afterwards; a correction is a new version.
#[utoipa::path(post, path = "/v1/reports", tag = "reports", request_body = Order, responses((status = 200, body = ReportView), (status = 400), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn seal(
    State(components): State<Components>,
    Deciding(reach): Deciding,
    Recording(record): Recording,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<ReportView>, Refusal> {
    let now = components.access.clock().signing().await?.0;
    let key = components.access.key().clone();
    let sealed = components.reporting.seal(&reach, body(order)?, key, now);
    let view = sealed.await?;
    let about = format!("seal {}", view.id);
    record
        .about(&components, Kind::Report, &reach, about)
        .await?;
    Ok(Json(view))
}

/// Returns the sealed bytes of a report. The headers `Xuncha-Sha256` and `Xuncha-Signature` contain digest and
/// signature.
#[utoipa::path(get, path = "/v1/reports/{id}", tag = "reports", params(("id" = String, Path,)), responses((status = 200, body = crate::reporting::SealedReport), (status = 404), (status = 500)))]
pub(super) async fn bytes(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let key = components.access.key().public();
    let envelope = components.reporting.report(&reach, &id, key).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (HeaderName::from_static("xuncha-sha256"), envelope.sha256),
        (
            HeaderName::from_static("xuncha-signature"),
            envelope.signature,
        ),
    ];
    Ok((headers, envelope.content).into_response())
}

/// Returns a report as a file for `xuncha verify-report`.
#[utoipa::path(get, path = "/v1/reports/{id}/sealed", tag = "reports", params(("id" = String, Path,)), responses((status = 200, body = Envelope), (status = 404), (status = 500)))]
pub(super) async fn sealed(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    Path(id): Path<String>,
) -> Result<Json<Envelope>, Refusal> {
    let key = components.access.key().public();
    components
        .reporting
        .report(&reach, &id, key)
        .await
        .map(Json)
}

/// Where the page begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// `next` of the previous page; absent for the first page.
    after: Option<String>,
}

/// Lists the late arrivals of a report: events received at or after its cut-off that were claimed, or took place, before it.
#[utoipa::path(get, path = "/v1/reports/{id}/late", tag = "reports", params(("id" = String, Path,), After), responses((status = 200, body = LateArrivals), (status = 404)))]
pub(super) async fn late(
    State(components): State<Components>,
    Reviewing(reach): Reviewing,
    Path(id): Path<String>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Json<LateArrivals>, Refusal> {
    let page = components.reporting.late(&reach, &id, parsed(after)?.after);
    page.await.map(Json)
}

/// Takes a step with a report: sign, check, submit, accept, lock; return, unlock, withdraw. One person takes one step of a
/// report.
#[utoipa::path(post, path = "/v1/reports/{id}/steps", tag = "reports", params(("id" = String, Path,)), request_body = StepOrder, responses((status = 200, body = ReportView), (status = 400), (status = 403), (status = 404), (status = 409)))]
pub(super) async fn step(
    State(components): State<Components>,
    Deciding(reach): Deciding,
    Recording(record): Recording,
    Path(id): Path<String>,
    step: Result<Json<StepOrder>, JsonRejection>,
) -> Result<Json<ReportView>, Refusal> {
    let now = components.access.clock().signing().await?.0;
    let order = body(step)?;
    let about = format!("{} {id}", order.step);
    let taken = components.reporting.take_step(&reach, &id, order, now);
    let view = taken.await?;
    record
        .about(&components, Kind::Report, &reach, about)
        .await?;
    Ok(Json(view))
}
