//! The body of a response, passed to hyper in slices; its request ends with it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::connection::Answering;

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

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, sync::Arc, task::Waker};

    use super::{
        super::connection::{Connection, Stage},
        *,
    };

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
