//! What a fold takes and what it gives.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    catalogue::{Class, Grade, StateCode},
    record::{AreaPath, DeviceTime, DocId, Event, EventId, Grant, GrantId, KindCode},
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

/// What follows from the events, never stored as truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Flags {
    /// A reviewer must decide between concurrent events.
    pub conflict_open: bool,
    /// The kind suggests a major hazard.
    pub major_suspected: bool,
    /// A photo was not taken in the app, or there is none.
    pub evidence_weak: bool,
    /// An event of a newer version is there; it holds closing.
    pub unknown_events: bool,
    /// It was closed and came back.
    pub reopened: bool,
}

impl Flags {
    /// Names, in the order of the bits.
    pub const NAMES: [&'static str; 5] = [
        "conflict_open",
        "major_suspected",
        "evidence_weak",
        "unknown_events",
        "reopened",
    ];

    /// As bits, in the order of [`Self::NAMES`].
    pub fn bits(self) -> u16 {
        let all = [
            self.conflict_open,
            self.major_suspected,
            self.evidence_weak,
            self.unknown_events,
            self.reopened,
        ];
        all.iter()
            .enumerate()
            .map(|(bit, set)| u16::from(*set) << bit)
            .sum()
    }
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VoidReason {
    /// The event is not possible in the state its author saw.
    IllegalFromState,
    /// The role may not do this.
    RoleMayNot,
    /// The grant it names is not known here.
    GrantUnknown,
    /// The grant is another person's or phone's.
    GrantNotTheirs,
    /// The grant does not cover the place.
    GrantOtherArea,
    /// The grant was not valid at the claimed time.
    GrantOtherTime,
    /// A photo is needed.
    PhotoMissing,
    /// The same person (or company) did the other part of a two-person rule.
    SamePerson,
    /// A conflict is open.
    ConflictOpen,
    /// An event of a newer version is there.
    UnknownEvent,
    /// The grade needs a higher reviewer.
    GradeTooHigh,
    /// The resolution does not name the conflict, or its author is a party to it.
    NotForThemToDecide,
}

impl VoidReason {
    /// What its author reads.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::IllegalFromState => "当前状态下不能进行此操作",
            Self::RoleMayNot => "您的角色无此权限",
            Self::GrantUnknown => "授权尚未收到，待核实",
            Self::GrantNotTheirs => "授权与作者或手机不符",
            Self::GrantOtherArea => "该地点不在授权范围内",
            Self::GrantOtherTime => "该时间不在授权有效期内",
            Self::PhotoMissing => "需要照片",
            Self::SamePerson => "须由另一人（另一单位）办理",
            Self::ConflictOpen => "存在未裁定的冲突，不能销号",
            Self::UnknownEvent => "存在新版本的记录，升级后才能销号",
            Self::GradeTooHigh => "该等级须由上级销号",
            Self::NotForThemToDecide => "裁定须指明全部冲突，且由非当事人作出",
        }
    }
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

/// A hazard as its events make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HazardState {
    /// The state that holds; 0 before any accepted observation.
    pub state: StateCode,
    /// 1, and one more for each time it came back.
    pub cycle: u16,
    /// Default grade of its kind.
    pub grade: Option<Grade>,
    /// The kind first registered.
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
    /// What follows.
    pub flags: Flags,
    /// Conflicts, open and resolved.
    pub conflicts: Vec<Conflict>,
    /// Every event with its verdict, causes before effects.
    pub history: Vec<Judged>,
    /// Accepted observations.
    pub observation_count: u32,
}
