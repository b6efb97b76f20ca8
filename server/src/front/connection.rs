//! One connection: its stage, when the stage began, and how long it may last.
//!
//! hyper has a time-out for headers only, which also runs between requests. Here each stage has its own limit. The
//! stage also decides which connection is closed when a new one needs its place.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Notify,
    time::{Duration, Instant},
};

use crate::config::Limits;

/// The stage of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
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
    stuck: AtomicU64,
    pub(super) evicted: Notify,
}

/// Cause of a closed connection: headers did not arrive in time.
pub(super) const HEADER_TIMEOUT: &str = "header-timeout";
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

    fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn at(&self, ms: u64) -> Instant {
        self.began + Duration::from_millis(ms)
    }

    fn stage(&self) -> Stage {
        let stages = [Stage::Fresh, Stage::Idle, Stage::Headers, Stage::Stranger];
        let stage = usize::from(self.stage.load(Relaxed));
        stages.get(stage).copied().unwrap_or(Stage::Request)
    }

    fn enter(&self, stage: Stage) {
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

    /// Whether closing the connection now loses no request.
    pub(super) fn rests(&self) -> bool {
        matches!(self.stage(), Stage::Fresh | Stage::Idle)
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

/// Bytes of a response that are passed to hyper at a time. hyper keeps these bytes until the socket accepts them, and
/// drops the body with its last frame: a large response in one frame would count as sent before any of it is.
const SLICE: usize = 16 * 1024;

/// The body of a response; dropping it ends its request.
pub(super) struct Answer {
    body: Body,
    /// The part of the last frame that was not passed to hyper yet.
    rest: Bytes,
    _answering: Answering,
}

impl Answer {
    pub(super) fn new(body: Body, answering: Answering) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            _answering: answering,
        }
    }

    fn slice(&mut self) -> Frame<Bytes> {
        Frame::data(self.rest.split_to(SLICE.min(self.rest.len())))
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.slice())));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(Some(Ok(frame))) = polled else {
            return polled;
        };
        match frame.into_data() {
            Ok(data) if data.len() > SLICE => {
                self.rest = data;
                Poll::Ready(Some(Ok(self.slice())))
            }
            Ok(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Err(other) => Poll::Ready(Some(Ok(other))),
        }
    }
    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

/// The socket, which records blocked writes and first bytes in its connection's state.
pub(super) struct Watched {
    pub(super) socket: TcpStream,
    pub(super) connection: Arc<Connection>,
}

impl Watched {
    fn written<T>(&self, written: Poll<T>) -> Poll<T> {
        let stuck = &self.connection.stuck;
        if written.is_ready() {
            stuck.store(0, Relaxed);
        } else if stuck.load(Relaxed) == 0 {
            stuck.store(self.connection.elapsed() + 1, Relaxed);
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        // The limit for headers runs from the opening of the connection, and for later requests from their first byte.
        if buffer.filled().len() > before && self.connection.stage() == Stage::Idle {
            self.connection.enter(Stage::Headers);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.written(written)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, bytes);
        self.written(written)
    }
    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }
    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_large_answer_is_handed_over_in_slices_and_counts_until_the_last() {
        let connection = Arc::new(Connection::new(IpAddr::from([127, 0, 0, 1])));
        let whole: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let mut answer = Answer::new(Body::from(whole.clone()), connection.request());
        let mut context = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while !answer.is_end_stream() {
            assert_eq!(
                answer.size_hint().exact(),
                Some((whole.len() - taken.len()) as u64)
            );
            assert_eq!(connection.stage(), Stage::Request);
            let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut answer).poll_frame(&mut context)
            else {
                panic!("a frame was expected");
            };
            let data = frame.into_data().unwrap();
            assert!(data.len() <= SLICE);
            taken.extend(data);
        }
        assert_eq!(taken, whole);
        drop(answer);
        assert_eq!(connection.stage(), Stage::Idle);
    }
}
