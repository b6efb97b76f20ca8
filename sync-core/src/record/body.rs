//! The bodies of events: the closed list of event kinds, declared once, and what the kinds have in common.

use minicbor::Encoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activity::{ActivityEntry, Amendment, Answers, Conclusion, InspectionStart, Signature},
    area::AreaPath,
    photo::PhotoRef,
    statement::{
        Assignment, Clearance, CountCorrection, Dissuasion, Duplicate, Escalation, Evidence,
        Extension, GovDecision, GovProgress, Observation, OfficialNumber, PenaltyLink,
        PhotoRoleChange, Reason, Recode, RectificationOrder, RectificationPlan, Redaction, Regrade,
        Relocation, Resolution, Transfer, TransferResult, TransferReturn, ViolationReport, Voiding,
    },
};

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
            pub(super) fn write<W: minicbor::encode::Write>(
                &self, e: &mut Encoder<W>,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                match self {
                    $(Self::$variant(body) => e.encode(body)?.ok(),)+
                    Self::Unknown { .. } => Err(minicbor::encode::Error::message("an event of unknown kind cannot be encoded")),
                }
            }
            pub(super) fn read(number: u16, raw: &[u8]) -> Self {
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
