//! The state that the events of a hazard fold to.

use schemars::JsonSchema;
use serde::Serialize;

use super::values::Values;
use crate::{
    catalogue::{Class, Grade, StateCode},
    history::{JudgedEvent, Redacted},
    record::{AreaPath, DeviceTime, DocId, EventId, KindCode},
};

macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident $zh:literal $en:literal,)+) => {
        /// What follows from the events, never stored as truth.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
        pub struct Flags { $($(#[$meta])* pub $name: bool,)+ }

        impl Flags {
            /// Names, in the order of the bits.
            pub const NAMES: [&'static str; [$(stringify!($name)),+].len()] = [$(stringify!($name)),+];
            /// What people read: Chinese, English; in the order of the bits.
            pub const LABELS: [(&'static str, &'static str); Self::NAMES.len()] = [$(($zh, $en)),+];

            /// As bits, in the order of [`Self::NAMES`].
            pub fn bits(self) -> u16 {
                let all = [$(self.$name),+];
                all.iter().enumerate().map(|(bit, set)| u16::from(*set) << bit).sum()
            }
        }
    };
}

flags! {
    /// A reviewer must decide between concurrent events.
    conflict_open "冲突待裁定" "conflict open",
    /// The grade is a major hazard, suspected or determined.
    major_suspected "重大（疑似）" "major suspected",
    /// A photo was not taken in the app, or there is none.
    evidence_weak "证据薄弱" "evidence weak",
    /// An event of a newer version is there; it holds closing.
    unknown_events "含新版本事件" "unknown events",
    /// It was closed and came back.
    reopened "反弹" "reopened",
    /// A penalty case is linked.
    penalised "已查处" "penalised",
    /// The government put it under listed supervision.
    listed_supervision "挂牌督办" "listed supervision",
    /// Works take more than a day and nothing keeps people safe meanwhile.
    interim_measures_missing "缺临时防范措施" "interim measures missing",
    /// A claimed time contradicts the server's, or a phone's clock was set back.
    time_untrusted "时间不可信" "time untrusted",
    /// Concurrent events were ordered by their time bounds.
    ordered_by_time "按可信时间排序" "ordered by time",
    /// The same photo shows the hazard before and after: an alarm, and it holds closing.
    evidence_repeated "前后照片相同" "same photo before and after",
    /// An event stands on a grant that had ended, within its grace, or on a phone that was revoked later.
    authority_late "授权已过期（宽限）" "authority late",
    /// Somebody proposed something and nobody has decided it.
    proposal_open "有待审建议" "proposal open",
    /// Personal data was taken out of view.
    redacted "已遮蔽" "redacted",
}

/// Two concurrent events that do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Conflict {
    /// Row of the table of concurrent pairs.
    pub rule: String,
    /// Its class.
    #[serde(skip)]
    pub class: Option<Class>,
    /// One event; the smaller id.
    pub one: EventId,
    /// The other.
    pub other: EventId,
    /// The resolution, if there is one.
    pub resolved_by: Option<EventId>,
}

/// Two concurrent events about which a rule decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Notice {
    /// Row of the table of concurrent pairs.
    pub rule: String,
    /// One event; the smaller id.
    pub one: EventId,
    /// The other.
    pub other: EventId,
}

/// A hazard as its events make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HazardState {
    /// The state that holds; 0 before any accepted observation.
    pub state: StateCode,
    /// 1, and one more for each time it came back.
    pub cycle: u16,
    /// Its grade: as set, or else the default of its kind.
    pub grade: Option<Grade>,
    /// The kind: first registered, or as corrected.
    pub code: Option<KindCode>,
    /// Where it lies.
    pub area: Option<AreaPath>,
    /// First found, by the finder's clock.
    pub found_at: DeviceTime,
    /// Last event, by its author's clock.
    pub updated_at: DeviceTime,
    /// The earliest deadline in force.
    pub deadline: Option<DeviceTime>,
    /// The record that stays, if this one was merged.
    pub duplicate_of: Option<DocId>,
    /// The fields with every value that stands beside another.
    pub values: Values,
    /// What follows.
    pub flags: Flags,
    /// Conflicts, open and resolved.
    pub conflicts: Vec<Conflict>,
    /// Concurrent events about which a rule decided.
    pub notices: Vec<Notice>,
    /// Proposals that nobody with the say has decided.
    pub proposals: Vec<EventId>,
    /// Events and photos that must not be shown.
    pub redacted: Redacted,
    /// Every event with its verdict, causes before effects.
    pub history: Vec<JudgedEvent>,
    /// Accepted observations.
    pub observation_count: u32,
}
