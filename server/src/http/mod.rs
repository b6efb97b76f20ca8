//! The HTTP face: one file for each audience, thin. Parse, call, answer.
//!
//! In come requests, out go frames, JSON and problem documents. No rule of the field and no SQL here; the router
//! on this page is the whole API.

mod blobs;
mod device;
mod export;
mod extract;
mod health;
mod indicators;
pub mod openapi;
mod problem;
mod records;
mod reports;
mod review;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use sync_core::wire::{
    Exchange, enrol::Enrol, pull::Pull, push::Push, reconcile::Reconcile, session::Session,
    sync::Sync,
};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use crate::{
    access::Access, blobs::Blobs, feed::Feed, hints::Hints, ingest::Ingest, metrics::Metrics,
    projection::Projection, review::Review,
};

/// Everything a handler may call.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each field is a room with its own documentation"
)]
pub struct Rooms {
    pub access: Access,
    pub ingest: Ingest,
    pub feed: Feed,
    pub blobs: Blobs,
    pub projection: Projection,
    pub review: Review,
    pub hints: Hints,
    pub metrics: Arc<Metrics>,
    pub max_in_flight: usize,
}

/// Every refusal with its status and its texts.
pub fn problems() -> serde_json::Value {
    problem::table()
}

/// The whole API on one page.
pub fn router(rooms: Rooms) -> Router {
    let devices = Router::new()
        .route(Enrol::PATH, post(device::enrol::enrol))
        .route(Session::PATH, post(device::session::session))
        .route(Push::PATH, post(device::push::push))
        .route(Pull::PATH, post(device::pull::pull))
        .route(Sync::PATH, post(device::sync::sync))
        .route(Reconcile::PATH, post(device::reconcile::reconcile))
        .route("/v1/hints", get(device::hints::hints))
        // Above an exchange's own limit, so that a body too large is read and refused by name.
        .layer(DefaultBodyLimit::max(8 << 20));
    let photos = Router::new()
        .route("/v1/blobs", post(blobs::create).options(blobs::options))
        .route("/v1/blobs/{hash}", get(blobs::read))
        .route("/v1/blobs/{hash}/thumb", get(blobs::thumb))
        .route(
            "/v1/uploads/{id}",
            axum::routing::head(blobs::head)
                .patch(blobs::append)
                .delete(blobs::end),
        )
        .layer(DefaultBodyLimit::max(4 << 20));
    let people = Router::new()
        .route("/v1/hazards", get(review::list))
        .route("/v1/hazards/changes", get(review::changes))
        .route("/v1/hazards/{id}", get(review::one))
        .route("/v1/statistics", get(review::statistics))
        .route("/v1/suggestions", get(review::suggestions))
        .route("/v1/duties", get(review::duties))
        .route("/v1/records", get(records::list))
        .route("/v1/records/{id}", get(records::one))
        .route("/v1/coverage", get(records::coverage))
        .route("/v1/indicators", get(indicators::show))
        .route("/v1/indicators/manual", post(indicators::type_value))
        .route("/v1/reports", get(reports::list).post(reports::seal))
        .route("/v1/reports/{id}", get(reports::bytes))
        .route("/v1/reports/{id}/sealed", get(reports::sealed))
        .route("/v1/reports/{id}/late", get(reports::late))
        .route("/v1/reports/{id}/steps", post(reports::step))
        .route("/v1/exports/hazards.csv", get(export::csv))
        .route("/v1/exports/hazards.geojson", get(export::geojson));
    let operators = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics));
    let in_flight = Arc::new(tokio::sync::Semaphore::new(rooms.max_in_flight));
    Router::new()
        .merge(devices)
        .merge(photos)
        .merge(people)
        .merge(operators)
        .with_state(rooms.clone())
        .merge(openapi::viewer())
        .layer(axum::middleware::from_fn_with_state(
            (rooms.metrics, in_flight),
            health::count,
        ))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TraceLayer::new_for_http())
}
