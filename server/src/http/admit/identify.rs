//! Identifies the caller of a request, as far as that is needed before its body is read.

use std::{net::IpAddr, time::Instant};

use axum::http::HeaderMap;
use sync_core::wire::Code;

use super::{Admission, caller::Caller, class::Class};
use crate::{access::Reach, http::credential, refusal::Refusal};

impl Admission {
    /// The caller, and its reach if it was read: for a reviewer's token before a body is read, for every caller before
    /// a long poll. Thousands of long polls read it in the database a few at a time.
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
        if self.class == Class::SignIn {
            return Ok((Caller::Stranger, None));
        }
        let token = credential::presented(headers)?;
        let access = &gate.components.access;
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
        if !gate.wrong.was_good(token) && must_wait() {
            return Err(wait());
        }
        if (no_body && self.class != Class::Waiting) || self.class == Class::Account {
            return Ok((Caller::with(token), None));
        }
        let _turn = match self.class {
            Class::Waiting => Some(gate.asking.acquire().await),
            _ => None,
        };
        match credential::reach(access, headers).await {
            Ok(reach) => Ok((Caller::with(token), Some(reach))),
            Err(refusal) => {
                self.wrong(origin);
                Err(refusal)
            }
        }
    }
}
