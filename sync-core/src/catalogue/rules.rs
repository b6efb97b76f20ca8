//! The lifecycle as tables: states with their openness, transitions with roles and guards, concurrent pairs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::{EventBody, Role};

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
    FinderOrManager,
    NotFinder,
    NotClaimant,
    OtherOrganThanClaimant,
    NotRechecker,
    NoOpenConflict,
    NoUnknownEvent,
    MayCloseGrade,
    NotPartyToConflict,
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
    /// `same`, or `held` for a resolution.
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
    /// Only with this result (of a dissuasion).
    #[serde(default)]
    pub when: Option<String>,
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

/// What a concurrent pair means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// Both stand, silently.
    A,
    /// A rule decides, shown in the history.
    B,
    /// A reviewer must decide; closing is blocked until then.
    C,
}

/// Which state holds meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PairResult {
    /// This one, if it is more open than both.
    State(StateCode),
    /// `more_open` or `less_open`.
    Word(String),
}

/// A pair of events whose authors had not seen each other.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Its number in the field's table.
    pub id: String,
    /// One event.
    #[serde(default)]
    pub a: String,
    /// The other, or `*`.
    #[serde(default)]
    pub b: String,
    /// What it means.
    pub class: Class,
    /// What holds.
    pub result: PairResult,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// The lifecycle of one version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Version of the tables.
    pub version: u32,
    /// The states.
    pub states: Vec<State>,
    /// The transitions; the first that fits is taken.
    pub transitions: Vec<Transition>,
    /// The beginning.
    pub first: First,
    /// Pairs with a rule of their own.
    pub concurrent: Vec<Pair>,
    /// All other pairs that lead to different states.
    pub default: Pair,
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
        self.state(code).map_or(u8::MAX, |s| s.rank)
    }
    /// Whether the hazard still needs work in this state.
    pub fn is_open(&self, code: StateCode) -> bool {
        self.state(code).is_none_or(|s| s.open)
    }
    /// Whether `transition` may start from `state`.
    pub fn starts_from(&self, transition: &Transition, state: StateCode) -> bool {
        match &transition.from {
            From::States(list) => list.contains(&state),
            From::Group(group) => group == "any" || self.is_open(state),
        }
    }
    /// The rule for two concurrent events, if they have one of their own.
    pub fn pair(&self, a: &str, b: &str) -> Option<&Pair> {
        let fits = |p: &Pair, x: &str, y: &str| p.a == x && (p.b == y || p.b == "*");
        self.concurrent
            .iter()
            .find(|p| fits(p, a, b) || fits(p, b, a))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let event_known = |name: &str| {
            let known = name == "*" || EventBody::KINDS.iter().any(|(_, n, _)| *n == name);
            if known {
                Ok(())
            } else {
                Err(format!("unknown event {name}"))
            }
        };
        let state_known = |code: StateCode| {
            self.state(code)
                .map(|_| ())
                .ok_or_else(|| format!("state {code} is not in the table"))
        };
        for transition in &self.transitions {
            event_known(&transition.event)?;
            match &transition.from {
                From::States(list) => list.iter().try_for_each(|s| state_known(*s))?,
                From::Group(g) if g == "any" || g == "any_open" => {}
                From::Group(g) => return Err(format!("{}: unknown group {g}", transition.id)),
            }
            match &transition.to {
                Outcome::State(code) => state_known(*code)?,
                Outcome::Word(w) if w == "same" || w == "held" => {}
                Outcome::Word(w) => return Err(format!("{}: unknown outcome {w}", transition.id)),
            }
        }
        for pair in &self.concurrent {
            event_known(&pair.a)?;
            event_known(&pair.b)?;
            if let PairResult::State(code) = &pair.result {
                state_known(*code)?;
            }
        }
        event_known(&self.first.event)?;
        state_known(self.first.to)
    }
}
