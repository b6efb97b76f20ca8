//! One connection: what it is doing, since when, and until when it may.
//!
//! hyper has a time-out for headers alone, and it runs between requests too. Here the stages have a limit each, and the
//! stage is what decides which connection is closed when there is no room for another.

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

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    /// Open, and no request has come yet.
    Fresh,
    /// Between two requests.
    Idle,
    /// Headers are coming, after a request before.
    Headers,
    /// A caller without a token sends a body.
    Stranger,
    /// A request is being answered, or an enrolled caller sends its body.
    Request,
}

/// A connection, seen by whoever watches it.
#[derive(Debug)]
pub struct Connection {
    /// Whom the limit for each address counts.
    pub(super) address: IpAddr,
    began: Instant,
    stage: AtomicU8,
    /// Milliseconds from `began` to the beginning of the stage.
    since: AtomicU64,
    /// One more than the milliseconds from `began` to when writing got stuck; 0: it is not.
    stuck: AtomicU64,
    pub(super) evicted: Notify,
}

/// Why a connection was closed before its time.
pub(super) const HEADER_TIMEOUT: &str = "header-timeout";
/// Nothing of an answer was taken.
pub(super) const WRITE_TIMEOUT: &str = "write-timeout";

/// What a look at a connection says.
pub(super) enum Look {
    /// Look again then.
    At(Instant),
    /// It is over; the cause, if it is worth counting.
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

    /// A caller without a token sends a body: it may be closed in favour of another until this ends.
    pub fn stranger_sends(&self) {
        self.enter(Stage::Stranger);
    }

    /// The body is here.
    pub fn body_is_here(&self) {
        self.enter(Stage::Request);
    }

    /// Nothing is lost if it is closed now.
    pub(super) fn rests(&self) -> bool {
        matches!(self.stage(), Stage::Fresh | Stage::Idle)
    }

    /// If it may be closed in favour of another: in which order. Who sends no request goes before who has sent one.
    pub(super) fn dispensable(&self) -> Option<(u8, Instant)> {
        let rank = match self.stage() {
            Stage::Fresh | Stage::Headers | Stage::Stranger => 0,
            Stage::Idle => 1,
            Stage::Request => return None,
        };
        Some((rank, self.at(self.since.load(Relaxed))))
    }

    /// Whether its time is up, and when to look again.
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
        // A connection that rests may begin a request at any time.
        Look::At(end.min(now + limits.header))
    }

    /// A request's headers are here; until what is returned goes, it is being answered.
    pub(super) fn request(self: &Arc<Self>) -> Answering {
        self.enter(Stage::Request);
        Answering(Arc::clone(self))
    }
}

/// Held until the last byte of an answer has been handed over.
#[derive(Debug)]
pub(super) struct Answering(Arc<Connection>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Stage::Idle);
    }
}

/// Bytes of an answer that are handed over at a time. What hyper has taken it keeps until the socket takes it, and it
/// lets go of the body with the last of it: a large answer handed over whole would count as sent before a byte of it is.
const SLICE: usize = 16 * 1024;

/// The body of an answer, which ends its request when it goes.
pub(super) struct Answer {
    body: Body,
    /// What of the last frame is not handed over yet.
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

/// The socket, which tells its connection what goes over it.
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
        // The first headers are due from the opening of the connection, later ones from their first byte.
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
