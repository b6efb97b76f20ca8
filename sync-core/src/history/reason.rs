//! Why an event changes nothing: a stable code, and what its author reads.

use schemars::JsonSchema;
use serde::Serialize;

macro_rules! reasons {
    ($($(#[$meta:meta])* $variant:ident $code:literal $zh:literal $en:literal,)+) => {
        /// Why an event changes nothing. The codes are stable; a client may show its own words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum VoidReason { $($(#[$meta])* $variant,)+ }

        impl VoidReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The stable code, as in JSON.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
            /// What its author reads.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)+ }
            }
            /// The same in English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)+ }
            }
        }
    };
}

reasons! {
    /// The event is not possible in the state its author saw.
    IllegalFromState "illegal-from-state" "当前状态下不能进行此操作" "not possible in the state its author saw",
    /// The role may not do this.
    RoleMayNot "role-may-not" "您的角色无此权限" "the role may not do this",
    /// The grant it names is not known here.
    GrantUnknown "grant-unknown" "授权尚未收到，待核实" "its grant is not known here",
    /// The grant is another person's or phone's.
    GrantNotTheirs "grant-not-theirs" "授权与作者或手机不符" "the grant is another person's or phone's",
    /// The grant does not cover the place.
    GrantOtherArea "grant-other-area" "该地点不在授权范围内" "the grant does not cover the place",
    /// The grant was not valid at that time.
    GrantOtherTime "grant-other-time" "该时间不在授权有效期内" "the grant was not valid at that time",
    /// A photo is needed.
    PhotoMissing "photo-missing" "需要照片" "a photo is needed",
    /// The same person (or company) did the other part of a two-person rule.
    SamePerson "same-person" "须由另一人（另一单位）办理" "another person (of another organisation) must do this",
    /// A conflict is open.
    ConflictOpen "conflict-open" "存在未裁定的冲突，不能办结" "a conflict is open",
    /// An event of a newer version is there.
    UnknownEvent "unknown-event" "存在新版本的记录，升级后才能办结" "an event of a newer version is there; upgrade first",
    /// The grade needs a higher reviewer.
    GradeTooHigh "grade-too-high" "该等级须由上级销号" "the grade needs a higher reviewer",
    /// The resolution does not name the conflict, or its author is a party to it.
    NotForThemToDecide "not-for-them-to-decide" "裁定须指明全部冲突，且由非当事人作出" "a resolution names the whole conflict and is made by somebody on neither side",
    /// A photo of the place afterwards is needed.
    AfterPhotoMissing "after-photo-missing" "需要整改后照片" "a photo taken afterwards is needed",
    /// There is no photo from before to compare with.
    BeforePhotoMissing "before-photo-missing" "缺少整改前照片，无法比对" "there is no photo from before to compare with",
    /// The same photo was given as before and after.
    EvidenceRepeated "evidence-repeated" "整改前后为同一张照片" "the same photo was given as before and after",
    /// The time in which this could be stated is over.
    TooLate "too-late" "已超过可办理的时限" "the time for this is over",
    /// A part that the law or the practice requires is missing.
    Incomplete "incomplete" "材料不全" "a required part is missing",
    /// A report goes to the street office and at least one department.
    RecipientsMissing "recipients-missing" "上报须送街道和至少一个部门" "a report goes to the street office and at least one department",
    /// A violation is reported after dissuasion, unless danger is immediate.
    DissuadeFirst "dissuade-first" "违法行为须先劝阻，紧急危险除外" "a violation is reported after dissuasion, unless danger is immediate",
    /// Only the department it was handed to may answer.
    NotTheReceiver "not-the-receiver" "须由接收移交的部门办理" "only the department it was handed to may do this",
    /// Only the organisation that handed it over may take it back.
    NotTheSender "not-the-sender" "须由移交单位撤回" "only the organisation that handed it over may take it back",
    /// Only the responsible party may say this.
    NotResponsible "not-responsible" "须由责任单位办理" "only the responsible party may do this",
    /// Nobody else examined it on the spot.
    SecondPersonMissing "second-person-missing" "须由第二人现场核实" "a second person must have examined it on the spot",
    /// The author does not show to have seen the other record.
    OtherRecordNotSeen "other-record-not-seen" "须查看过另一条记录" "the other record must have been seen",
    /// Only who issued the deadline, or a higher level, may extend it.
    NotTheIssuer "not-the-issuer" "须由下达机关或其上级延期" "only the issuer or a higher level may extend it",
    /// The old deadline had passed, or there is none.
    DeadlinePassed "deadline-passed" "原期限已过或没有期限" "the old deadline had passed, or there is none",
    /// Only fire-rescue may change a major hazard that it determined.
    MajorStands "major-stands" "消防认定的重大隐患仅消防可调整" "only fire-rescue may change a major hazard that it determined",
    /// What it names is not in the record.
    TargetUnknown "target-unknown" "所指内容不在记录中" "what it names is not in the record",
    /// The step does not follow the last one.
    StepOutOfOrder "step-out-of-order" "与上一步骤不衔接" "the step does not follow the last one",
    /// The phone was revoked and nothing proves that it is older.
    DeviceRevoked "device-revoked" "手机已吊销，且无法证明早于吊销" "the phone was revoked and nothing proves that this is older",
    /// The type or the template is not in the catalogue.
    TypeUnknown "type-unknown" "目录中没有该类型或模板，升级后再判定" "the type or template is not in the catalogue; upgrade to judge it",
    /// The fields do not fit the type.
    DataInvalid "data-invalid" "填写内容不符合该类型的要求" "the fields do not fit the type",
    /// A record of this type may not be filed at so low a level.
    LevelTooLow "level-too-low" "该类记录不得登记在此层级" "this type may not be filed at so low a level",
    /// Another device re-supplied it; its author's device has not confirmed it.
    Unattested "unattested" "由他人手机补传，待作者手机确认" "another device brought this; its author's device has not confirmed it",
    /// A signature, or the witnessed refusal of one, is missing.
    SignatureMissing "signature-missing" "缺少签名（拒签须有见证人）" "a signature is missing; a refusal needs a witness",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_code_everywhere() {
        for reason in VoidReason::ALL {
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.code()));
        }
    }
}
