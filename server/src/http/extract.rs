//! Extractors for the caller and the body: they refuse a request before its handler runs.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use sync_core::{
    causes::with_causes,
    record::DeviceId,
    wire::{Code, Exchange, FrameError, frame::MEDIA_TYPE},
};

use super::{
    Components,
    admit::address,
    credential::{self, BROWSER_COOKIE},
};
use crate::{
    access::{Reach, Signed},
    people,
    refusal::Refusal,
};

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
            .device_of(credential::bearer(&parts.headers)?)
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
        let reach = credential::reach(&components.access, &parts.headers);
        reach.await.map(Self)
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

/// A reviewer who decides something: a person of a session must have given the password or the second factor recently.
pub(super) struct Deciding(pub(super) Reach);

impl FromRequestParts<Components> for Deciding {
    type Rejection = Refusal;
    async fn from_request_parts(
        parts: &mut Parts,
        components: &Components,
    ) -> Result<Self, Refusal> {
        let Reviewing(reach) = Reviewing::from_request_parts(parts, components).await?;
        reach.may_decide(components.access.now())?;
        Ok(Self(reach))
    }
}

/// A person who has signed in.
pub(super) struct Person(pub(super) Signed);

impl FromRequestParts<Components> for Person {
    type Rejection = Refusal;
    async fn from_request_parts(
        parts: &mut Parts,
        components: &Components,
    ) -> Result<Self, Refusal> {
        let ended = || Refusal::new(Code::SignedOut, "POST /v1/sign-in");
        let token = credential::session(&parts.headers).ok_or_else(ended)?;
        components.access.signed(token).await.map(Self)
    }
}

/// Where a request comes from.
pub(super) struct FromWhere(pub(super) people::Caller);

impl FromRequestParts<Components> for FromWhere {
    type Rejection = Refusal;
    async fn from_request_parts(
        parts: &mut Parts,
        components: &Components,
    ) -> Result<Self, Refusal> {
        let peer = parts.extensions.get();
        let browser = credential::cookie(&parts.headers, BROWSER_COOKIE);
        Ok(Self(people::Caller {
            address: address(&components.limits, &parts.headers, peer),
            browser: browser.map(str::to_owned),
        }))
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
