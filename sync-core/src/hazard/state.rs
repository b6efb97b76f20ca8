//! The state that the events of a hazard fold to.

use schemars::JsonSchema;
use serde::Serialize;

use super::values::Values;
use crate::{
    catalogue::{Grade, StateCode},
    history::{JudgedEvent, Redacted},
    record::{AreaPath, DeviceTime, DocId, Edition, EventId, KindCode},
};

macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident $zh:literal $en:literal,)+) => {
        /// Flags derived from the events; a stored flag is never authoritative.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
        pub struct Flags { $($(#[$meta])* pub $name: bool,)+ }

        impl Flags {
            /// Names, in the order of the bits. Rows hold the bits: a new flag comes last.
            pub const NAMES: [&'static str; [$(stringify!($name)),+].len()] = [$(stringify!($name)),+];
            /// Labels for users: Chinese, English; in the order of the bits.
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
    /// The history has an event of a newer version, which blocks closing.
    unknown_events "含新版本事件" "events of a newer version",
    /// The hazard was closed and recurred.
    reopened "反弹" "reopened",
    /// A penalty case is linked.
    penalised "已查处" "penalised",
    /// The government put the hazard under listed supervision.
    listed_supervision "挂牌督办" "listed supervision",
    /// Rectification takes more than one day, and no interim safety measures are stated.
    interim_measures_missing "缺临时防范措施" "interim measures missing",
    /// A claimed time contradicts its time bounds, or a device's clock was set back.
    time_untrusted "时间不可信" "time untrusted",
    /// Concurrent events were ordered by their time bounds.
    ordered_by_time "按可信时间排序" "ordered by time",
    /// One photo shows the hazard both before and after rectification: an alarm that blocks closing.
    evidence_repeated "前后照片相同" "same photo before and after",
    /// An event was made under a grant within the grace period after its end, or on a device that was revoked later.
    authority_late "授权已过期（宽限）" "grant ended (grace period)",
    /// A proposal is not decided.
    proposal_open "有待审建议" "proposal open",
    /// Personal data was withdrawn from display.
    redacted "已遮蔽" "redacted",
    /// A closing, voiding or merge is suspended while a conflict is open.
    ending_suspended "办结中止" "ending suspended",
    /// A closing, voiding or merge does not count, although no conflict is open: it must be stated again.
    close_again "须重新销号" "close again",
}

/// What became of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictFate {
    /// A reviewer must decide; endings are suspended until then, unless it is a card.
    Open,
    /// The objection holds: its decisions never count.
    Held,
    /// The objection was overruled: its decisions hold.
    Overruled,
}

impl ConflictFate {
    /// The words for users: Chinese, then English.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "未裁定 / open",
            Self::Held => "异议成立 / objection holds",
            Self::Overruled => "异议驳回 / overruled",
        }
    }
}

/// Concurrent events that contradict each other: one card for a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Conflict {
    /// Ids of the concurrent-pair rules.
    pub rules: Vec<String>,
    /// The events that object; none if values of a field differ.
    pub objections: Vec<EventId>,
    /// The decisions to which they object; of a field, its differing values; of a card, its events.
    pub decisions: Vec<EventId>,
    /// What became of it.
    pub fate: ConflictFate,
    /// The settlements in force: resolutions, and events that answered it.
    pub settled_by: Vec<EventId>,
    /// Whether it is a card: a question about a figure or a name that suspends nothing.
    pub is_card: bool,
}

impl Conflict {
    /// Whether a reviewer must still decide.
    pub fn is_open(&self) -> bool {
        self.fate == ConflictFate::Open
    }
}

/// Two concurrent events that a rule decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Notice {
    /// Id of the concurrent-pair rule.
    pub rule: String,
    /// One event; the smaller id.
    pub one: EventId,
    /// The other.
    pub other: EventId,
}

/// The state that the events of a hazard fold to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HazardState {
    /// The effective state; 0 before any accepted observation.
    pub state: StateCode,
    /// The cycle: 1 after the first accepted observation, and one more for each recurrence.
    pub cycle: u16,
    /// Its grade: as set, or else the default of its kind.
    pub grade: Option<Grade>,
    /// The kind: first registered, or as corrected.
    pub code: Option<KindCode>,
    /// The area that the first accepted observation states.
    pub area: Option<AreaPath>,
    /// First found, by the finder's clock.
    pub found_at: DeviceTime,
    /// The edition of the catalogue that judges the finding: its kinds and its deadlines hold for the hazard.
    pub edition: Edition,
    /// Last event, by its author's clock.
    pub updated_at: DeviceTime,
    /// The earliest deadline in force.
    pub deadline: Option<DeviceTime>,
    /// The document that remains, if this hazard was merged.
    pub duplicate_of: Option<DocId>,
    /// The fields with every concurrent value.
    pub values: Values,
    /// Flags derived from the events.
    pub flags: Flags,
    /// Conflicts, open and resolved.
    pub conflicts: Vec<Conflict>,
    /// Concurrent events that a rule decided.
    pub notices: Vec<Notice>,
    /// Proposals that no later event of their kind has decided.
    pub proposals: Vec<EventId>,
    /// Events and photos that must not be displayed.
    pub redacted: Redacted,
    /// Every event with its verdict, causes before effects.
    pub history: Vec<JudgedEvent>,
    /// Number of observations that have an effect.
    pub observation_count: u32,
}
