//! What a fold takes and what it gives.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    reason::VoidReason,
    values::{Redacted, Values},
};
use crate::{
    catalogue::{Class, Grade, StateCode},
    record::{
        AreaPath, DeviceId, DeviceTime, DocId, Event, EventId, Grant, GrantId, KindCode, ServerTime,
    },
};

/// An event with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stated {
    /// The hash of its bytes.
    pub id: EventId,
    /// What was stated.
    pub event: Event,
}

/// Where the claims of grants come from; only grants whose signature was checked.
pub trait Grants {
    /// The claims of a grant.
    fn find(&self, id: &GrantId) -> Option<&Grant>;
    /// When the server received an event, where that is known.
    fn received(&self, _event: &EventId) -> Option<ServerTime> {
        None
    }
    /// Whether only devices other than its author's have brought an event: it has no effect then.
    fn is_unattested(&self, _event: &EventId) -> bool {
        false
    }
    /// When a phone was revoked, where that is known.
    fn revoked(&self, _device: &DeviceId) -> Option<ServerTime> {
        None
    }
}
impl Grants for BTreeMap<GrantId, Grant> {
    fn find(&self, id: &GrantId) -> Option<&Grant> {
        self.get(id)
    }
}
impl Grants for HashMap<GrantId, Grant> {
    fn find(&self, id: &GrantId) -> Option<&Grant> {
        self.get(id)
    }
}

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
    /// Events apart were put in order by trusted time.
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

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It moved the hazard.
    Accepted {
        /// Row of the transition table.
        transition: String,
        /// From.
        from: StateCode,
        /// To.
        to: StateCode,
    },
    /// It added to the record and moved nothing.
    Added,
    /// It proposes what somebody with more say must state.
    Proposed {
        /// Row of the transition table.
        transition: String,
    },
    /// It stays in the history and changes nothing.
    Void {
        /// Why.
        reason: VoidReason,
    },
    /// Of a newer version: kept, and it holds closing.
    Unknown,
}

/// An event with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judged {
    /// The event.
    pub id: EventId,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Two events whose authors had not seen each other and that do not agree.
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

/// Two events apart about which a rule decided.
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
    pub history: Vec<Judged>,
    /// Accepted observations.
    pub observation_count: u32,
}
