//! Admission of requests: identifies the caller, then reads the body, then takes a permit for the work.
//!
//! The order prevents a caller from blocking others: a caller without a token can send at most a few KB, a body is read
//! before its request takes a permit, and each class has its own permits, so that no class can use up another's.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sync_core::{
    record::DeviceId,
    wire::{Code, frame},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Components,
    body::{self, Bound, Budget, Held},
    extract::bearer,
    wrong::Wrong,
};
use crate::{
    access::Reach,
    config::Limits,
    front::{Peer, customer},
    refusal::Refusal,
};

/// Long polls of one device at once: it needs one, and a broken connection leaves one open.
const POLLS: u32 = 16;

/// Bodies of one device that are received concurrently.
const BODIES: u32 = 8;

/// Responses up to this size in bytes are not counted as memory.
const SMALL_ANSWER: u64 = 64 * 1024;

/// The class of a route, by its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Callers without a token: enrolment, session.
    Stranger,
    /// Enrolled devices that sync.
    Device,
    /// Photos.
    Upload,
    /// People with a token.
    Person,
    /// Long polls.
    Waiting,
    /// Files for people. They are streamed, and a permit is held until the last byte was sent.
    Export,
}

/// The state that all routes share.
pub(super) struct Gate {
    components: Components,
    limits: Limits,
    permits: [Arc<Semaphore>; 6],
    bodies: Budget,
    answers: Budget,
    wrong: Wrong,
    slots: Arc<Slots>,
    /// Permits of long polls to identify their caller in the database.
    asking: Semaphore,
}

/// The admission of a route.
#[derive(Clone)]
pub(super) struct Admission {
    pub(super) gate: Arc<Gate>,
    pub(super) class: Class,
    pub(super) bound: Bound,
}

/// How many requests of a class each device has open.
#[derive(Debug, Default)]
struct Slots(Mutex<HashMap<(Class, DeviceId), u32>>);

impl std::hash::Hash for Class {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (*self as u8).hash(state);
    }
}

/// One open request of a device; released when dropped.
struct Slot(Arc<Slots>, (Class, DeviceId));

impl Slots {
    fn take(self: &Arc<Self>, class: Class, device: DeviceId, most: u32) -> Option<Slot> {
        let key = (class, device);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot(Arc::clone(self), key))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// The caller, as far as it is known without the database.
enum Who {
    Device(DeviceId),
    /// The token is no session token of this server; it may be a reviewer's.
    Other,
}

impl Gate {
    pub(super) fn new(components: Components, limits: Limits) -> Self {
        let share = |part: usize| Arc::new(Semaphore::new((limits.max_in_flight / part).max(1)));
        // Callers without a token get few permits, devices most: all devices sync at the end of a day.
        let permits = [
            share(16),
            share(2),
            share(8),
            share(4),
            Arc::new(Semaphore::new(limits.max_connections)),
            share(32),
        ];
        Self {
            permits,
            bodies: Budget::new(limits.held_bytes),
            answers: Budget::new(limits.held_bytes),
            wrong: Wrong::new(limits.wrong_per_minute),
            slots: Arc::default(),
            asking: Semaphore::new(2),
            components,
            limits,
        }
    }

    /// The address that a request counts for. Behind a proxy it is the last address that the proxy names, with or
    /// without a port. If the proxy names none, or none that can be parsed, it is the proxy's own, so that limits for
    /// each address apply.
    pub(super) fn origin(&self, parts: &HeaderMap, peer: Option<&Peer>) -> Option<IpAddr> {
        let address = peer?.address;
        if !self.limits.is_proxy(address) {
            return Some(customer(address));
        }
        let named = parts.get_all("x-forwarded-for").iter().next_back();
        let named = named.and_then(|v| v.to_str().ok());
        let named =
            named.and_then(|all| all.rsplit(',').map(str::trim).find(|one| !one.is_empty()));
        Some(customer(named.and_then(forwarded).unwrap_or(address)))
    }

