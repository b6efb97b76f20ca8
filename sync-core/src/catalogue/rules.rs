//! The lifecycle as tables: states with their openness, transitions with roles and guards, concurrent pairs.

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
    /// Openness: in doubt the higher one holds.
    pub rank: u8,
    /// Whether the hazard still needs work.
    pub open: bool,
}

/// Conditions beyond role and state, each a small function in `lifecycle::guard`.
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

/// The states an event may start from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum From {
    /// These.
    States(Vec<StateCode>),
    /// `any` or `any_open`.
    Group(String),
}

/// Where an event leads.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    /// To this state.
    State(StateCode),
    /// `same`, `held` for a resolution, `previous` for an undone merge.
    Word(String),
}

/// Who may.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Roles {
    /// These.
    List(Vec<Role>),
    /// `any`.
    Word(String),
}

/// One allowed transition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Its number in the field's table.
    pub id: String,
    /// The event.
    pub event: String,
    /// Only with one of these results, grades or steps; empty: whatever it says.
    #[serde(default)]
    pub when: Vec<String>,
    /// From.
    pub from: From,
    /// To.
    pub to: Outcome,
    /// Who.
    pub roles: Roles,
    /// On which conditions.
    pub guards: Vec<Guard>,
    /// Whether it may be made without network.
    pub offline: bool,
    /// It starts a new cycle of the hazard.
    #[serde(default)]
    pub new_cycle: bool,
    /// It says that the hazard was seen, and leaves the state: it counts against what says otherwise.
    #[serde(default)]
    pub sighting: bool,
    /// Only a proposal: somebody with more say must state it again.
    #[serde(default)]
    pub proposal: bool,
}

/// How a hazard begins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct First {
    /// Its number in the field's table.
    pub id: String,
    /// The event.
    pub event: String,
    /// To.
    pub to: StateCode,
    /// Who.
    pub roles: Roles,
}

/// A field of a hazard; concurrent values are all kept.
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

/// Which of several concurrent values is shown first.
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
    /// The events that set it.
    pub set_by: Vec<String>,
    /// The first observation sets it too.
    #[serde(default)]
    pub first: bool,
    /// A later value does not replace an earlier one.
    #[serde(default)]
    pub additive: bool,
    /// Which of several is shown first.
    pub keep: Keep,
}

/// What may follow a step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The step.
    pub from: String,
    /// What may follow.
    pub to: Vec<String>,
}

/// Steps of a matter that a hazard has besides its state, such as a penalty case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// The event that states a step.
    pub event: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Steps it may begin with.
    pub first: Vec<String>,
    /// What may follow what.
    pub moves: Vec<Move>,
}

impl Machine {
    /// Whether a step may follow the ones last known; with none known, whether it may be the first.
    pub fn follows(&self, known: &[&str], step: &str) -> bool {
        if known.is_empty() {
            return self.first.iter().any(|first| first == step);
        }
        let after = |m: &&Move| known.contains(&m.from.as_str());
        let mut moves = self.moves.iter().filter(after);
        moves.any(|m| m.to.iter().any(|to| to == step))
    }
}

/// Numbers of the field's practice; a province may choose others.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// A fix on the spot is stated within this time of the finding.
    pub same_visit_minutes: u32,
    /// The finder corrects kind and place alone within this time.
    pub correct_own_hours: u32,
    /// What was stated this long after a grant ended still counts, marked.
    pub grant_grace_hours: u32,
    /// A phone's clock may differ this much from the server's.
    pub clock_skew_minutes: u32,
}

/// The lifecycle of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Version of the tables.
    pub version: u32,
    /// The practice's numbers.
    pub bounds: Bounds,
    /// The states.
    pub states: Vec<State>,
    /// Where a hazard stands that was ended while somebody objects, until that is decided.
    pub unsettled: StateCode,
    /// The transitions; the first that fits event, state, role and conditions is taken.
    pub transitions: Vec<Transition>,
    /// The beginning.
    pub first: First,
    /// The fields.
    pub fields: Vec<Field>,
    /// Steps that follow each other within one kind of event.
    pub machines: Vec<Machine>,
    /// Pairs with a rule of their own; the first that fits is taken.
    pub concurrent: Vec<Pair>,
    /// Pairs whose trusted times do not overlap, the later one legal after the earlier one.
    pub in_order: Pair,
    /// All other pairs that lead to different states.
    pub default: Pair,
    /// The tables by number, for speed.
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) index: Index,
}

impl Roles {
    /// Whether this role may.
    pub fn contains(&self, role: Role) -> bool {
        match self {
            Self::List(list) => list.contains(&role),
            Self::Word(_) => true,
        }
    }
}

impl Rules {
    /// A state's row.
    pub fn state(&self, code: StateCode) -> Option<&State> {
        self.states.iter().find(|s| s.number == code)
    }
    /// Openness; unknown states count as most open.
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
    /// The transitions of a kind of event, in the order of the table.
    pub fn transitions_of(&self, kind: u16) -> impl Iterator<Item = &Transition> {
        let rows = self.index.transitions(kind);
        rows.iter().map(|at| &self.transitions[usize::from(*at)])
    }
    /// The fields a kind of event sets, one bit each.
    pub fn fields_of(&self, kind: u16) -> u16 {
        self.index.fields(kind)
    }
    /// The fields the first observation sets.
    pub fn fields_of_first(&self) -> u16 {
        self.index.first_fields
    }
    /// The fields whose later values do not replace earlier ones.
    pub fn additive_fields(&self) -> u16 {
        self.index.additive_fields
    }
    /// The rows for two kinds of event within one record, in the order of the table.
    pub fn rows_for(&self, a: u16, b: u16) -> &[u16] {
        self.index.rows(a, b)
    }
    /// A row by its place: the table, then `default`, then `in_order`.
    pub fn row(&self, at: u16) -> &Pair {
        match usize::from(at).checked_sub(self.concurrent.len()) {
            None => &self.concurrent[usize::from(at)],
            Some(0) => &self.default,
            Some(_) => &self.in_order,
        }
    }
    /// The place of `default`.
    pub fn default_row(&self) -> u16 {
        u16::try_from(self.concurrent.len()).unwrap_or(u16::MAX)
    }
    /// The place of `in_order`.
    pub fn in_order_row(&self) -> u16 {
        self.default_row().saturating_add(1)
    }
}
