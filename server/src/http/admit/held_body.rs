//! The body of a response: it counts for its caller, and keeps memory and permits until its last byte was sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::{budget::Held, reading::Counted, slots::Slot};

/// The permit of a request's class, and the slot of its caller.
pub(super) type Turn = (OwnedSemaphorePermit, Option<Slot>);

/// The body of a response that counts while it is being sent.
pub(super) struct HeldBody {
    body: Body,
    counted: Option<Counted>,
    _held: Held,
    _turn: Option<Turn>,
}

impl HeldBody {
    /// A body that counts for a caller and keeps this memory and this turn.
    pub(super) fn new(
        body: Body,
        counted: Option<Counted>,
        held: Held,
        turn: Option<Turn>,
    ) -> Self {
        Self {
            body,
            counted,
            _held: held,
            _turn: turn,
        }
    }
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Ready(Some(Ok(frame))), Some(counted)) = (&polled, &self.counted) {
            counted.add(frame.data_ref().map_or(0, Bytes::len));
        }
        polled
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
