//! The body of a response that occupies memory and its permit until its last byte was sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::budget::Held;

/// The body of a response that counts as memory while it is being sent.
pub(super) struct HeldBody {
    body: Body,
    _held: Held,
    _permit: Option<OwnedSemaphorePermit>,
}

impl HeldBody {
    /// A body that keeps this memory and this permit.
    pub(super) fn new(body: Body, held: Held, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            body,
            _held: held,
            _permit: permit,
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
        Pin::new(&mut self.body).poll_frame(context)
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
