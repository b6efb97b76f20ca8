//! The state that all routes share: permits, memory, and what is known of callers.

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use sync_core::wire::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    budget::Budget, caller::Caller, class::Class, reading::Reading, slots::Slots, wrong::Wrong,
};
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
    /// Permits of known browsers to sign in: strangers cannot use them up.
    pub(super) known: Arc<Semaphore>,
    pub(super) bodies: Budget,
    pub(super) answers: Budget,
    pub(super) wrong: Wrong,
    pub(super) slots: Arc<Slots>,
    pub(super) reading: Arc<Reading>,
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
            known: share(8),
            bodies: Budget::new(limits.held_bytes),
            answers: Budget::new(limits.held_bytes),
            wrong: Wrong::new(limits.wrong_per_minute),
            slots: Arc::default(),
            reading: Arc::new(Reading::new(limits.read_bytes_per_day)),
            asking: Semaphore::new(2),
            components,
            limits,
        }
    }

    /// The address that a request counts for: of IPv6 a whole /64.
    pub(in crate::http) fn origin(&self, parts: &HeaderMap, peer: Option<&Peer>) -> Option<IpAddr> {
        address(&self.limits, parts, peer).map(customer)
    }

    /// A permit for the work of a request.
    pub(super) fn permit(
        &self,
        class: Class,
        who: Caller,
    ) -> Result<OwnedSemaphorePermit, Refusal> {
        let is_known = class == Class::SignIn && who != Caller::Stranger;
        let permits = if is_known {
            &self.known
        } else {
            &self.permits[class as usize]
        };
        let free = Arc::clone(permits).try_acquire_owned();
        free.map_err(|_| {
            self.components.metrics.shed();
            Refusal::new(Code::Busy, "too many requests at once")
        })
    }
}

/// The address that a request comes from.
pub(in crate::http) fn address(
    limits: &Limits,
    headers: &HeaderMap,
    peer: Option<&Peer>,
) -> Option<IpAddr> {
    Some(behind_proxies(limits, headers, peer?.address))
}

/// The address behind proxies: each proxy appends the address that it was called from, so that the last address that is no
/// listed proxy is the caller's, and what is before it is the caller's own statement. If an entry cannot be parsed, it is
/// the last proxy before it, so that limits for each address apply.
fn behind_proxies(limits: &Limits, parts: &HeaderMap, peer: IpAddr) -> IpAddr {
    let mut address = peer;
    let lines = parts.get_all("x-forwarded-for").iter().rev();
    // A line that is no text ends the search as an entry that cannot be parsed does.
    let entries = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    for entry in entries.map(str::trim).filter(|entry| !entry.is_empty()) {
        if !limits.is_proxy(address) {
            break;
        }
        match forwarded(entry) {
            Some(before) => address = before,
            None => break,
        }
    }
    address
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
    fn the_last_address_that_is_no_listed_proxy_counts() {
        let limits = Limits {
            proxies: vec![
                "10.0.0.0/8".parse().unwrap(),
                "2001:db8:9::/48".parse().unwrap(),
            ],
            ..Limits::default()
        };
        let found = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            behind_proxies(&limits, &headers, peer.parse().unwrap()).to_string()
        };
        // A caller that is no proxy states what it likes.
        assert_eq!(found("203.0.113.9", &["192.0.2.1"]), "203.0.113.9");
        assert_eq!(found("10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        // What the caller states is before what the proxies append.
        assert_eq!(found("10.0.0.1", &["198.51.100.1, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(
            found("10.0.0.1", &["198.51.100.1", "192.0.2.1"]),
            "192.0.2.1"
        );
        // Two proxies in a row, the second of IPv6.
        let chain = ["192.0.2.1, 10.0.0.7", "[2001:db8:9::1]:443"];
        assert_eq!(found("10.0.0.1", &chain), "192.0.2.1");
        // Nothing behind the last proxy that can be trusted.
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(
            found("10.0.0.1", &["192.0.2.1, unknown, 10.0.0.7"]),
            "10.0.0.7"
        );
        assert_eq!(found("10.0.0.1", &["10.0.0.8, 10.0.0.7"]), "10.0.0.8");
    }

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
