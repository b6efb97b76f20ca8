//! The lifecycle as tables: states with their openness, transitions with roles and guards, concurrent-pair rules.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{index::Index, pairs::Pair};
use crate::record::Role;

/// A state by its number: 10 is HS10.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct StateCode(pub u16);

impl StateCode {
    /// No state: the history has no accepted observation.
    pub const NONE: Self = Self(0);
    /// 已销号: closed.
    pub const CLOSED: Self = Self(80);
    /// Examined, and no hazard.
    pub const VOID: Self = Self(95);
    /// Merged into another document.
    pub const MERGED: Self = Self(96);
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HS{:02}", self.0)
    }
}

/// A state of a hazard.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its number.
    pub number: StateCode,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Openness: of several states, the one with the higher openness holds.
    pub rank: u8,
    /// Whether the hazard still needs work.
    pub open: bool,
}

/// Guards: conditions of a transition beyond role and state, each a small function in `lifecycle::guard`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the documentation; lifecycle::guard explains each"
)]
pub enum Guard {
    PhotoRequired,
    AfterPhoto,
    BeforeSeen,
    SameVisit,
    FinderOrManager,
    Finder,
    NotFinder,
    NotClaimant,
    OtherOrganThanClaimant,
    NotRechecker,
    NoOpenConflict,
    NoUnknownEvent,
    NoRepeatedEvidence,
    MayCloseGrade,
    NotPartyToConflict,
    PromiseDated,
    StreetAndDepartment,
    DissuadedFirst,
    OrderComplete,
    FactsGiven,
    ReceivingOrgan,
    SendingOrgan,
    ResponsibleParty,
    EscalationComplete,
    DocumentGiven,
    VerifiedByAnother,
    BothRecordsSeen,
    IssuerOrHigher,
    BeforeDeadline,
    MajorStands,
    ReporterSoon,
    CaseNumbered,
    StepFollows,
    OrderKnown,
    PhotoKnown,
}

/// The states from which a transition may start.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum From {
    /// One of these states.
    States(Vec<StateCode>),
    /// `any` or `any_open`.
    Group(String),
}

/// The state after a transition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    /// This state.
    State(StateCode),
    /// `same`, `held` for a resolution, `previous` for an undone merge.
    Word(String),
}

/// The roles that may state an event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Roles {
    /// One of these roles.
    List(Vec<Role>),
    /// `any`.
    Word(String),
}

/// One allowed transition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Its number in the source table.
    pub id: String,
    /// The event kind.
    pub event: String,
    /// Only with one of these results, grades or steps; any if empty.
    #[serde(default)]
    pub when: Vec<String>,
    /// The states from which it starts.
    pub from: From,
    /// The state after it.
    pub to: Outcome,
    /// The roles that may state it.
    pub roles: Roles,
    /// The guards; all must hold.
    pub guards: Vec<Guard>,
    /// Whether it may be made without the network.
    pub offline: bool,
    /// Whether it starts a new cycle of the hazard.
    #[serde(default)]
    pub new_cycle: bool,
    /// Whether it only observes the hazard: it leaves the state unchanged and is weighed against concurrent events
    /// that state otherwise.
    #[serde(default)]
    pub sighting: bool,
    /// Whether it is only a proposal: an author with more authority must state it again.
    #[serde(default)]
    pub proposal: bool,
}

/// The transition that begins a hazard.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct First {
    /// Its number in the source table.
    pub id: String,
    /// The event kind.
    pub event: String,
    /// The state after it.
    pub to: StateCode,
    /// The roles that may state it.
    pub roles: Roles,
}

/// A field of a hazard: a multi-value register that keeps every concurrent value.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum FieldName {
    Code,
    Grade,
    Place,
    Count,
    Deadline,
    Responsible,
    Transfer,
    Duplicate,
    Penalty,
    Clearance,
    PhotoRole,
}

/// Which of several concurrent values is displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Keep {
    FirstRegistered,
    Highest,
    Earliest,
    HigherLevel,
    All,
}

/// How a field gets its values.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: FieldName,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The event kinds that set it.
    pub set_by: Vec<String>,
    /// Whether the first observation sets it too.
    #[serde(default)]
    pub first: bool,
    /// Whether a later value does not supersede an earlier one.
    #[serde(default)]
    pub additive: bool,
    /// Which of several values is displayed.
    pub keep: Keep,
}

/// The steps that may follow a step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The step.
    pub from: String,
    /// The steps that may follow.
    pub to: Vec<String>,
}

