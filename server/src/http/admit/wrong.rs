//! Wrong codes and tokens: an address that sends many must wait.
//!
//! A session token of this server is recognised by its MAC, without the database, and never has to wait. So many
//! devices behind one address are not affected by one of them.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

/// The time over which wrong codes and tokens are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are remembered at most. When they are full, those whose time is over are removed, or all if there are
/// none.
const MAX_ADDRESSES: usize = 16_384;

/// Good tokens that are remembered at most; when they are full, all are removed.
const MAX_GOOD: usize = 4_096;

#[derive(Debug, Default)]
struct Inner {
    by_address: HashMap<IpAddr, (Instant, u32)>,
    good: HashSet<[u8; 32]>,
}

/// Wrong codes and tokens of the last minute, by address.
#[derive(Debug)]
pub(super) struct Wrong {
    most: u32,
    inner: Mutex<Inner>,
}

/// The SHA-256 of a token.
pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl Wrong {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a wrong code or token from an address.
    pub(super) fn count(&self, address: IpAddr, now: Instant) {
        let mut inner = self.inner();
        let full = inner.by_address.len() >= MAX_ADDRESSES;
        if full && !inner.by_address.contains_key(&address) {
            inner
                .by_address
                .retain(|_, (began, _)| now.saturating_duration_since(*began) < WINDOW);
            if inner.by_address.len() >= MAX_ADDRESSES {
                inner.by_address.clear();
            }
        }
        let entry = inner.by_address.entry(address).or_insert((now, 0));
        if now.saturating_duration_since(entry.0) >= WINDOW {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }

    /// Whether callers from an address must wait.
    pub(super) fn must_wait(&self, address: IpAddr, now: Instant) -> bool {
        let inner = self.inner();
        let found = inner.by_address.get(&address);
        found.is_some_and(|(began, count)| {
            *count >= self.most && now.saturating_duration_since(*began) < WINDOW
        })
    }

    /// Remembers a good token of a reviewer: it does not have to wait because of others at the same address.
    pub(super) fn good(&self, token: &str) {
        let mut inner = self.inner();
        if inner.good.len() >= MAX_GOOD {
            inner.good.clear();
        }
        inner.good.insert(digest(token));
    }

    /// Whether a reviewer's token was good before. It is checked again nevertheless.
    pub(super) fn was_good(&self, token: &str) -> bool {
        self.inner().good.contains(&digest(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_until_its_minute_is_over() {
        let (wrong, start) = (Wrong::new(3), Instant::now());
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        for _ in 0..3 {
            assert!(!wrong.must_wait(one, start));
            wrong.count(one, start);
        }
        assert!(wrong.must_wait(one, start) && !wrong.must_wait(other, start));
        assert!(!wrong.must_wait(one, start + WINDOW));
        wrong.count(one, start + WINDOW);
        assert!(!wrong.must_wait(one, start + WINDOW));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (wrong, start) = (Wrong::new(3), Instant::now());
        for n in 0..20_000_u32 {
            wrong.count(std::net::Ipv4Addr::from_bits(n).into(), start);
            wrong.good(&n.to_string());
        }
        let inner = wrong.inner();
        assert!(inner.by_address.len() <= MAX_ADDRESSES && inner.good.len() <= MAX_GOOD);
    }
}
