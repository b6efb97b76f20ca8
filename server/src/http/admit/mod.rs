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
mod reading;
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
use sync_core::{
    record::DAY_MS,
    wire::{Code, frame},
};

use self::{
    budget::Held,
    caller::Caller,
    held_body::{HeldBody, Turn},
    slots::Part,
};
use crate::{access::Reach, front::Peer, http::credential::presented, refusal::Refusal};

pub(super) use body::Bound;
pub(super) use class::Class;
pub(super) use gate::{Gate, address};

/// Responses up to this size in bytes are not counted as memory.
const SMALL_ANSWER: u64 = 64 * 1024;

/// Whether a request of a person has the character U+0000 in its address or its JSON: no text has it, and PostgreSQL stores
/// none with it.
fn has_nul(parts: &Parts, body: &[u8]) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let query = parts.uri.path_and_query().map_or("", |all| all.as_str());
    query.contains("%00") || (is_json && body.windows(6).any(|six| six == b"\\u0000"))
}

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
            // Of a long poll, which has no body: nothing ends between this and its handler.
            parts.extensions.insert(reach);
        }
        let busy = || Refusal::new(Code::Busy, "this caller has too many requests open");
        let (bytes, mut held, receiving) = if body.is_end_stream() {
            (Bytes::new(), Held::default(), None)
        } else {
            // Few bodies of one caller at once, so that it cannot occupy the memory for all bodies: also while they wait for
            // their turn.
            let slot = match who {
                Caller::Stranger => None,
                who => Some(gate.slots.take(Part::Body, who).ok_or_else(busy)?),
            };
            let (bytes, held) = self.receive(&parts, body, who).await?;
            (bytes, held, slot)
        };
        if self.class == Class::Device || self.class == Class::Stranger {
            // The decompressed frame needs memory too. If it is larger than the exchange allows, it is refused without
            // decompression.
            let unfolded = frame::unfolded(&bytes);
            if unfolded > bytes.len() && unfolded <= self.bound.bytes {
                gate.bodies.more(&mut held, unfolded).await?;
            }
        }
        if has_nul(&parts, &bytes) {
            let detail = "有空字符 U+0000，请删除 / it has the character U+0000: remove it";
            return Err(Refusal::new(Code::BadFilter, detail));
        }
        let day = gate.components.access.now().0.div_euclid(DAY_MS);
        if who != Caller::Stranger && !gate.reading.may_read(who, day) {
            let most = gate.limits.read_bytes_per_day >> 20;
            let detail = format!("this caller was sent its {most} MB of today");
            return Err(Refusal::new(Code::TooMany, detail));
        }
        // Before the permit of the class: a caller with many requests waits for itself and not in the place of others.
        let turn = match (who, self.class.part()) {
            (Caller::Stranger, _) | (_, None) => None,
            (who, Some(Part::Poll)) => Some(gate.slots.take(Part::Poll, who).ok_or_else(busy)?),
            (who, Some(part)) => Some(gate.slots.wait(part, who).await.ok_or_else(busy)?),
        };
        drop(receiving);
        let permit = gate.permit(self.class, who)?;
        let token = presented(&parts.headers).ok().map(str::to_owned);
        let response = next
            .run(Request::from_parts(parts, Body::from(bytes)))
            .await;
        drop(held);
        self.remember(&who, token.as_deref(), origin, &response);
        let streamed = (self.class == Class::Export).then_some((permit, turn));
        self.hold(response, who, streamed).await
    }

    fn wrong(&self, origin: Option<IpAddr>) {
        if let Some(origin) = origin {
            self.gate.wrong.count(origin, Instant::now());
        }
    }

    async fn receive(
        &self,
        parts: &Parts,
        body: Body,
        who: Caller,
    ) -> Result<(Bytes, Held), Refusal> {
        let announced = parts.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|v| v.to_str().ok()?.parse().ok());
        let peer = parts.extensions.get::<Peer>();
        if let (Caller::Stranger, Some(peer)) = (who, peer) {
            peer.connection.stranger_sends();
        }
        let received = body::read(body, announced, self.bound, &self.gate.bodies).await;
        if let Some(peer) = peer {
            peer.connection.body_is_here();
        }
        received
    }

    /// Counts a wrong code or token, or remembers a good token.
    fn remember(
        &self,
        who: &Caller,
        token: Option<&str>,
        origin: Option<IpAddr>,
        answer: &Response,
    ) {
        let code = answer.headers().get("xuncha-refusal");
        let code = code.and_then(|v| v.to_str().ok()).and_then(Code::from_name);
        match (who, code, token) {
            (Caller::Stranger, Some(Code::CodeInvalid), _) => {
                self.wrong(origin);
            }
            // A token that comes with a request to sign in is not checked.
            _ if self.class == Class::SignIn => {}
            // What this server made and has ended is no guess.
            (Caller::Token(_), Some(Code::SessionExpired), Some(token))
                if !self.gate.components.access.is_made_here(token) =>
            {
                self.wrong(origin);
            }
            (Caller::Token(_), None, Some(token)) if answer.status().is_success() => {
                self.gate.wrong.good(token);
            }
            _ => {}
        }
    }

    /// Counts a response for its caller, and a large one as memory, until its last byte was sent. Keeps the turn until
    /// then.
    async fn hold(
        &self,
        answer: Response,
        who: Caller,
        turn: Option<Turn>,
    ) -> Result<Response, Refusal> {
        let size = answer.body().size_hint().exact();
        let mut held = Held::default();
        if let Some(size) = size.filter(|size| *size > SMALL_ANSWER) {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            self.gate.answers.more(&mut held, size).await?;
        }
        let counted = (who != Caller::Stranger).then(|| self.gate.reading.counted(who));
        Ok(answer.map(|body| Body::new(HeldBody::new(body, counted, held, turn))))
    }
}
