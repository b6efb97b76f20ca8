//! Routes for operators: liveness, readiness, metrics. They need no permit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use sync_core::wire::{Code, frame::MEDIA_TYPE};
use tokio::sync::Mutex;

use super::{Components, admit::Gate, recorded};
use crate::{front::Peer, refusal::Refusal};

/// How long a result of the database check is reused: requests within this time cost nothing.
const HOLDS: Duration = Duration::from_secs(1);

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time and the result of the last database check. The lock lets one request at a time check.
#[derive(Debug, Default, Clone)]
pub(super) struct Asked(Arc<Mutex<Option<(Instant, bool)>>>);

/// Which pages may load a response.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Liveness: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Readiness: the process and its database answer.
#[utoipa::path(get, path = "/readyz", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn ready(
    State((components, asked)): State<(Components, Asked)>,
) -> Result<&'static str, Refusal> {
    let mut last = asked.0.lock().await;
    let well = match *last {
        Some((at, well)) if at.elapsed() < HOLDS => well,
        _ => {
            let lag = lag(&components).await;
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

/// The lag of the ledger; `None` if the database does not answer in time.
async fn lag(components: &Components) -> Option<u64> {
    let lag = tokio::time::timeout(PATIENCE, components.projection.lag()).await;
    lag.ok()?.ok()
}

/// Counters in the text format of Prometheus. The gauge of the ledger's lag is missing while the database does not
/// answer.
#[utoipa::path(get, path = "/metrics", tag = "operators", security(()), responses((status = 200, body = String)))]
pub(super) async fn metrics(State((components, _)): State<(Components, Asked)>) -> String {
    components.metrics.text(lag(&components).await)
}

/// Counts and logs a refusal, with its route and without its contents.
fn log(components: &Components, cause: &'static str, status: u16, origin: &str, route: &str) {
    components.metrics.refused(cause, 1);
    if let Some(times) = components.metrics.note(cause, origin) {
        tracing::info!(cause, status, address = origin, route, times, "refused");
    }
}

/// Sets the security headers of the responses of the operators' listener.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    guard(response.headers_mut(), "", false);
    response
}

/// Counts every request, and refusals by their cause; then sets the security headers of the response.
pub(super) async fn count(
    State((components, gate)): State<(Components, Arc<Gate>)>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let peer = request.extensions().get::<Peer>().cloned();
    let origin = gate.origin(request.headers(), peer.as_ref());
    let secure = peer.as_ref().is_some_and(|peer| peer.secure);
    let credentials = recorded::credentials(request.headers());
    let mut response = next.run(request).await;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    components.metrics.answered(status, micros);
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
        log(&components, cause, status, &address, route);
        let actor = recorded::caller(&components.access, &credentials).await;
        components.audit.refused(cause, &actor, &address);
    }
    guard(response.headers_mut(), route, secure);
    response
}

/// Sets security headers: only the API viewer is a page, and API responses are not cached unless a route allows it.
///
/// A frame of an exchange is no page, and a response to a POST is not cached: it gets one header, because a sync with
/// nothing new must stay small.
fn guard(headers: &mut HeaderMap, route: &str, secure: bool) {
    let frame = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|of| of == MEDIA_TYPE);
    if frame {
        let nosniff = HeaderValue::from_static("nosniff");
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        return;
    }
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
    set(RESOURCE_POLICY, "same-origin");
    if secure {
        // Only if this server ends TLS: behind a proxy its administrator decides.
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if route.starts_with("/v1/") || route.is_empty() {
        set(header::CACHE_CONTROL, "no-store");
    }
}