/// A machine of steps that a hazard has in addition to its state, such as a penalty case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// The event kind that states a step.
    pub event: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Steps it may begin with.
    pub first: Vec<String>,
    /// The allowed moves.
    pub moves: Vec<Move>,
}

impl Machine {
    /// Whether a step may follow the last known ones; with none known, whether it may be the first.
    pub fn follows(&self, known: &[&str], step: &str) -> bool {
        if known.is_empty() {
            return self.first.iter().any(|first| first == step);
        }
        let after = |m: &&Move| known.contains(&m.from.as_str());
        let mut moves = self.moves.iter().filter(after);
        moves.any(|m| m.to.iter().any(|to| to == step))
    }
}

/// Time limits of the field's practice; a province may choose others.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// A fix on the spot must be stated within this time of the finding.
    pub same_visit_minutes: u32,
    /// Within this time the finder may correct kind and place alone.
    pub correct_own_hours: u32,
    /// An event that was made this long after the end of its grant still counts, marked.
    pub grant_grace_hours: u32,
    /// A device's clock may differ by this much from the server's.
    pub clock_skew_minutes: u32,
}

/// The lifecycle of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Version of the tables.
    pub version: u32,
    /// The time limits.
    pub bounds: Bounds,
    /// The states.
    pub states: Vec<State>,
    /// The state of a hazard that was ended while a conflict is undecided, if its states before were not open either.
    pub unsettled: StateCode,
    /// The transitions; the first that matches event kind, state, role and guards is taken.
    pub transitions: Vec<Transition>,
    /// The transition that begins a hazard.
    pub first: First,
    /// The fields.
    pub fields: Vec<Field>,
    /// The machines of steps within one event kind.
    pub machines: Vec<Machine>,
    /// Concurrent-pair rules; the first that matches is taken.
    pub concurrent: Vec<Pair>,
    /// The rule for pairs whose trusted times do not overlap and whose later event is legal after the earlier one.
    pub in_order: Pair,
    /// The rule for all other pairs that lead to different states.
    pub default: Pair,
    /// Index of the tables, for speed.
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) index: Index,
}

impl Roles {
    /// Whether a role is among these.
    pub fn contains(&self, role: Role) -> bool {
        match self {
            Self::List(list) => list.contains(&role),
            Self::Word(_) => true,
        }
    }
}

impl Rules {
    /// The row of a state.
    pub fn state(&self, code: StateCode) -> Option<&State> {
        self.states.iter().find(|s| s.number == code)
    }
    /// Openness; an unknown state counts as most open.
    pub fn rank(&self, code: StateCode) -> u8 {
        self.index.rank(code)
    }
    /// Whether the hazard still needs work in this state.
    pub fn is_open(&self, code: StateCode) -> bool {
        self.index.is_open(code)
    }
    /// Whether `transition` may start from `state`.
    pub fn starts_from(&self, transition: &Transition, state: StateCode) -> bool {
        match &transition.from {
            From::States(list) => list.contains(&state),
            From::Group(group) => group == "any" || self.is_open(state),
        }
    }
    /// The transitions of an event kind, in the order of the table.
    pub fn transitions_of(&self, kind: u16) -> impl Iterator<Item = &Transition> {
        let rows = self.index.transitions(kind);
        rows.iter().map(|at| &self.transitions[usize::from(*at)])
    }
    /// The fields that an event kind sets, one bit each.
    pub fn fields_of(&self, kind: u16) -> u16 {
        self.index.fields(kind)
    }
    /// The fields that the first observation sets.
    pub fn fields_of_first(&self) -> u16 {
        self.index.first_fields
    }
    /// The fields whose later values do not supersede earlier ones.
    pub fn additive_fields(&self) -> u16 {
        self.index.additive_fields
    }
    /// The rules for two event kinds within one document, in the order of the table.
    pub fn rows_for(&self, a: u16, b: u16) -> &[u16] {
        self.index.rows(a, b)
    }
    /// The rule at a position: the table, then `default`, then `in_order`.
    pub fn row(&self, at: u16) -> &Pair {
        match usize::from(at).checked_sub(self.concurrent.len()) {
            None => &self.concurrent[usize::from(at)],
            Some(0) => &self.default,
            Some(_) => &self.in_order,
        }
    }
    /// The position of `default`.
    pub fn default_row(&self) -> u16 {
        u16::try_from(self.concurrent.len()).unwrap_or(u16::MAX)
    }
    /// The position of `in_order`.
    pub fn in_order_row(&self) -> u16 {
        self.default_row().saturating_add(1)
    }
}
