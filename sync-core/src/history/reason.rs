//! The reasons for which an event is void: a stable code, and a text for users in Chinese and English.

use schemars::JsonSchema;
use serde::Serialize;

macro_rules! reasons {
    ($($(#[$meta:meta])* $variant:ident $code:literal $zh:literal $en:literal,)+) => {
        /// The reason for which an event is void. The codes are stable; a client may display its own text.
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
            /// The Chinese text for users.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)+ }
            }
            /// The English text for users.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)+ }
            }
        }
    };
}

reasons! {
    /// The event is not possible in the state that its author's causal history folds to.
    IllegalFromState "illegal-from-state" "当前状态下不能进行此操作" "not possible in the state that its author knew",
    /// The author's role may not state the event.
    RoleMayNot "role-may-not" "您的角色无此权限" "the role may not do this",
    /// The grant that the event names is not in the fold context.
    GrantUnknown "grant-unknown" "授权尚未收到，待核实" "its grant has not been received",
    /// The grant was issued to another person or device.
    GrantNotTheirs "grant-not-theirs" "授权与作者或手机不符" "the grant belongs to another person or device",
    /// The grant does not cover the place.
    GrantOtherArea "grant-other-area" "该地点不在授权范围内" "the grant does not cover the place",
    /// The grant was not valid when the event was made.
    GrantOtherTime "grant-other-time" "该时间不在授权有效期内" "the grant was not valid at that time",
    /// A photo is required.
    PhotoMissing "photo-missing" "需要照片" "a photo is required",
    /// The same person or organisation did the other part of a two-person rule.
    SamePerson "same-person" "须由另一人（另一单位）办理" "another person (of another organisation) must do this",
    /// A conflict is open.
    ConflictOpen "conflict-open" "存在未裁定的冲突，不能办结" "a conflict is open",
    /// The history has an event of a newer version.
    UnknownEvent "unknown-event" "存在新版本的记录，升级后才能办结" "the history has an event of a newer version; upgrade first",
    /// The grade requires a reviewer of a higher level.
    GradeTooHigh "grade-too-high" "该等级须由上级销号" "the grade requires a reviewer of a higher level",
    /// The resolution names no open conflict as a whole, or its author is a party to it.
    NotForThemToDecide "not-for-them-to-decide" "裁定须指明全部冲突，且由非当事人作出" "a resolution must name the whole conflict and be made by a reviewer who is party to neither event",
    /// A photo taken after the rectification is required.
    AfterPhotoMissing "after-photo-missing" "需要整改后照片" "a photo taken after the rectification is required",
    /// No photo from before the rectification exists to compare with.
    BeforePhotoMissing "before-photo-missing" "缺少整改前照片，无法比对" "there is no photo from before the rectification to compare with",
    /// One photo is evidence both from before and from after the rectification.
    EvidenceRepeated "evidence-repeated" "整改前后为同一张照片" "the same photo was given for before and after the rectification",
    /// The time limit for the event has passed.
    TooLate "too-late" "已超过可办理的时限" "the time limit for this has passed",
    /// A part that the law or the practice requires is missing.
    Incomplete "incomplete" "材料不全" "a required part is missing",
    /// A report must name at least two recipients: the street office and a department.
    RecipientsMissing "recipients-missing" "上报须送街道和至少一个部门" "a report must go to the street office and at least one department",
    /// A violation must be dissuaded before it is reported, unless danger is immediate.
    DissuadeFirst "dissuade-first" "违法行为须先劝阻，紧急危险除外" "a violation must be dissuaded before it is reported, unless danger is immediate",
    /// Only the department that received the transfer may answer it.
    NotTheReceiver "not-the-receiver" "须由接收移交的部门办理" "only the department that received the transfer may do this",
    /// Only the organisation that sent the transfer may withdraw it.
    NotTheSender "not-the-sender" "须由移交单位撤回" "only the organisation that sent the transfer may withdraw it",
    /// Only the responsible party may state the event.
    NotResponsible "not-responsible" "须由责任单位办理" "only the responsible party may do this",
    /// A second person is missing: on the spot, as inspector or as witness.
    SecondPersonMissing "second-person-missing" "须由第二人现场核实" "a second person must have examined it on the spot",
    /// The event names no events of the other document that its author had.
    OtherRecordNotSeen "other-record-not-seen" "须查看过另一条记录" "the other record must have been viewed",
    /// Only the organisation that issued the deadline, or a higher level, may extend it.
    NotTheIssuer "not-the-issuer" "须由下达机关或其上级延期" "only the issuer of the deadline or a higher level may extend it",
    /// The old deadline had passed, or there is none.
    DeadlinePassed "deadline-passed" "原期限已过或没有期限" "the old deadline had passed, or there is none",
    /// Only fire-rescue may change the grade of a major hazard that it determined.
    MajorStands "major-stands" "消防认定的重大隐患仅消防可调整" "only fire-rescue may change a major hazard that it determined",
    /// What the event names is not in its author's causal history, or not in the template of the inspection.
    TargetUnknown "target-unknown" "所指内容不在记录中" "what it names is not in the record",
    /// The step does not follow the previous one.
    StepOutOfOrder "step-out-of-order" "与上一步骤不衔接" "the step does not follow the previous one",
    /// The device was revoked, and nothing proves that the event is older than the revocation.
    DeviceRevoked "device-revoked" "手机已吊销，且无法证明早于吊销" "the device was revoked and nothing proves that this is older",
    /// The type or the template is not in the catalogue.
    TypeUnknown "type-unknown" "目录中没有该类型或模板，升级后再判定" "the type or template is not in the catalogue; upgrade to judge it",
    /// The fields do not fit the type.
    DataInvalid "data-invalid" "填写内容不符合该类型的要求" "the fields do not fit the type",
    /// An activity of this type may not be registered at so low a level.
    LevelTooLow "level-too-low" "该类记录不得登记在此层级" "an activity of this type may not be registered at so low a level",
    /// Only devices other than its author's have brought the event; the author's device has not confirmed it.
    Unattested "unattested" "由他人手机补传，待作者手机确认" "another device supplied this; its author's device has not confirmed it",
    /// A signature, or a witnessed refusal to sign, is missing.
    SignatureMissing "signature-missing" "缺少签名（拒签须有见证人）" "a signature is missing; a refusal to sign needs a witness",
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
