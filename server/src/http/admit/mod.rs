//! Admission of requests: identifies the caller, then reads the body, then takes a permit for the work.
//!
//! The order prevents a caller from blocking others: a caller without a token can send at most a few KB, a body is read
//! before its request takes a permit, and each class has its own permits, so that no class can use up another's.

mod body;
mod budget;
mod caller;
mod class;
mod gate;
mod held_body;
mod identify;
mod slots;
mod wrong;

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sync_core::wire::{Code, frame};
use tokio::sync::OwnedSemaphorePermit;

use self::{budget::Held, caller::Who, held_body::HeldBody};
use crate::{access::Reach, front::Peer, http::credential::presented, refusal::Refusal};

pub(super) use body::Bound;
pub(super) use class::Class;
pub(super) use gate::{Gate, origin};

/// Long polls of one device at once: it needs one, and a broken connection leaves one open.
const POLLS: u32 = 16;

/// Bodies of one device that are received concurrently.
const BODIES: u32 = 8;

/// Responses up to this size in bytes are not counted as memory.
const SMALL_ANSWER: u64 = 64 * 1024;

/// The admission of a route.
#[derive(Clone)]
pub(in crate::http) struct Admission {
    pub(in crate::http) gate: Arc<Gate>,
    pub(in crate::http) class: Class,
    pub(in crate::http) bound: Bound,
}

impl Admission {
    /// Admits a request, or refuses it.
    pub(in crate::http) async fn admit(
        State(this): State<Self>,
        request: Request,
        next: Next,
    ) -> Response {
        let (mut parts, body) = request.into_parts();
        // Only admission sets the reach of a caller.
        parts.extensions.remove::<Reach>();
        let origin = this.gate.origin(&parts.headers, parts.extensions.get());
        match this.admitted(parts, body, origin, next).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        }
    }

    async fn admitted(
        self,
        mut parts: Parts,
        body: Body,
        origin: Option<IpAddr>,
        next: Next,
    ) -> Result<Response, Refusal> {
        let gate = &self.gate;
        let (who, reach) = match self
            .identify(&parts.headers, origin, body.is_end_stream())
            .await
        {
            Ok(known) => known,
            Err(refusal) => {
                body::drain(body.into_data_stream());
                return Err(refusal);
            }
        };
        if let Some(reach) = reach {
            parts.extensions.insert(reach);
        }
        let slot =
            |class, most| match who {
                Who::Device(id) => gate.slots.take(class, id, most).map(Some).ok_or_else(|| {
                    Refusal::new(Code::Busy, "this device has too many requests open")
                }),
                Who::Other => Ok(None),
            };
        let (bytes, mut held) = if body.is_end_stream() {
            (Bytes::new(), Held::default())
        } else {
            // Few bodies of one device at once, so that it cannot occupy the memory for all bodies.
            let _slot = slot(Class::Upload, BODIES)?;
            self.receive(&parts, body).await?
        };
        if self.class == Class::Device || self.class == Class::Stranger {
            // The decompressed frame needs memory too. If it is larger than the exchange allows, it is refused without
            // decompression.
            let unfolded = frame::unfolded(&bytes);
            if unfolded > bytes.len() && unfolded <= self.bound.bytes {
                gate.bodies.more(&mut held, unfolded).await?;
            }
        }
        let _waits = match self.class {
            Class::Waiting => slot(Class::Waiting, POLLS)?,
            _ => None,
        };
        let permit = gate.permit(self.class)?;
        let token = presented(&parts.headers).ok().map(str::to_owned);
        let response = next
            .run(Request::from_parts(parts, Body::from(bytes)))
            .await;
        drop(held);
        self.remember(&who, token.as_deref(), origin, &response);
        let streamed = (self.class == Class::Export).then_some(permit);
        self.hold(response, streamed).await
    }

    fn wrong(&self, origin: Option<IpAddr>) {
        if let Some(origin) = origin {
            self.gate.wrong.count(origin, Instant::now());
        }
    }

    async fn receive(&self, parts: &Parts, body: Body) -> Result<(Bytes, Held), Refusal> {
        let announced = parts.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|v| v.to_str().ok()?.parse().ok());
        let peer = parts.extensions.get::<Peer>();
        if let (Class::Stranger, Some(peer)) = (self.class, peer) {
            peer.connection.stranger_sends();
        }
        let received = body::read(body, announced, self.bound, &self.gate.bodies).await;
        if let Some(peer) = peer {
            peer.connection.body_is_here();
        }
        received
    }

    /// Counts a wrong code or token, or remembers a good token.
    fn remember(&self, who: &Who, token: Option<&str>, origin: Option<IpAddr>, answer: &Response) {
        let code = answer.headers().get("xuncha-refusal");
        let code = code.and_then(|v| v.to_str().ok()).and_then(Code::from_name);
        match (who, code, token) {
            (Who::Other, Some(Code::CodeInvalid), _) if self.class == Class::Stranger => {
                self.wrong(origin);
            }
            (Who::Other, Some(Code::SessionExpired), Some(_)) => self.wrong(origin),
            (Who::Other, None, Some(token)) if answer.status().is_success() => {
                self.gate.wrong.good(token);
            }
            _ => {}
        }
    }

    /// Counts a large response as memory until its last byte was sent, and keeps the permit until then.
    async fn hold(
        &self,
        answer: Response,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Response, Refusal> {
        let size = answer.body().size_hint().exact();
        let large = size.filter(|size| *size > SMALL_ANSWER);
        if large.is_none() && permit.is_none() {
            return Ok(answer);
        }
        let mut held = Held::default();
        if let Some(size) = large {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            self.gate.answers.more(&mut held, size).await?;
        }
        Ok(answer.map(|body| Body::new(HeldBody::new(body, held, permit))))
    }
}
