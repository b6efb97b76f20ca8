//! Events: author, claimed time, causal history, grant and body. An event is immutable.
//!
//! An event is a small CBOR map whose SHA-256 is its id, so an edited event is another event. Kinds and fields that
//! this version does not know are kept byte for byte.

use minicbor::{Decoder, Encoder};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    edition::Edition,
    ids::{DeviceId, EventId, GrantId, PersonId},
    limits,
    time::{Beacon, DAY_MS, DeviceTime},
};
use crate::causes::Cause;

pub use super::{body::EventBody, limits::MAX_AFTER};

/// Bytes of one event at most; nine photos with positions take about 1 KB.
pub const MAX_EVENT_BYTES: usize = 16 * 1024;

/// What one author stated at one time, and the causal history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// The author.
    pub author: PersonId,
    /// The device.
    pub device: DeviceId,
    /// The grant that it was made under.
    pub grant: GrantId,
    /// The claimed time: the device's clock.
    pub claimed: DeviceTime,
    /// The newest events of this document that happened before this one (maximal ones only).
    pub after: Vec<EventId>,
    /// The last server time that the device knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<Beacon>,
    /// The edition of the catalogue that the device showed its author; absent in events of older apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
    /// The statement.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Range of claimed times: 1970 (less one day) to the year 9999. It includes a clock that restarted without a battery
/// and excludes values that could overflow arithmetic.
const CLAIMED_MS: std::ops::RangeInclusive<i64> = -DAY_MS..=253_402_300_799_000;

/// Bytes of unknown fields at most in an event of a known kind.
pub const MAX_UNKNOWN_FIELDS: usize = 1024;

/// An event that breaks a limit, or bytes that are no event. A retry with the same event fails too.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Over [`MAX_EVENT_BYTES`].
    #[error(
        "event has {0} bytes, at most {MAX_EVENT_BYTES} are taken; split it or shorten its text"
    )]
    TooLarge(usize),
    /// Not the CBOR map of an event.
    #[error("not an event")]
    Malformed(#[source] Cause),
    /// The body breaks a limit.
    #[error("event content is not acceptable: {0}")]
    Content(&'static str),
}

impl Event {
    /// Encodes the event; the bytes are its identity ([`EventId::of`]).
    ///
    /// # Errors
    /// [`EventError`] if a limit is broken.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EventError> {
        self.check()?;
        let mut e = Encoder::new(Vec::with_capacity(256));
        self.write(&mut e).map_err(malformed)?;
        let bytes = e.into_writer();
        if bytes.len() > MAX_EVENT_BYTES {
            return Err(EventError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    fn write<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let fields = 7 + u64::from(self.beacon.is_some()) + u64::from(self.edition.is_some());
        e.map(fields)?.u8(0)?.u16(self.body.number())?;
        e.u8(1)?
            .encode(self.author)?
            .u8(2)?
            .encode(self.device)?
            .u8(3)?
            .encode(self.grant)?;
        e.u8(4)?.encode(self.claimed)?;
        // As text: an id then compresses to a reference to the map key that equals it.
        e.u8(5)?.array(self.after.len() as u64)?;
        for id in &self.after {
            e.str(&id.to_string())?;
        }
        e.u8(6)?;
        self.body.write(e)?;
        if let Some(beacon) = &self.beacon {
            e.u8(7)?.encode(beacon)?;
        }
        if let Some(edition) = self.edition {
            e.u8(8)?.encode(edition)?;
        }
        Ok(())
    }

    /// Decodes an event. Unknown fields of the envelope are skipped; unknown kinds become [`EventBody::Unknown`].
    ///
    /// # Errors
    /// [`EventError`] if the envelope cannot be read or a limit is broken.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EventError> {
        if bytes.len() > MAX_EVENT_BYTES {
            return Err(EventError::TooLarge(bytes.len()));
        }
        let event = read(bytes).map_err(malformed)?;
        event.check()?;
        Ok(event)
    }

    /// Decodes an event that enters the system. It is stricter than [`Self::from_bytes`], which also reads events that
    /// were admitted earlier: no duplicate key, no claimed time outside the years 1970 to 9999, and for a known kind
    /// at most [`MAX_UNKNOWN_FIELDS`] bytes that this version does not know.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn admitted(bytes: &[u8]) -> Result<Self, EventError> {
        let event = Self::from_bytes(bytes)?;
        super::strict::check(bytes).map_err(malformed)?;
        if !CLAIMED_MS.contains(&event.claimed.0) {
            return Err(EventError::Content("the claimed time is out of range"));
        }
        // A smaller event cannot hold more than that, so it is not written again to compare the lengths.
        let large = bytes.len() > MAX_UNKNOWN_FIELDS;
        if large && !matches!(event.body, EventBody::Unknown { .. }) {
            let known = event.to_bytes()?.len();
            if bytes.len() > known + MAX_UNKNOWN_FIELDS {
                return Err(EventError::Content(
                    "more than 1 KB of fields that this version does not know",
                ));
            }
        }
        Ok(event)
    }

    fn check(&self) -> Result<(), EventError> {
        if self.after.len() > MAX_AFTER {
            return Err(EventError::Content(
                "too many events named as seen (at most 64)",
            ));
        }
        limits::check(&self.body).map_err(EventError::Content)
    }
}

fn malformed(cause: impl Into<Cause>) -> EventError {
    EventError::Malformed(cause.into())
}

fn read(bytes: &[u8]) -> Result<Event, minicbor::decode::Error> {
    let missing = |what| minicbor::decode::Error::message(what);
    let mut d = Decoder::new(bytes);
    let fields = d
        .map()?
        .ok_or_else(|| missing("the map must have a definite length"))?;
    let (mut number, mut author, mut device, mut grant, mut claimed) =
        (None, None, None, None, None);
    let (mut after, mut raw, mut beacon, mut edition) = (Vec::new(), None, None, None);
    for _ in 0..fields {
        match d.u64()? {
            0 => number = Some(d.u16()?),
            1 => author = Some(d.decode()?),
            2 => device = Some(d.decode()?),
            3 => grant = Some(d.decode()?),
            4 => claimed = Some(d.decode()?),
            5 => {
                let count = d
                    .array()?
                    .ok_or_else(|| missing("the list must have a definite length"))?;
                for _ in 0..count {
                    after.push(d.str()?.parse().map_err(minicbor::decode::Error::custom)?);
                }
            }
            6 => {
                let start = d.position();
                d.skip()?;
                raw = bytes.get(start..d.position());
            }
            7 => beacon = Some(d.decode()?),
            8 => edition = Some(d.decode()?),
            _ => d.skip()?,
        }
    }
    if d.position() != bytes.len() {
        return Err(missing("bytes follow the event"));
    }
    let number = number.ok_or_else(|| missing("kind missing"))?;
    Ok(Event {
        author: author.ok_or_else(|| missing("author missing"))?,
        device: device.ok_or_else(|| missing("device missing"))?,
        grant: grant.ok_or_else(|| missing("grant missing"))?,
        claimed: claimed.ok_or_else(|| missing("claimed time missing"))?,
        after,
        beacon,
        edition,
        body: EventBody::read(number, raw.ok_or_else(|| missing("content missing"))?),
    })
}
