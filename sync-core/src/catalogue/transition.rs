//! Transitions: which event leads from which states to which state, for whom and under which guards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{roles::Roles, state::StateCode};

/// Guards: conditions of a transition beyond role and state, each a small function in `hazard::guard`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the documentation; `hazard::guard` names the function of each"
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
    MayEndGrade,
    HigherForOfficial,
    NotPartyToConflict,
    PromiseDated,
    StreetAndDepartment,
    DissuadedFirst,
    OrderComplete,
    FactsGiven,
    TransferStep,
    Escalated,
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
    /// `any`, `any_open`, or `other`: every state from which no earlier row of the event starts.
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
    /// Whether it starts from every state from which no earlier row starts: a step that is legal in every state.
    #[serde(skip)]
    pub elsewhere: bool,
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

impl Transition {
    /// The state that the transition leads to; `None` if it depends on the event.
    pub(crate) fn to_state(&self) -> Option<StateCode> {
        match self.to {
            Outcome::State(state) => Some(state),
            Outcome::Word(_) => None,
        }
    }

    /// Whether the transition applies to this variant of its event.
    pub(crate) fn fits(&self, variant: Option<&str>) -> bool {
        self.when.is_empty() || variant.is_some_and(|v| self.when.iter().any(|w| w == v))
    }
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
