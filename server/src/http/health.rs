//! For operators: alive, ready, counted. Nothing here waits for a permit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use sync_core::wire::Code;
use tokio::sync::Mutex;

use super::{Rooms, admit::Gate};
use crate::{access::Refusal, front::Peer};

/// How long an answer of the database holds: who asks in between costs nothing.
const HOLDS: Duration = Duration::from_secs(1);

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the database was last asked, and what it said. One asks at a time.
#[derive(Debug, Default, Clone)]
pub(super) struct Asked(Arc<Mutex<Option<(Instant, bool)>>>);

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers too.
#[utoipa::path(get, path = "/readyz", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn ready(
    State((rooms, asked)): State<(Rooms, Asked)>,
) -> Result<&'static str, Refusal> {
    let mut last = asked.0.lock().await;
    let well = match *last {
        Some((at, well)) if at.elapsed() < HOLDS => well,
        _ => {
            let lag = lag(&rooms).await;
            *last = Some((Instant::now(), lag.is_some()));
            lag.is_some()
        }
    };
    if well {
        return Ok("ready\n");
    }
    let detail = "the database did not answer a moment ago";
    Err(Refusal::new(Code::Internal, detail))
}

/// How far the ledger is behind; none if the database does not say so in time.
async fn lag(rooms: &Rooms) -> Option<u64> {
    let lag = tokio::time::timeout(PATIENCE, rooms.projection.lag()).await;
    lag.ok()?.ok()
}

/// Counters for Prometheus. While the database does not answer, the gauge that it knows is left out.
#[utoipa::path(get, path = "/metrics", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn metrics(State((rooms, _)): State<(Rooms, Asked)>) -> String {
    rooms.metrics.text(lag(&rooms).await)
}

/// What the log says of a refusal: where, not what was sent.
fn log(rooms: &Rooms, cause: &'static str, status: u16, origin: &str, route: &str) {
    rooms.metrics.refused(cause, 1);
    if let Some(times) = rooms.metrics.note(cause, origin) {
        tracing::info!(cause, status, address = origin, route, times, "refused");
    }
}

/// Counts every request, and refusals by their cause; and says what a browser must not do with an answer.
pub(super) async fn count(
    State((rooms, gate)): State<(Rooms, Arc<Gate>)>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let peer = request.extensions().get::<Peer>().cloned();
    let origin = gate.origin(request.headers(), peer.as_ref());
    let mut response = next.run(request).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    rooms.metrics.answered(status, micros);
    let code = response.headers().get("xuncha-refusal");
    let code = code.and_then(|v| v.to_str().ok()).and_then(Code::from_name);
    let cause = match code {
        Some(code) => Some(code.name()),
        None if status >= 400 => Some("no-route"),
        None => None,
    };
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    if let Some(cause) = cause {
        let address = origin.or(peer.map(|p| p.address));
        let address = address.map(|a| a.to_string()).unwrap_or_default();
        log(&rooms, cause, status, &address, route);
    }
    guard(response.headers_mut(), route);
    response
}

/// Nothing that is answered is a page, except the viewer of the API; nothing is kept, unless a route says so.
fn guard(headers: &mut HeaderMap, route: &str) {
    let viewer = route.starts_with("/docs");
    let policy = if viewer {
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    let mut set = |name, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    if route.starts_with("/v1/") || route.is_empty() {
        set(header::CACHE_CONTROL, "no-store");
    }
}
