//! Events: who stated what, when by their clock, having seen what, under which grant. Never edited.
//!
//! An event is a small CBOR map whose SHA-256 names it, so an edited event is another event. Kinds and fields
//! that this version does not know are kept byte for byte.

use minicbor::{Decoder, Encoder};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    ids::{DeviceId, EventId, GrantId, PersonId},
    photo::PhotoRef,
    statement::{
        Assignment, Dissuasion, Duplicate, Evidence, Observation, Reason, RectificationOrder,
        RectificationPlan, Resolution, ViolationReport,
    },
    time::DeviceTime,
};

/// Bytes of one event at most; nine photos with positions take about 1 KB.
pub const MAX_EVENT_BYTES: usize = 16 * 1024;
/// Events that one event may name as seen; more heads than this means hundreds of parallel authors.
pub const MAX_AFTER: usize = 64;

macro_rules! event_kinds {
    ($($(#[$meta:meta])* $variant:ident ( $body:ty ) = $number:literal $name:literal $zh:literal,)+) => {
        /// The kinds of event this version knows, with their content.
        #[expect(clippy::large_enum_variant, reason = "most events of a hazard are few and short-lived in memory")]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(tag = "kind", content = "content", rename_all = "snake_case")]
        pub enum EventBody {
            $($(#[$meta])* $variant($body),)+
            /// A kind (or a content) that this version does not know: kept, relayed, and it holds closing.
            Unknown {
                /// The kind's number.
                number: u16,
            },
        }

        impl EventBody {
            /// Wire numbers, names and labels of the known kinds.
            pub const KINDS: &'static [(u16, &'static str, &'static str)] = &[$(($number, $name, $zh),)+];

            /// The kind's number.
            pub fn number(&self) -> u16 {
                match self { $(Self::$variant(_) => $number,)+ Self::Unknown { number } => *number }
            }
            /// The kind's name, as in data files and JSON; `unknown` for kinds of the future.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ Self::Unknown { .. } => "unknown" }
            }
            /// The kind's Chinese label.
            pub fn zh(&self) -> &'static str {
                match self { $(Self::$variant(_) => $zh,)+ Self::Unknown { .. } => "未知事件" }
            }
            fn write<W: minicbor::encode::Write>(
                &self, e: &mut Encoder<W>,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                match self {
                    $(Self::$variant(body) => e.encode(body)?.ok(),)+
                    Self::Unknown { .. } => Err(minicbor::encode::Error::message("an unknown event cannot be written anew")),
                }
            }
            fn read(number: u16, raw: &[u8]) -> Self {
                let known = match number {
                    $($number => minicbor::decode::<$body>(raw).ok().map(Self::$variant),)+
                    _ => None,
                };
                known.unwrap_or(Self::Unknown { number })
            }
        }
    };
}

event_kinds! {
    /// T01: a hazard was found, or found by another person.
    Observe(Observation) = 1 "observe" "发现",
    /// T02: fixed during the visit.
    FixOnSpot(Evidence) = 2 "fix_on_spot" "立查立改",
    /// T03: a spot fix was confirmed.
    ConfirmSpotFix(Reason) = 3 "confirm_spot_fix" "确认立改",
    /// T04, T05: an attempt to dissuade.
    Dissuade(Dissuasion) = 4 "dissuade" "劝阻",
    /// T06: reported to street office and departments.
    Report(ViolationReport) = 5 "report" "上报",
    /// T07: somebody was made responsible.
    Assign(Assignment) = 6 "assign" "交办",
    /// T08: ordered to rectify by a deadline.
    Order(RectificationOrder) = 7 "order" "责令整改",
    /// T13: works began.
    StartRectify(RectificationPlan) = 8 "start_rectify" "开始整改",
    /// T14: the responsible party says it is fixed.
    ClaimFixed(Evidence) = 9 "claim_fixed" "申报整改完成",
    /// T15: an independent look says it is fixed.
    RecheckPass(Evidence) = 10 "recheck_pass" "复查合格",
    /// T16: still there.
    RecheckFail(Evidence) = 11 "recheck_fail" "复查不合格",
    /// T17: closed by a reviewer.
    Close(Reason) = 12 "close" "销号",
    /// T18: it is back.
    Reopen(Evidence) = 13 "reopen" "反弹重开",
    /// T21: examined, not a hazard.
    Void(Reason) = 14 "void" "核查不实",
    /// T22: the same hazard is recorded elsewhere.
    MarkDuplicate(Duplicate) = 15 "mark_duplicate" "标记重复",
    /// T28: a remark.
    Note(Reason) = 16 "note" "备注",
    /// T28: more photos.
    AddPhoto(Evidence) = 17 "add_photo" "补充照片",
    /// A conflict was decided by a reviewer.
    Resolve(Resolution) = 18 "resolve" "裁定冲突",
}

impl EventBody {
    /// The photos the event carries.
    pub fn photos(&self) -> &[PhotoRef] {
        match self {
            Self::Observe(o) => &o.photos,
            Self::FixOnSpot(e)
            | Self::ClaimFixed(e)
            | Self::RecheckPass(e)
            | Self::RecheckFail(e)
            | Self::Reopen(e)
            | Self::AddPhoto(e) => &e.photos,
            Self::Dissuade(d) => &d.photos,
            Self::Order(o) => &o.photos,
            _ => &[],
        }
    }
}

/// Who stated it, when by their clock, and what they had seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// The author.
    pub author: PersonId,
    /// The phone.
    pub device: DeviceId,
    /// The grant it was made under.
    pub grant: GrantId,
    /// The phone's clock.
    pub claimed: DeviceTime,
    /// The newest events the author had seen of this hazard (maximal ones only).
    pub after: Vec<EventId>,
    /// What was stated.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Bytes that are no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Over [`MAX_EVENT_BYTES`].
    #[error(
        "event has {0} bytes, at most {MAX_EVENT_BYTES} are taken; split it or shorten its text"
    )]
    TooLarge(usize),
    /// Not the CBOR map that an event is.
    #[error("not an event: {0}")]
    Malformed(String),
    /// The content breaks a limit.
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
        self.write(&mut e)
            .map_err(|err| EventError::Malformed(err.to_string()))?;
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
        e.map(7)?.u8(0)?.u16(self.body.number())?;
        e.u8(1)?
            .encode(self.author)?
            .u8(2)?
            .encode(self.device)?
            .u8(3)?
            .encode(self.grant)?;
        e.u8(4)?.encode(self.claimed)?;
        // As text, so that an id compresses to a reference to the map key that carries it.
        e.u8(5)?.array(self.after.len() as u64)?;
        for id in &self.after {
            e.str(&id.to_string())?;
        }
        e.u8(6)?;
        self.body.write(e)
    }

    /// Decodes an event. Unknown fields of the envelope are skipped, unknown kinds are kept as
    /// [`EventBody::Unknown`].
    ///
    /// # Errors
    /// [`EventError`] if the envelope cannot be read or a limit is broken.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EventError> {
        if bytes.len() > MAX_EVENT_BYTES {
            return Err(EventError::TooLarge(bytes.len()));
        }
        let event = read(bytes).map_err(|err| EventError::Malformed(err.to_string()))?;
        event.check()?;
        Ok(event)
    }

    fn check(&self) -> Result<(), EventError> {
        if self.after.len() > MAX_AFTER {
            return Err(EventError::Content(
                "too many events named as seen (at most 64)",
            ));
        }
        if self.body.photos().len() > PhotoRef::MAX_PER_EVENT {
            return Err(EventError::Content(
                "too many photos (at most 9 for one event)",
            ));
        }
        match &self.body {
            EventBody::Observe(o) => {
                if o.photos.is_empty()
                    && o.no_photo_reason
                        .as_ref()
                        .is_none_or(super::Short::is_empty)
                {
                    return Err(EventError::Content(
                        "an observation needs a photo or the reason why there is none",
                    ));
                }
                if o.place.connected_to.len() > 8 {
                    return Err(EventError::Content("too many connected areas (at most 8)"));
                }
                if o.position.is_some_and(|p| !p.is_on_globe()) {
                    return Err(EventError::Content("the position is not on the globe"));
                }
            }
            EventBody::Report(r) if r.recipients.is_empty() || r.recipients.len() > 8 => {
                return Err(EventError::Content("a report needs 1 to 8 recipients"));
            }
            EventBody::Resolve(r)
                if !(2..=16).contains(&r.resolves.len()) || !r.resolves.contains(&r.holds) =>
            {
                return Err(EventError::Content(
                    "a resolution names 2 to 16 events and which of them holds",
                ));
            }
            _ => {}
        }
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Result<Event, minicbor::decode::Error> {
    let missing = |what| minicbor::decode::Error::message(what);
    let mut d = Decoder::new(bytes);
    let fields = d
        .map()?
        .ok_or_else(|| missing("the map must have a definite length"))?;
    let (mut number, mut author, mut device, mut grant, mut claimed) =
        (None, None, None, None, None);
    let (mut after, mut raw) = (Vec::new(), None);
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
        body: EventBody::read(number, raw.ok_or_else(|| missing("content missing"))?),
    })
}
