//! The lifecycle as tables, with the check that they are consistent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    class::EventClass,
    event_kind::number,
    field::Field,
    index::Index,
    machine::Machine,
    pairs::{Lead, PairRule, PairScope, Rows},
    state::{State, StateCode},
    transition::{First, From, Outcome, Transition},
};
use crate::record::EventBody;

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
    /// The transitions; the first that matches event kind, state, role and guards is taken.
    pub transitions: Vec<Transition>,
    /// The transition that begins a hazard.
    pub first: First,
    /// The fields.
    pub fields: Vec<Field>,
    /// The machines of steps within one event kind.
    pub machines: Vec<Machine>,
    /// Concurrent-pair rules.
    pub concurrent: Vec<PairRule>,
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
    /// The concurrent-pair rules in which an event may be the first event, and those in which it may be the second.
    pub fn rows_of(&self, body: &EventBody, class: EventClass) -> [Rows; 2] {
        self.index.rows(body, class)
    }

    /// Checks the tables and builds their index.
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        self.name_other_states();
        self.index = Index::build(
            &self.states,
            &self.transitions,
            &self.fields,
            &self.concurrent,
        )?;
        self.check()
    }

    /// Replaces the group `other` by its states.
    fn name_other_states(&mut self) {
        let numbers: Vec<StateCode> = self.states.iter().map(|s| s.number).collect();
        for at in 0..self.transitions.len() {
            let (earlier, rest) = self.transitions.split_at_mut(at);
            let Some(row) = rest.first_mut() else {
                continue;
            };
            if !matches!(&row.from, From::Group(group) if group == "other") {
                continue;
            }
            let is_named = |state: &StateCode| {
                earlier.iter().any(|t| {
                    let same = t.event == row.event && t.when == row.when;
                    same && matches!(&t.from, From::States(list) if list.contains(state))
                })
            };
            let others = numbers.iter().copied().filter(|state| !is_named(state));
            row.from = From::States(others.collect());
            row.elsewhere = true;
        }
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
        for pair in &self.concurrent {
            if let Some(Lead::State(code)) = &pair.lead {
                state_known(*code)?;
            }
            if pair.scope == PairScope::Register && pair.register.is_none() {
                return Err(format!("{}: name the register", pair.id));
            }
            if pair.zh.is_empty() || pair.en.is_empty() {
                return Err(format!("{}: say why in both languages", pair.id));
            }
        }
        number(&self.first.event)?;
        state_known(self.first.to)
    }
}
