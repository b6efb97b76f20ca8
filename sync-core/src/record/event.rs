//! Events: author, claimed time, causal history, grant and body. An event is immutable.
//!
//! An event is a small CBOR map whose SHA-256 is its id, so an edited event is another event. Kinds and fields that
//! this version does not know are kept byte for byte.

use minicbor::{Decoder, Encoder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activity::{ActivityEntry, Amendment, Answers, Conclusion, InspectionStart, Signature},
    area::AreaPath,
    ids::{DeviceId, EventId, GrantId, PersonId},
    limits,
    photo::PhotoRef,
    statement::{
        Assignment, Clearance, CountCorrection, Dissuasion, Duplicate, Escalation, Evidence,
        Extension, GovDecision, GovProgress, Observation, OfficialNumber, PenaltyLink,
        PhotoRoleChange, Reason, Recode, RectificationOrder, RectificationPlan, Redaction, Regrade,
        Relocation, Resolution, Transfer, TransferResult, TransferReturn, ViolationReport, Voiding,
    },
    time::{Beacon, DeviceTime},
};

/// Bytes of one event at most; nine photos with positions take about 1 KB.
pub const MAX_EVENT_BYTES: usize = 16 * 1024;
/// Events that one event may name as its causal history; a larger frontier would need hundreds of concurrent authors.
pub const MAX_AFTER: usize = 64;

