//! Admission: who calls, then what they send, then a permit to be worked for. In this order, so that nobody holds what
//! others need: a caller without a token sends at most a few KB, a body is read before its request needs a permit, and a
//! permit is one of the caller's class, so that no class can use up another's.

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
    Rooms,
    body::{self, Bound, Budget, Held},
    extract::bearer,
    wrong::Wrong,
};
use crate::{
    access::{Reach, Refusal},
    config::Limits,
    front::{Peer, customer},
};

/// Long polls of one device at once: it needs one, and a cut leaves one behind.
const POLLS: u32 = 16;

/// Bodies of one device that are on their way at once.
const BODIES: u32 = 8;

/// Answers smaller than this are not worth counting.
const SMALL_ANSWER: u64 = 64 * 1024;

/// For whom a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Who has no token yet: enrolment, session.
    Stranger,
    /// Enrolled devices that sync.
    Device,
    /// Photos.
    Upload,
    /// People with a key.
    Person,
    /// Long polls.
    Waiting,
    /// Files for people, which are streamed: their permits are held until the last byte was taken.
    Export,
}

/// What all routes share.
pub(super) struct Gate {
    rooms: Rooms,
    limits: Limits,
    permits: [Arc<Semaphore>; 6],
    bodies: Budget,
    answers: Budget,
    wrong: Wrong,
    slots: Arc<Slots>,
    /// Long polls that ask the database who calls, at the same time.
    asking: Semaphore,
}

/// A route with its gate.
#[derive(Clone)]
pub(super) struct Admission {
    pub(super) gate: Arc<Gate>,
    pub(super) class: Class,
    pub(super) bound: Bound,
}

/// How many of a kind each device has open.
#[derive(Debug, Default)]
struct Slots(Mutex<HashMap<(Class, DeviceId), u32>>);

impl std::hash::Hash for Class {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (*self as u8).hash(state);
    }
}

/// One of a device's; given back when dropped.
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

/// Who calls, as far as it is known without the database.
enum Who {
    Device(DeviceId),
    /// No seal of this server's; perhaps a reviewer's key.
    Other,
}

impl Gate {
    pub(super) fn new(rooms: Rooms, limits: Limits) -> Self {
        let share = |part: usize| Arc::new(Semaphore::new((limits.max_in_flight / part).max(1)));
        // Strangers least, devices most: they come all at once at the end of a day.
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
            rooms,
            limits,
        }
    }

    /// Whose request it is: behind a proxy, whom it names last, with or without a port. If it names nobody, or nobody that
    /// can be read, it is the proxy's own, so that limits for an address hold.
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
            self.rooms.metrics.shed();
            Refusal::new(Code::Busy, "too many requests at once")
        })
    }
}

impl Admission {
    /// Lets a request through, or refuses it.
    pub(super) async fn admit(State(this): State<Self>, request: Request, next: Next) -> Response {
        let (mut parts, body) = request.into_parts();
        // Only this room says what a caller sees.
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
            // A device's own bodies are few, so that it cannot hold the memory of all.
            let _slot = slot(Class::Upload, BODIES)?;
            self.receive(&parts, body).await?
        };
        if self.class == Class::Device || self.class == Class::Stranger {
            // What it unfolds to is held beside it; more than the exchange takes is refused unread.
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

    /// Who calls, and how far that caller sees if it was looked up: a reviewer's key before a body is read, anybody's
    /// before a long poll, whose thousands ask the database a few at a time.
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
        let access = &gate.rooms.access;
        match access.device_of(token) {
            Ok(device) if self.class == Class::Waiting => {
                let _turn = gate.asking.acquire().await;
                return Ok((Who::Device(device), Some(access.reach(token).await?)));
            }
            Ok(device) => return Ok((Who::Device(device), None)),
            // Its own token that has run out is no wrong one.
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

    /// Notes a wrong code or key, or a good key.
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

    /// A large answer counts as memory until the last of it was taken.
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

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:1234`.
fn forwarded(named: &str) -> Option<IpAddr> {
    let bare = named
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || named.parse::<std::net::SocketAddr>().ok();
    let plain = bare.unwrap_or(named).parse().ok();
    plain.or_else(|| with_port().map(|socket| socket.ip()))
}

/// An answer that counts as memory while it is on its way.
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
