//! Identifies the caller of a request, as far as that is needed before its body is read.

use std::{net::IpAddr, time::Instant};

use axum::http::HeaderMap;
use sync_core::wire::Code;

use super::{Admission, caller::Caller, class::Class};
use crate::{
    access::Reach,
    http::credential::{self, BROWSER_COOKIE},
    refusal::Refusal,
};

impl Admission {
    /// The caller, and for a long poll its reach. Thousands of long polls read it in the database a few at a time.
    ///
    /// A token that only the database knows is checked before a body is read, so that a stranger sends none. The handler
    /// checks it again: it may have ended while the body came.
    pub(super) async fn identify(
        &self,
        headers: &HeaderMap,
        origin: Option<IpAddr>,
        no_body: bool,
    ) -> Result<(Caller, Option<Reach>), Refusal> {
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
                Ok((Caller::Stranger, None))
            };
        }
        let access = &gate.components.access;
        if self.class == Class::SignIn {
            let browser = credential::cookie(headers, BROWSER_COOKIE);
            let known = browser.filter(|cookie| access.is_made_here(cookie));
            return Ok((known.map_or(Caller::Stranger, Caller::with), None));
        }
        let token = if self.class == Class::Account {
            // A key and a device have no account.
            let session = credential::session(headers);
            session.ok_or_else(|| Refusal::new(Code::SignedOut, "POST /v1/sign-in"))?
        } else {
            credential::presented(headers)?
        };
        match access.device_of(token) {
            Ok(device) if self.class == Class::Waiting => {
                let _turn = gate.asking.acquire().await;
                return Ok((
                    Caller::Device(device),
                    Some(credential::reach(access, headers).await?),
                ));
            }
            Ok(device) => return Ok((Caller::Device(device), None)),
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
        let is_guess = !access.is_made_here(token) && !gate.wrong.was_good(token);
        if is_guess && must_wait() {
            return Err(wait());
        }
        if no_body && self.class != Class::Waiting {
            return Ok((Caller::with(token), None));
        }
        let checked = match self.class {
            Class::Account => access.signed(token).await.map(|_| None),
            Class::Waiting => {
                let _turn = gate.asking.acquire().await;
                credential::reach(access, headers).await.map(Some)
            }
            _ => credential::reach(access, headers).await.map(|_| None),
        };
        match checked {
            Ok(reach) => Ok((Caller::with(token), reach)),
            Err(refusal) => {
                // A session that has ended is no guess.
                if refusal.code() == Code::SessionExpired && is_guess {
                    self.wrong(origin);
                }
                Err(refusal)
            }
        }
    }
}