macro_rules! event_kinds {
    ($($(#[$meta:meta])* $variant:ident ( $body:ty ) = $number:literal $name:literal $zh:literal,)+) => {
        /// The event kinds that this version knows, with their bodies.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "kind", content = "content", rename_all = "snake_case")]
        pub enum EventBody {
            $($(#[$meta])* $variant($body),)+
            /// A kind (or a body) that this version does not know: it is kept and relayed, and it blocks closing.
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
            /// The kind's name, as in data files and JSON; `unknown` for a kind that this version does not know.
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
    /// T02: the hazard was fixed during the visit.
    FixOnSpot(Evidence) = 2 "fix_on_spot" "立查立改",
    /// T03: a spot fix was confirmed.
    ConfirmSpotFix(Reason) = 3 "confirm_spot_fix" "确认立改",
    /// T04, T05: an attempt to dissuade.
    Dissuade(Dissuasion) = 4 "dissuade" "劝阻",
    /// T06: a report to the street office and departments.
    Report(ViolationReport) = 5 "report" "上报",
    /// T07: an organisation or a person was made responsible for the rectification.
    Assign(Assignment) = 6 "assign" "交办",
    /// T08: an order to rectify by a deadline.
    Order(RectificationOrder) = 7 "order" "责令整改",
    /// T13: works began.
    StartRectify(RectificationPlan) = 8 "start_rectify" "开始整改",
    /// T14: the responsible party states that the hazard is fixed.
    ClaimFixed(Evidence) = 9 "claim_fixed" "申报整改完成",
    /// T15: an independent recheck found the hazard fixed.
    RecheckPass(Evidence) = 10 "recheck_pass" "复查合格",
    /// T16: a recheck found the hazard not fixed.
    RecheckFail(Evidence) = 11 "recheck_fail" "复查不合格",
    /// T17: a reviewer closed the hazard.
    Close(Reason) = 12 "close" "销号",
    /// T18: the hazard has recurred.
    Reopen(Evidence) = 13 "reopen" "反弹重开",
    /// T21: examined on the spot and found not to be a hazard.
    Void(Voiding) = 14 "void" "核查不实",
    /// T22: the same hazard is recorded in another document.
    MarkDuplicate(Duplicate) = 15 "mark_duplicate" "标记重复",
    /// T28: a remark.
    Note(Reason) = 16 "note" "备注",
    /// T28: more photos.
    AddPhoto(Evidence) = 17 "add_photo" "补充照片",
    /// A reviewer's decision of a conflict.
    Resolve(Resolution) = 18 "resolve" "裁定冲突",
    /// T09: a clue was transferred to the competent department.
    Transfer(Transfer) = 19 "transfer" "移交线索",
    /// T10: the department accepted the transfer.
    TransferAccept(Reason) = 20 "transfer_accept" "受理移交",
    /// T11: the department returned the transfer.
    TransferReturn(TransferReturn) = 21 "transfer_return" "退回移交",
    /// T12: the department reports its result.
    TransferResult(TransferResult) = 22 "transfer_result" "反馈移交结果",
    /// The sender withdraws a transfer before it is accepted.
    TransferWithdraw(Reason) = 23 "transfer_withdraw" "撤回移交",
    /// T19: the hazard was escalated to the government.
    Escalate(Escalation) = 24 "escalate" "提请政府",
    /// T20: the government decided.
    GovDecision(GovDecision) = 25 "gov_decision" "政府决定",
    /// The progress of the government.
    GovProgress(GovProgress) = 26 "gov_progress" "政府办理进展",
    /// T23: the hazard is not the same one after all.
    Unmerge(Reason) = 27 "unmerge" "撤销合并",
    /// T24: an extended deadline.
    ExtendDeadline(Extension) = 28 "extend_deadline" "延长期限",
    /// T25: another grade.
    Regrade(Regrade) = 29 "regrade" "调整等级",
    /// T26: another kind.
    Recode(Recode) = 30 "recode" "更正类别",
    /// T26: another place.
    Relocate(Relocation) = 31 "relocate" "更正部位",
    /// T27: a penalty case.
    PenaltyLink(PenaltyLink) = 32 "penalty_link" "关联查处",
    /// T29: redaction of personal data.
    Redact(Redaction) = 33 "redact" "个人信息遮蔽",
    /// The count was corrected.
    CorrectCount(CountCorrection) = 34 "correct_count" "更正数量",
    /// Objects were cleared away.
    Clearance(Clearance) = 35 "clearance" "清理记录",
    /// Another role of a photo: it shows something else than was stated.
    PhotoRole(PhotoRoleChange) = 36 "photo_role" "更正照片用途",
    /// T10: the department signed for the transfer.
    TransferSign(Reason) = 37 "transfer_sign" "签收移交",
    /// T08: an order got its official number.
    OfficialNumber(OfficialNumber) = 38 "official_number" "补录正式文号",
    /// An activity of the campaign.
    Activity(ActivityEntry) = 39 "activity" "登记",
    /// The author corrects an activity.
    Amend(Amendment) = 40 "amend" "更正登记",
    /// A second person confirms the content of an activity.
    Confirm(Reason) = 41 "confirm" "确认登记",
    /// The author withdraws an activity or an inspection.
    Withdraw(Reason) = 42 "withdraw" "撤回登记",
    /// The recipient of a task has read it.
    Receive(Reason) = 43 "receive" "签收",
    /// The recipient's response to a task.
    Respond(Evidence) = 44 "respond" "反馈",
    /// An inspection began.
    Inspect(InspectionStart) = 45 "inspect" "开始检查",
    /// Answers for a building.
    Answer(Answers) = 46 "answer" "检查结果",
    /// An inspection was signed, or the signature refused.
    Sign(Signature) = 47 "sign" "签名",
    /// An inspection ended.
    FinishInspection(Conclusion) = 48 "finish_inspection" "结束检查",
}

impl EventBody {
    /// The photos that the event names.
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
            Self::Transfer(t) => &t.photos,
            Self::TransferResult(t) => &t.photos,
            Self::Clearance(c) => &c.photos,
            Self::Activity(r) => &r.photos,
            Self::Amend(a) => &a.photos,
            Self::Respond(e) => &e.photos,
            Self::Answer(a) => &a.photos,
            Self::Sign(s) => &s.photos,
            _ => &[],
        }
    }

    /// The area of a document that begins with this event; `None` if no document can begin with it.
    pub fn begins_in(&self) -> Option<&AreaPath> {
        match self {
            Self::Observe(o) => Some(&o.area),
            Self::Activity(r) => Some(&r.area),
            Self::Inspect(i) => Some(&i.area),
            _ => None,
        }
    }

    /// The variant that the tables distinguish within a kind: the result of a dissuasion, the grade of a regrading, …
    pub fn variant(&self) -> Option<&'static str> {
        match self {
            Self::Dissuade(d) => Some(d.result.name()),
            Self::TransferResult(t) => Some(t.outcome.name()),
            Self::GovDecision(d) => Some(d.outcome.name()),
            Self::GovProgress(p) => Some(p.stage.name()),
            Self::Regrade(r) => Some(r.grade.name()),
            _ => None,
        }
    }
}

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
    /// The statement.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Range of claimed times: 1970 (less one day) to the year 9999. It includes a clock that restarted without a battery
/// and excludes values that could overflow arithmetic.
const CLAIMED_MS: std::ops::RangeInclusive<i64> = -86_400_000..=253_402_300_799_000;

/// Bytes of unknown fields at most in an event of a known kind.
pub const MAX_UNKNOWN_FIELDS: usize = 1024;

/// Bytes that are no valid event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Over [`MAX_EVENT_BYTES`].
    #[error(
        "event has {0} bytes, at most {MAX_EVENT_BYTES} are taken; split it or shorten its text"
    )]
    TooLarge(usize),
    /// Not the CBOR map of an event.
    #[error("not an event: {0}")]
    Malformed(String),
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
        let fields = 7 + u64::from(self.beacon.is_some());
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
        let event = read(bytes).map_err(|err| EventError::Malformed(err.to_string()))?;
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
        super::strict::check(bytes).map_err(EventError::Malformed)?;
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

fn read(bytes: &[u8]) -> Result<Event, minicbor::decode::Error> {
    let missing = |what| minicbor::decode::Error::message(what);
    let mut d = Decoder::new(bytes);
    let fields = d
        .map()?
        .ok_or_else(|| missing("the map must have a definite length"))?;
    let (mut number, mut author, mut device, mut grant, mut claimed) =
        (None, None, None, None, None);
    let (mut after, mut raw, mut beacon) = (Vec::new(), None, None);
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
        body: EventBody::read(number, raw.ok_or_else(|| missing("content missing"))?),
    })
}
