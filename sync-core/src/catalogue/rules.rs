//! The lifecycle as tables, with the check that they are consistent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    field::Field,
    index::{Index, number},
    machine::Machine,
    pairs::{PairResult, PairRule},
    state::{State, StateCode},
    transition::{First, From, Outcome, Transition},
};

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
    pub concurrent: Vec<PairRule>,
    /// The rule for pairs whose trusted times do not overlap and whose later event is legal after the earlier one.
    pub in_order: PairRule,
    /// The rule for all other pairs that lead to different states.
    pub default: PairRule,
    /// Index of the tables, for speed.
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) index: Index,
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
    pub fn row(&self, at: u16) -> &PairRule {
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

    /// All concurrent-pair rules.
    pub fn rows(&self) -> impl Iterator<Item = &PairRule> {
        self.concurrent
            .iter()
            .chain([&self.in_order, &self.default])
    }

    /// Checks the tables and builds their index.
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        self.index = Index::build(
            &self.states,
            &self.transitions,
            &self.fields,
            &self.concurrent,
        )?;
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        let state_known = |code: StateCode| {
            self.state(code)
                .map(|_| ())
                .ok_or_else(|| format!("state {code} is not in the table"))
        };
        for transition in &self.transitions {
            match &transition.from {
                From::States(list) => list.iter().try_for_each(|s| state_known(*s))?,
                From::Group(g) if g == "any" || g == "any_open" => {}
                From::Group(g) => return Err(format!("{}: unknown group {g}", transition.id)),
            }
            match &transition.to {
                Outcome::State(code) => state_known(*code)?,
                Outcome::Word(w) if ["same", "held", "previous"].contains(&w.as_str()) => {}
                Outcome::Word(w) => return Err(format!("{}: unknown outcome {w}", transition.id)),
            }
        }
        for machine in &self.machines {
            number(&machine.event)?;
        }
        for pair in self.rows() {
            if let PairResult::State(code) = &pair.result {
                state_known(*code)?;
            }
            if pair.zh.is_empty() || pair.en.is_empty() {
                return Err(format!("{}: say why in both languages", pair.id));
            }
        }
        number(&self.first.event)?;
        state_known(self.first.to)?;
        state_known(self.unsettled)
    }
}
