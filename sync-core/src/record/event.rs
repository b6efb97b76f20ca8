//! Events: who stated what, when by their clock, having seen what, under which grant. Never edited.
//!
//! An event is a small CBOR map whose SHA-256 names it, so an edited event is another event. Kinds and fields
//! that this version does not know are kept byte for byte.

use minicbor::{Decoder, Encoder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    area::AreaPath,
    activity::{ActivityEntry, Amendment, Answers, Conclusion, InspectionStart, Signature},
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
/// Events that one event may name as seen; more heads than this means hundreds of parallel authors.
pub const MAX_AFTER: usize = 64;

macro_rules! event_kinds {
    ($($(#[$meta:meta])* $variant:ident ( $body:ty ) = $number:literal $name:literal $zh:literal,)+) => {
        /// The kinds of event this version knows, with their content.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    Void(Voiding) = 14 "void" "核查不实",
    /// T22: the same hazard is recorded elsewhere.
    MarkDuplicate(Duplicate) = 15 "mark_duplicate" "标记重复",
    /// T28: a remark.
    Note(Reason) = 16 "note" "备注",
    /// T28: more photos.
    AddPhoto(Evidence) = 17 "add_photo" "补充照片",
    /// A conflict was decided by a reviewer.
    Resolve(Resolution) = 18 "resolve" "裁定冲突",
    /// T09: a clue was handed to the competent department.
    Transfer(Transfer) = 19 "transfer" "移交线索",
    /// T10: the department accepted it.
    TransferAccept(Reason) = 20 "transfer_accept" "受理移交",
    /// T11: the department gave it back.
    TransferReturn(TransferReturn) = 21 "transfer_return" "退回移交",
    /// T12: the department reports its result.
    TransferResult(TransferResult) = 22 "transfer_result" "反馈移交结果",
    /// The sender takes a transfer back before it is accepted.
    TransferWithdraw(Reason) = 23 "transfer_withdraw" "撤回移交",
    /// T19: the government was asked.
    Escalate(Escalation) = 24 "escalate" "提请政府",
    /// T20: the government decided.
    GovDecision(GovDecision) = 25 "gov_decision" "政府决定",
    /// How far the government has come.
    GovProgress(GovProgress) = 26 "gov_progress" "政府办理进展",
    /// T23: it is not the same hazard after all.
    Unmerge(Reason) = 27 "unmerge" "撤销合并",
    /// T24: more time.
    ExtendDeadline(Extension) = 28 "extend_deadline" "延长期限",
    /// T25: another grade.
    Regrade(Regrade) = 29 "regrade" "调整等级",
    /// T26: another kind.
    Recode(Recode) = 30 "recode" "更正类别",
    /// T26: another place.
    Relocate(Relocation) = 31 "relocate" "更正部位",
    /// T27: a penalty case.
    PenaltyLink(PenaltyLink) = 32 "penalty_link" "关联查处",
    /// T29: personal data out of view.
    Redact(Redaction) = 33 "redact" "个人信息遮蔽",
    /// The count was corrected.
    CorrectCount(CountCorrection) = 34 "correct_count" "更正数量",
    /// Something was cleared away.
    Clearance(Clearance) = 35 "clearance" "清理记录",
    /// A photo shows something else than was said.
    PhotoRole(PhotoRoleChange) = 36 "photo_role" "更正照片用途",
    /// T10: the department signed for a transfer.
    TransferSign(Reason) = 37 "transfer_sign" "签收移交",
    /// T08: an order got its official number.
    OfficialNumber(OfficialNumber) = 38 "official_number" "补录正式文号",
    /// Something was done in the campaign.
    Activity(ActivityEntry) = 39 "activity" "登记",
    /// The author corrects a record.
    Amend(Amendment) = 40 "amend" "更正登记",
    /// A second person confirms what stands in a record.
    Confirm(Reason) = 41 "confirm" "确认登记",
    /// The author takes a record or an inspection back.
    Withdraw(Reason) = 42 "withdraw" "撤回登记",
    /// Whom a task concerns has read it.
    Receive(Reason) = 43 "receive" "签收",
    /// What was done about a task.
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

    /// Where a document lies that begins with this event; `None` if none can begin with it.
    pub fn begins_in(&self) -> Option<&AreaPath> {
        match self {
            Self::Observe(o) => Some(&o.area),
            Self::Activity(r) => Some(&r.area),
            Self::Inspect(i) => Some(&i.area),
            _ => None,
        }
    }

    /// What the tables tell apart within a kind: the result of a dissuasion, the grade of a regrading, …
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
    /// What the phone knew of the server's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<Beacon>,
    /// What was stated.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Claimed times lie between 1970 and the year 9999: a clock that lost its battery is in it, an arithmetic trap is not.
const CLAIMED_MS: std::ops::RangeInclusive<i64> = -86_400_000..=253_402_300_799_000;

/// Bytes of fields that this version does not know in an event of a known kind, at most.
pub const MAX_UNKNOWN_FIELDS: usize = 1024;

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
        let fields = 7 + u64::from(self.beacon.is_some());
        e.map(fields)?.u8(0)?.u16(self.body.number())?;
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
        self.body.write(e)?;
        if let Some(beacon) = &self.beacon {
            e.u8(7)?.encode(beacon)?;
        }
        Ok(())
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

    /// Decodes an event that enters the system. Stricter than [`Self::from_bytes`], which also reads what was let in
    /// before: no key twice, no claimed time outside years 1970 to 9999, and of a known kind no more than
    /// [`MAX_UNKNOWN_FIELDS`] bytes that this version does not know.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn admitted(bytes: &[u8]) -> Result<Self, EventError> {
        let event = Self::from_bytes(bytes)?;
        super::strict::check(bytes).map_err(EventError::Malformed)?;
        if !CLAIMED_MS.contains(&event.claimed.0) {
            return Err(EventError::Content("the claimed time is out of range"));
        }
        if !matches!(event.body, EventBody::Unknown { .. }) {
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
