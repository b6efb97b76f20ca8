//! The state that all routes share: permits, memory, and what is known of callers.

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use sync_core::wire::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{budget::Budget, class::Class, slots::Slots, wrong::Wrong};
use crate::{
    config::Limits,
    front::{Peer, customer},
    http::Components,
    refusal::Refusal,
};

/// The state that all routes share.
pub(in crate::http) struct Gate {
    pub(super) components: Components,
    pub(super) limits: Limits,
    pub(super) permits: [Arc<Semaphore>; 8],
    pub(super) bodies: Budget,
    pub(super) answers: Budget,
    pub(super) wrong: Wrong,
    pub(super) slots: Arc<Slots>,
    /// Permits of long polls to identify their caller in the database.
    pub(super) asking: Semaphore,
}

impl Gate {
    pub(in crate::http) fn new(components: Components, limits: Limits) -> Self {
        let share = |part: usize| Arc::new(Semaphore::new((limits.max_in_flight / part).max(1)));
        // Callers without a token get few permits, devices most: all devices sync at the end of a day.
        let permits = [
            share(16),
            share(2),
            share(8),
            share(4),
            Arc::new(Semaphore::new(limits.max_connections)),
            share(32),
            share(8),
            share(16),
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

    /// The address that a request counts for.
    pub(in crate::http) fn origin(&self, parts: &HeaderMap, peer: Option<&Peer>) -> Option<IpAddr> {
        origin(&self.limits, parts, peer)
    }

    /// A permit for the work of a request.
    pub(super) fn permit(&self, class: Class) -> Result<OwnedSemaphorePermit, Refusal> {
        let free = Arc::clone(&self.permits[class as usize]).try_acquire_owned();
        free.map_err(|_| {
            self.components.metrics.shed();
            Refusal::new(Code::Busy, "too many requests at once")
        })
    }
}

/// The address that a request counts for. Behind a proxy it is the last address that the proxy names, with or
/// without a port. If the proxy names none, or none that can be parsed, it is the proxy's own, so that limits for
/// each address apply.
pub(in crate::http) fn origin(
    limits: &Limits,
    headers: &HeaderMap,
    peer: Option<&Peer>,
) -> Option<IpAddr> {
    let address = peer?.address;
    if !limits.is_proxy(address) {
        return Some(customer(address));
    }
    let named = headers.get_all("x-forwarded-for").iter().next_back();
    let named = named.and_then(|v| v.to_str().ok());
    let named = named.and_then(|all| all.rsplit(',').map(str::trim).find(|one| !one.is_empty()));
    Some(customer(named.and_then(forwarded).unwrap_or(address)))
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
