//! Two clocks that must never be mixed: the claimed time of a device and the server's time.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// The offset of China's time zone from UTC, in milliseconds; there is no daylight saving time.
pub const CHINA_OFFSET_MS: i64 = 8 * HOUR_MS;

/// A claimed time: the time of a device's clock, in milliseconds since 1970-01-01 UTC. It is a claim and never a proof.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct DeviceTime(#[n(0)] pub i64);

/// A server time: when the server received or did something, in milliseconds since 1970-01-01 UTC.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct ServerTime(#[n(0)] pub i64);

impl ServerTime {
    /// The receive time of an unattested change: only a device other than its author's has sent it (resupply). Its
    /// events have no effect until the author's device sends it.
    ///
    /// Until events carry proofs of their own, this value lets server and devices agree on what is unattested.
    pub const UNATTESTED: Self = Self(-1);
}

/// A beacon: the last server time that a device knew when it made an event. The event is not older than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(map)]
pub struct Beacon {
    /// The server's clock at the last contact.
    #[n(0)]
    pub seen: ServerTime,
    /// Milliseconds since that contact by a monotonic clock; absent after a restart of the device.
    #[n(1)]
    pub since_ms: Option<u64>,
}
