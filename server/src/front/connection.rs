//! One connection: its stage, when the stage began, and how long it may last.
//!
//! hyper has a time-out for headers only, which also runs between requests. Here each stage has its own limit. The
//! stage also decides which connection is closed when a new one needs its place.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{
    sync::Notify,
    time::{Duration, Instant},
};

use crate::config::Limits;

/// The stage of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// Open; no request has arrived yet.
    Fresh,
    /// Between two requests.
    Idle,
    /// Headers of a later request are arriving.
    Headers,
    /// A caller without a token sends a body.
    Stranger,
    /// A request is being answered, or an enrolled caller sends its body.
    Request,
}

/// The state of a connection, shared by its socket, its task and the registry.
#[derive(Debug)]
pub struct Connection {
    /// The address that the limit for each address counts.
    pub(super) address: IpAddr,
    began: Instant,
    stage: AtomicU8,
    /// Milliseconds from `began` to the beginning of the stage.
    since: AtomicU64,
    /// One more than the milliseconds from `began` to when a write blocked; 0: no write is blocked.
    pub(super) stuck: AtomicU64,
    pub(super) evicted: Notify,
}

/// Cause of a closed connection: headers did not arrive in time.
pub(super) const HEADER_TIMEOUT: &str = "header-timeout";

/// Cause of a closed connection: the TLS handshake did not end in time.
pub(super) const HANDSHAKE_TIMEOUT: &str = "handshake-timeout";

/// Cause of a closed connection: the TLS handshake failed, as with plain HTTP or an unknown authority.
pub(super) const HANDSHAKE_FAILED: &str = "handshake-failed";

/// Cause of a closed connection: the caller read nothing of a response in time.
pub(super) const WRITE_TIMEOUT: &str = "write-timeout";

/// The result of checking a connection's limits.
pub(super) enum Look {
    /// Check again at this time.
    At(Instant),
    /// A limit has passed; the cause, if it is counted.
    Over(Option<&'static str>),
}

impl Connection {
    pub(super) fn new(address: IpAddr) -> Self {
        Self {
            address,
            began: Instant::now(),
            stage: AtomicU8::new(Stage::Fresh as u8),
            since: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            evicted: Notify::new(),
        }
    }

    pub(super) fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn at(&self, ms: u64) -> Instant {
        self.began + Duration::from_millis(ms)
    }

    pub(super) fn stage(&self) -> Stage {
        let stages = [Stage::Fresh, Stage::Idle, Stage::Headers, Stage::Stranger];
        let stage = usize::from(self.stage.load(Relaxed));
        stages.get(stage).copied().unwrap_or(Stage::Request)
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.since.store(self.elapsed(), Relaxed);
        self.stage.store(stage as u8, Relaxed);
    }

    /// A caller without a token sends a body: until it has arrived, the connection may be closed in favour of another.
    pub fn stranger_sends(&self) {
        self.enter(Stage::Stranger);
    }

    /// The body has arrived.
    pub fn body_is_here(&self) {
        self.enter(Stage::Request);
    }

    /// Whether closing the connection now loses no request and no byte of a response that the socket has not accepted.
    pub(super) fn rests(&self) -> bool {
        matches!(self.stage(), Stage::Fresh | Stage::Idle) && self.stuck.load(Relaxed) == 0
    }

    /// The order in which the connection may be closed in favour of another, if it may. Connections that have sent no
    /// complete request come before idle ones.
    pub(super) fn dispensable(&self) -> Option<(u8, Instant)> {
        let rank = match self.stage() {
            Stage::Fresh | Stage::Headers | Stage::Stranger => 0,
            Stage::Idle => 1,
            Stage::Request => return None,
        };
        Some((rank, self.at(self.since.load(Relaxed))))
    }

    /// Whether a limit has passed, and when to check again.
    pub(super) fn look(&self, limits: &Limits) -> Look {
        let now = Instant::now();
        let stuck = self.stuck.load(Relaxed);
        if stuck > 0 && self.at(stuck - 1) + limits.write <= now {
            return Look::Over(Some(WRITE_TIMEOUT));
        }
        let since = self.at(self.since.load(Relaxed));
        let (end, cause) = match self.stage() {
            Stage::Fresh | Stage::Headers => (since + limits.header, Some(HEADER_TIMEOUT)),
            Stage::Idle => (since + limits.idle, None),
            // Bodies have their own limits. No later stage can end before the shortest limit has passed.
            Stage::Stranger | Stage::Request => {
                let shortest = limits.header.min(limits.idle).min(limits.write);
                return Look::At(now + shortest);
            }
        };
        if end <= now {
            return Look::Over(cause);
        }
        // An idle connection may begin a request at any time.
        Look::At(end.min(now + limits.header))
    }

    /// A request's headers have arrived. The request is in progress until the returned value is dropped.
    pub(super) fn request(self: &Arc<Self>) -> Answering {
        self.enter(Stage::Request);
        Answering(Arc::clone(self))
    }
}

/// Held until the last byte of a response was passed to hyper.
#[derive(Debug)]
pub(super) struct Answering(Arc<Connection>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Stage::Idle);
    }
}
