//! Extractors for the caller and the body: they refuse a request before its handler runs.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use sync_core::{
    causes::with_causes,
    record::DeviceId,
    wire::{Code, Exchange, FrameError, frame::MEDIA_TYPE},
};

use super::Components;
use crate::{access::Reach, refusal::Refusal};

/// The token of a request. The name of the scheme is case-insensitive (RFC 9110, section 11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let parts = value.and_then(|v| v.trim().split_once(' '));
    parts
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_start())
        .ok_or_else(|| Refusal::new(Code::SessionExpired, "send Authorization: Bearer <token>"))
}

/// The device of a session. The component that is called checks its state and grants.
pub(super) struct Caller(pub(super) DeviceId);

impl FromRequestParts<Components> for Caller {
    type Rejection = Refusal;
    async fn from_request_parts(
        parts: &mut Parts,
        components: &Components,
    ) -> Result<Self, Refusal> {
        components
            .access
            .device_of(bearer(&parts.headers)?)
            .map(Self)
    }
}

/// Any caller with a token, and its reach.
pub(super) struct Seeing(pub(super) Reach);

impl FromRequestParts<Components> for Seeing {
    type Rejection = Refusal;
    async fn from_request_parts(
        parts: &mut Parts,
        components: &Components,
    ) -> Result<Self, Refusal> {
        // Already read when this request was admitted.
        if let Some(reach) = parts.extensions.remove::<Reach>() {
            return Ok(Self(reach));
        }
        components
            .access
            .reach(bearer(&parts.headers)?)
            .await
            .map(Self)
    }
}

/// A reviewer: a person with a token, or a device with a grant in a reviewing role; with the reach of its review.
pub(super) struct Reviewing(pub(super) Reach);

impl FromRequestParts<Components> for Reviewing {
    type Rejection = Refusal;
    async fn from_request_parts(
        parts: &mut Parts,
        components: &Components,
    ) -> Result<Self, Refusal> {
        let Seeing(reach) = Seeing::from_request_parts(parts, components).await?;
        let refused = || {
            Refusal::new(
                Code::OutOfScope,
                "仅限审核角色查阅 / for reviewing roles only",
            )
        };
        reach.as_reviewer().map(Self).ok_or_else(refused)
    }
}

/// A decoded request of an exchange.
pub(super) struct Framed<E: Exchange>(pub(super) E::Request);

impl<E: Exchange, S: Send + Sync> FromRequest<S> for Framed<E> {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|e| Refusal::new(Code::TooLarge, e.body_text()))?;
        E::read_request(&bytes).map(Self).map_err(|error| {
            let code = match error {
                FrameError::TooLarge { .. } => Code::TooLarge,
                FrameError::Version => Code::UpgradeNeeded,
                FrameError::Damaged(_) => Code::Malformed,
            };
            Refusal::new(code, with_causes(&error))
        })
    }
}

/// The response of an exchange.
pub(super) struct Answer<E: Exchange>(pub(super) E::Response);

impl<E: Exchange> IntoResponse for Answer<E> {
    fn into_response(self) -> Response {
        (
            [(header::CONTENT_TYPE, MEDIA_TYPE)],
            E::write_response(&self.0),
        )
            .into_response()
    }
}
