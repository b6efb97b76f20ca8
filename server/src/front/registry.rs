//! The open connections, and which of them are closed when a new one needs a place.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::connection::Connection;
use crate::config::Limits;

/// Connections closed at once when there is no place: finding one costs as much as finding many.
const AT_ONCE: usize = 64;

/// Cause of a refused connection: too many are open, and each has a request in progress.
pub(super) const CONNECTIONS: &str = "connections";
/// The same for the connections of one address.
pub(super) const ADDRESS_CONNECTIONS: &str = "address-connections";
/// Cause of a closed connection: it was closed in favour of another.
pub(super) const EVICTED: &str = "evicted";

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    all: HashMap<u64, Arc<Connection>>,
    by_address: HashMap<IpAddr, usize>,
}

impl Inner {
    fn remove(&mut self, number: u64) {
        let Some(connection) = self.all.remove(&number) else {
            return;
        };
        if let Some(count) = self.by_address.get_mut(&connection.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&connection.address);
            }
        }
    }

    /// Closes up to `most` dispensable connections, in their order; the longest waiting first.
    fn evict(&mut self, most: usize, address: Option<IpAddr>) -> usize {
        let mut found: Vec<_> = self
            .all
            .iter()
            .filter(|(_, c)| address.is_none_or(|address| address == c.address))
            .filter_map(|(number, c)| c.dispensable().map(|order| (order, *number)))
            .collect();
        found.sort_unstable();
        found.truncate(most);
        for (_, number) in &found {
            if let Some(connection) = self.all.get(number) {
                connection.evicted.notify_one();
            }
            self.remove(*number);
        }
        found.len()
    }
}

/// A place among the open connections; released when dropped.
pub(super) struct Slot {
    registry: Arc<Registry>,
    number: u64,
    pub(super) connection: Arc<Connection>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.registry.inner().remove(self.number);
    }
}

/// The customer that an address belongs to: an IPv6 customer has a whole /64.
pub fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

impl Registry {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes dispensable connections to make room; returns how many.
    pub(super) fn make_room(&self) -> usize {
        self.inner().evict(AT_ONCE, None)
    }

    /// A place for a connection from an address.
    ///
    /// When all places are taken, connections that have sent no complete request (stalled callers) are closed first,
    /// then idle ones between two requests. An honest device sends its request at once, and a new connection costs it
    /// nothing, while a refused device would have to wait. There is no place only if every connection has a request in
    /// progress.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        limits: &Limits,
        mut closed: impl FnMut(&'static str, usize),
    ) -> Result<Slot, &'static str> {
        let from = customer(address);
        let mut inner = self.inner();
        let limited = limits.max_per_address > 0 && !limits.is_proxy(address);
        let here = inner.by_address.get(&from).copied().unwrap_or_default();
        if limited && here >= limits.max_per_address {
            let most = (limits.max_per_address / 16).clamp(1, AT_ONCE);
            match inner.evict(most, Some(from)) {
                0 => return Err(ADDRESS_CONNECTIONS),
                count => closed(EVICTED, count),
            }
        }
        if inner.all.len() >= limits.max_connections {
            let most = (limits.max_connections / 16).clamp(1, AT_ONCE);
            match inner.evict(most, None) {
                0 => return Err(CONNECTIONS),
                count => closed(EVICTED, count),
            }
        }
        let (number, connection) = (inner.next, Arc::new(Connection::new(from)));
        inner.next += 1;
        inner.all.insert(number, Arc::clone(&connection));
        *inner.by_address.entry(from).or_default() += 1;
        Ok(Slot {
            registry: Arc::clone(self),
            number,
            connection,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(all: usize, each: usize) -> Limits {
        Limits {
            max_connections: all,
            max_per_address: each,
            ..Limits::default()
        }
    }

    fn address(n: u8) -> IpAddr {
        [203, 0, 113, n].into()
    }

    #[test]
    fn who_stalls_makes_room_and_who_is_answered_stays() {
        let registry = Arc::new(Registry::default());
        let limits = limits(3, 0);
        let admit = |n| registry.admit(address(n), &limits, |_, _| {});
        let (one, two) = (admit(1).unwrap(), admit(2).unwrap());
        let answered = two.connection.request();
        let three = admit(3).unwrap();
        drop(three.connection.request());
        // The first has sent nothing, the third is idle after a request: the first is closed.
        let four = admit(4).unwrap();
        assert!(!registry.inner().all.contains_key(&one.number));
        let others = [three.connection.request(), four.connection.request()];
        assert_eq!(admit(5).err(), Some(CONNECTIONS));
        drop(answered);
        assert!(admit(5).is_ok());
        assert!(!registry.inner().all.contains_key(&two.number));
        drop((others, one, two, three, four));
        assert!(registry.inner().all.is_empty() && registry.inner().by_address.is_empty());
    }

    #[test]
    fn one_address_takes_its_share_only_unless_it_is_a_proxy() {
        let registry = Arc::new(Registry::default());
        let mut limits = limits(100, 2);
        let places: Vec<_> = (0..2)
            .map(|_| registry.admit(address(1), &limits, |_, _| {}).unwrap())
            .collect();
        let _answered: Vec<_> = places.iter().map(|p| p.connection.request()).collect();
        let refused = registry.admit(address(1), &limits, |_, _| {});
        assert_eq!(refused.err(), Some(ADDRESS_CONNECTIONS));
        assert!(registry.admit(address(2), &limits, |_, _| {}).is_ok());
        limits.proxies = vec!["203.0.113.0/24".parse().unwrap()];
        assert!(registry.admit(address(1), &limits, |_, _| {}).is_ok());
        let v6 = |text: &str| customer(text.parse().unwrap());
        assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:2"));
        assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
    }
}
