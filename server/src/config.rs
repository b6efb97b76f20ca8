//! All settings of the server, resolved and checked once at its start.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

/// The settings that the server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the embedded database and the server's key, and of the photos unless `blobs` names another place.
    pub data: PathBuf,
    /// File of the server's signing key; without it `server.key` in the data folder, or the database if it is
    /// PostgreSQL.
    pub key: Option<PathBuf>,
    /// `postgres://…`; without it the database is embedded in the data folder.
    pub database: Option<String>,
    /// Certificates (PEM) of the authority that signed the database's certificate; without it, those of the system.
    pub database_ca: Option<PathBuf>,
    /// `s3://bucket/prefix?endpoint=…` or a folder; without it the photos are in the data folder.
    pub blobs: Option<String>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Address of the separate listener for health and metrics.
    pub health_listen: SocketAddr,
    /// Whether the server starts even if `health_listen` is taken.
    pub health_optional: bool,
    /// Lifetime of a session token in milliseconds.
    pub session_ms: i64,
    /// Milliseconds an unfinished photo upload is kept.
    pub upload_ms: i64,
    /// Milliseconds that photo bytes are kept which no photo row and no upload names; not less than `upload_ms`.
    pub orphan_ms: i64,
    /// Milliseconds that a stored photo is kept which no document names.
    pub unnamed_ms: i64,
    /// Limits for callers.
    pub limits: Limits,
}

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

/// A range of addresses: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// The loopback addresses of this machine.
    pub fn loopback() -> Vec<Self> {
        ["127.0.0.0/8", "::1"]
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// Whether an address lies in the range.
    pub fn holds(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
            IpAddr::V6(v6) => (v6.to_bits(), false),
        };
        let ((one, one_is_v4), (other, other_is_v4)) =
            (bits(self.first), bits(address.to_canonical()));
        one_is_v4 == other_is_v4 && (self.bits == 0 || (one ^ other) >> (128 - self.bits) == 0)
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no range of addresses; expected such as 10.0.0.0/8");
        let (first, bits) = match text.trim().split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = first.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| wrong())?,
            None => most,
        };
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { first, bits })
    }
}

impl Config {
    /// The file of the signing key of an embedded database.
    pub fn key_file(&self) -> PathBuf {
        let own = || self.data.join("server.key");
        self.key.clone().unwrap_or_else(own)
    }

    /// The default settings for a data folder; health and metrics on a free loopback port.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            key: None,
            database: None,
            database_ca: None,
            blobs: None,
            listen,
            health_listen: ([127, 0, 0, 1], 0).into(),
            health_optional: false,
            session_ms: 12 * 3_600_000,
            upload_ms: 48 * 3_600_000,
            orphan_ms: 7 * 24 * 3_600_000,
            unnamed_ms: 30 * 24 * 3_600_000,
            limits: Limits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_range_and_in_no_other() {
        let network = |text: &str| text.parse::<Network>().unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(network("10.0.0.0/8").holds(address("10.200.3.4")));
        assert!(network("10.0.0.0/8").holds(address("::ffff:10.1.1.1")));
        assert!(!network("10.0.0.0/8").holds(address("11.0.0.1")));
        assert!(network("0.0.0.0/0").holds(address("203.0.113.9")));
        assert!(!network("0.0.0.0/0").holds(address("2001:db8::1")));
        assert!(network("2001:db8::/32").holds(address("2001:db8:1::1")));
        assert!(network("192.0.2.7").holds(address("192.0.2.7")));
        assert!(!network("192.0.2.7").holds(address("192.0.2.6")));
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "::1/129",
            "a/8",
            "1.1.1.1/-1",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
