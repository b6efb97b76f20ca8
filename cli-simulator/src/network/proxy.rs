//! The proxy.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch};

use super::Profile;
use crate::chance::mix;

/// Bytes of a body at most; the proxy answers a larger one with 413.
const MOST: usize = 32 << 20;

/// Counters of the proxy.
#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    forwarded: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    faults: AtomicU64,
}

/// A snapshot of the proxy's counters.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Counters {
    /// Calls that arrived.
    pub calls: u64,
    /// Bytes of bodies that devices sent.
    pub bytes_up: u64,
    /// Bytes of bodies that devices received.
    pub bytes_down: u64,
    /// Calls with a fault.
    pub faults: u64,
}

#[derive(Clone)]
struct Line {
    client: reqwest::Client,
    servers: Arc<Mutex<Vec<String>>>,
    calls: watch::Sender<u64>,
    profile: Profile,
    chance: Arc<Mutex<u64>>,
    counts: Arc<Counts>,
}

/// A running proxy.
#[derive(Clone)]
pub struct Proxy {
    /// The address that devices call.
    pub address: SocketAddr,
    line: Line,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The fault of a call, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Whole,
    LoseRequest,
    LoseReply,
    CutRequest,
    CutReply,
    Double,
    Unavailable,
}

impl Proxy {
    /// Starts a proxy for a `server` such as `http://127.0.0.1:8080`; it ends with its runtime.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(server: &str, profile: Profile, seed: u64) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let line = Line {
            client: reqwest::Client::builder().build()?,
            servers: Arc::new(Mutex::new(vec![server.to_owned()])),
            calls: watch::Sender::new(0),
            profile,
            chance: Arc::new(Mutex::new(seed)),
            counts: Arc::default(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass).with_state(line.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, line })
    }

    /// Sends later calls to these servers in turn.
    pub fn redirect(&self, servers: Vec<String>) {
        let mut now = self
            .line
            .servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *now = servers;
    }

    /// The number of calls that have arrived, updated before each is forwarded.
    pub fn calls(&self) -> watch::Receiver<u64> {
        self.line.calls.subscribe()
    }

    /// The counters up to now.
    pub fn counters(&self) -> Counters {
        let c = &self.line.counts;
        Counters {
            calls: c.calls.load(SeqCst),
            bytes_up: c.up.load(SeqCst),
            bytes_down: c.down.load(SeqCst),
            faults: c.faults.load(SeqCst),
        }
    }
}

impl Line {
    fn fate(&self) -> Fate {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = mix(&mut chance) % 1000;
        let p = &self.profile;
        let fates = [
            (p.lose_request, Fate::LoseRequest),
            (p.lose_reply, Fate::LoseReply),
            (p.cut_request, Fate::CutRequest),
            (p.cut_reply, Fate::CutReply),
            (p.double, Fate::Double),
            (p.unavailable, Fate::Unavailable),
        ];
        for (share, fate) in fates {
            if left < share {
                return fate;
            }
            left -= share;
        }
        Fate::Whole
    }

    /// Calls the server; with `cut`, only half of the body is sent.
    async fn forward(
        &self,
        parts: &axum::http::request::Parts,
        body: &Bytes,
        cut: bool,
    ) -> Option<(StatusCode, axum::http::HeaderMap, Bytes)> {
        let server = {
            let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = self.counts.forwarded.fetch_add(1, SeqCst) as usize;
            servers[turn % servers.len()].clone()
        };
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let mut request = self
            .client
            .request(parts.method.clone(), format!("{server}{path}"));
        for (name, value) in &parts.headers {
            if !["host", "content-length", "transfer-encoding"].contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        request = if cut {
            let half = body.slice(..body.len() / 2);
            let broken: [Result<Bytes, std::io::Error>; 2] =
                [Ok(half), Err(std::io::Error::other("no signal"))];
            request.body(reqwest::Body::wrap_stream(stream::iter(broken)))
        } else {
            request.body(body.clone())
        };
        let reply = request.send().await.ok()?;
        let (status, headers) = (reply.status(), reply.headers().clone());
        Some((status, headers, reply.bytes().await.ok()?))
    }
}

/// A reply whose body is truncated: the caller gets no complete reply, with any status.
fn broken(head: Bytes) -> Response {
    let parts: [Result<Bytes, std::io::Error>; 2] =
        [Ok(head), Err(std::io::Error::other("no signal"))];
    let mut response = Response::new(Body::from_stream(stream::iter(parts)));
    response
        .headers_mut()
        .insert("x-sim-ms", HeaderValue::from_static("15000"));
    response
}

async fn pass(State(line): State<Line>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MOST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let count = line.counts.calls.fetch_add(1, SeqCst) + 1;
    line.calls.send_replace(count);
    line.counts.up.fetch_add(body.len() as u64, SeqCst);
    let fate = line.fate();
    if fate != Fate::Whole {
        line.counts.faults.fetch_add(1, SeqCst);
    }
    match fate {
        Fate::LoseRequest => return broken(Bytes::new()),
        Fate::CutRequest => {
            line.forward(&parts, &body, true).await;
            return broken(Bytes::new());
        }
        Fate::Unavailable => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                [("retry-after", "3"), ("x-sim-ms", "300")],
            )
                .into_response();
        }
        Fate::Double => {
            line.forward(&parts, &body, false).await;
        }
        _ => {}
    }
    let Some((status, headers, reply)) = line.forward(&parts, &body, false).await else {
        return broken(Bytes::new());
    };
    match fate {
        Fate::LoseReply => return broken(Bytes::new()),
        Fate::CutReply => return broken(reply.slice(..reply.len() / 2)),
        _ => {}
    }
    line.counts.down.fetch_add(reply.len() as u64, SeqCst);
    let bytes = (body.len() + reply.len() + 400) as u64;
    let took = line.profile.latency_ms + bytes * 1000 / line.profile.bytes_per_second;
    let mut response = (status, reply).into_response();
    for (name, value) in &headers {
        if !["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    if let Ok(value) = HeaderValue::from_str(&took.to_string()) {
        response.headers_mut().insert("x-sim-ms", value);
    }
    response
}
