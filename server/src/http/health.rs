//! For operators: alive, ready, counted; and not overrun.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sync_core::wire::Code;
use tokio::sync::Semaphore;

use super::Rooms;
use crate::{access::Refusal, metrics::Metrics};

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers too.
#[utoipa::path(get, path = "/readyz", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn ready(State(rooms): State<Rooms>) -> Result<&'static str, Refusal> {
    rooms.projection.lag().await?;
    Ok("ready\n")
}

/// Counters for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn metrics(State(rooms): State<Rooms>) -> Result<String, Refusal> {
    Ok(rooms.metrics.text(rooms.projection.lag().await?))
}

/// Counts every request, and turns away what is too much at once.
pub(super) async fn count(
    State((metrics, in_flight)): State<(Arc<Metrics>, Arc<Semaphore>)>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let waits = request.uri().path() == "/v1/hints";
    let permit = if waits {
        None
    } else {
        in_flight.try_acquire().ok()
    };
    if permit.is_none() && !waits {
        metrics.shed();
        return Refusal::new(Code::Busy, "too many requests at once").into_response();
    }
    let response = next.run(request).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    metrics.answered(response.status().as_u16(), micros);
    response
}
