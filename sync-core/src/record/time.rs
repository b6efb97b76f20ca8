//! Two clocks that must never be mixed: the claimed time of a device and the server's time.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// How far the clocks of China are ahead of UTC, in milliseconds; there is no summer time.
pub const CHINA_OFFSET_MS: i64 = 8 * HOUR_MS;

/// What a phone's clock said: milliseconds since 1970-01-01 UTC. A claim, not a fact.
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

/// The last server time that a device knew when it made an event: the event is not older than this.
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