    fn permit(&self, class: Class) -> Result<OwnedSemaphorePermit, Refusal> {
        let free = Arc::clone(&self.permits[class as usize]).try_acquire_owned();
        free.map_err(|_| {
            self.components.metrics.shed();
            Refusal::new(Code::Busy, "too many requests at once")
        })
    }
}

impl Admission {
    /// Admits a request, or refuses it.
    pub(super) async fn admit(State(this): State<Self>, request: Request, next: Next) -> Response {
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
        let token = bearer(&parts.headers).ok().map(str::to_owned);
        let response = next
            .run(Request::from_parts(parts, Body::from(bytes)))
            .await;
        drop(held);
        self.remember(&who, token.as_deref(), origin, &response);
        let streamed = (self.class == Class::Export).then_some(permit);
        self.hold(response, streamed).await
    }

    /// The caller, and its reach if it was read: for a reviewer's token before a body is read, for every caller before
    /// a long poll. Thousands of long polls read it in the database a few at a time.
    async fn identify(
        &self,
        headers: &HeaderMap,
        origin: Option<IpAddr>,
        no_body: bool,
    ) -> Result<(Who, Option<Reach>), Refusal> {
        let gate = &self.gate;
        let must_wait = || origin.is_some_and(|from| gate.wrong.must_wait(from, Instant::now()));
        let wait = || {
            Refusal::new(
                Code::TooMany,
                "too many wrong codes or tokens; wait a minute",
            )
        };
        if self.class == Class::Stranger {
            return if must_wait() {
                Err(wait())
            } else {
                Ok((Who::Other, None))
            };
        }
        let token = bearer(headers)?;
        let access = &gate.components.access;
        match access.device_of(token) {
            Ok(device) if self.class == Class::Waiting => {
                let _turn = gate.asking.acquire().await;
                return Ok((Who::Device(device), Some(access.reach(token).await?)));
            }
            Ok(device) => return Ok((Who::Device(device), None)),
            // An expired session token of this server does not count as a wrong one.
            Err(expired) if access.was_session(token) => return Err(expired),
            Err(wrong) if self.class == Class::Device => {
                if must_wait() {
                    return Err(wait());
                }
                self.wrong(origin);
                return Err(wrong);
            }
            Err(_) => {}
        }
        if !gate.wrong.was_good(token) && must_wait() {
            return Err(wait());
        }
        if no_body && self.class != Class::Waiting {
            return Ok((Who::Other, None));
        }
        let _turn = match self.class {
            Class::Waiting => Some(gate.asking.acquire().await),
            _ => None,
        };
        match access.reach(token).await {
            Ok(reach) => Ok((Who::Other, Some(reach))),
            Err(refusal) => {
                self.wrong(origin);
                Err(refusal)
            }
        }
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
        Ok(answer.map(|body| {
            Body::new(HeldBody {
                body,
                _held: held,
                _permit: permit,
            })
        }))
    }
}

/// Parses an address as proxies write it: `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:1234`.
fn forwarded(named: &str) -> Option<IpAddr> {
    let bare = named
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || named.parse::<std::net::SocketAddr>().ok();
    let plain = bare.unwrap_or(named).parse().ok();
    plain.or_else(|| with_port().map(|socket| socket.ip()))
}

/// The body of a response that counts as memory while it is being sent.
struct HeldBody {
    body: Body,
    _held: Held,
    _permit: Option<OwnedSemaphorePermit>,
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        std::pin::Pin::new(&mut self.body).poll_frame(context)
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_proxies_write_it() {
        for named in ["192.0.2.1", "192.0.2.1:1234"] {
            assert_eq!(
                forwarded(named),
                Some(IpAddr::from([192, 0, 2, 1])),
                "{named}"
            );
        }
        for named in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:1234"] {
            assert_eq!(forwarded(named), "2001:db8::1".parse().ok(), "{named}");
        }
        for named in ["", "unknown", "_hidden", "192.0.2.1:x"] {
            assert_eq!(forwarded(named), None, "{named}");
        }
    }
}
