//! Limits for callers: connections, time, memory, and quotas of a day.

use std::{net::IpAddr, time::Duration};

use super::network::Network;

/// Limits for callers: connections, time, memory, and quotas of a day.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests in progress at most, divided by class; more are answered `busy`. Long polls do not count.
    pub max_in_flight: usize,
    /// Open connections at most.
    pub max_connections: usize,
    /// Open connections from one address at most; 0 means no limit for each address.
    pub max_per_address: usize,
    /// Addresses of proxies. The limit for each address does not apply to them, and their `X-Forwarded-For` is trusted.
    pub proxies: Vec<Network>,
    /// Time in which the TLS handshake of a connection must have ended.
    pub handshake: Duration,
    /// Time in which a request's headers must have arrived.
    pub header: Duration,
    /// Time a connection may be open between two requests.
    pub idle: Duration,
    /// Time in which a caller must have read some of its response.
    pub write: Duration,
    /// Time in which a small body (enrolment, session, JSON) must have arrived.
    pub small_body: Duration,
    /// Time in which any other body must have arrived; 1 s more for every 4 KB that were announced.
    pub body: Duration,
    /// Longest time without a byte while a body arrives.
    pub body_pause: Duration,
    /// Bytes of request bodies that are held at once, finished or not, and as many again of responses.
    pub held_bytes: usize,
    /// Wrong codes and tokens from one address in a minute, before it must wait.
    pub wrong_per_minute: u32,
    /// Packs of one device in a day.
    pub packs_per_day: i64,
    /// Bytes of packs and photos of one device in a day.
    pub bytes_per_day: i64,
    /// Photos that one device finishes in a day.
    pub photos_per_day: i64,
    /// Bytes of responses that one device or one token is sent in a day, by each process.
    pub read_bytes_per_day: u64,
    /// Bytes that the server keeps in quarantine for a revoked device.
    pub quarantine_bytes: i64,
    /// Whether `/metrics` is answered on the public address too.
    pub public_metrics: bool,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_in_flight: 512,
            max_connections: 8_192,
            max_per_address: 1_024,
            proxies: Network::loopback(),
            handshake: seconds(10),
            header: seconds(10),
            idle: seconds(75),
            write: seconds(30),
            small_body: seconds(10),
            body: seconds(60),
            body_pause: seconds(15),
            held_bytes: 64 << 20,
            wrong_per_minute: 60,
            packs_per_day: 5_000,
            bytes_per_day: 512 << 20,
            photos_per_day: 2_000,
            read_bytes_per_day: 8 << 30,
            quarantine_bytes: 10 << 20,
            public_metrics: false,
        }
    }
}

impl Limits {
    /// Whether an address belongs to a proxy.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.holds(address))
    }
}
