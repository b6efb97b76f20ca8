//! The tables of the lifecycle: read from the data files, then changed as docs/rules.md says
//! (see [`amended`]).

use std::collections::BTreeMap;

use serde_json::Value;
use sync_core::record::{Grade, Role};

use super::amended;

/// Where a transition starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// Every state.
    Any,
    /// Every open state.
    AnyOpen,
    /// These states.
    These(Vec<u16>),
}

/// Where a transition leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// This state.
    State(u16),
    /// The state does not change, or changes only by other sections.
    Same,
}

/// A row of the state machine.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The id, such as `T17`.
    pub(crate) id: String,
    /// The event kind.
    pub(crate) event: String,
    /// The variants that it applies to; empty for all.
    pub(crate) when: Vec<String>,
    /// Where it starts.
    pub(crate) from: From,
    /// Where it leads to.
    pub(crate) to: To,
    /// The roles; `None` for every role.
    pub(crate) roles: Option<Vec<Role>>,
    /// The guards by name.
    pub(crate) guards: Vec<String>,
    /// Whether the result is a proposal.
    pub(crate) proposal: bool,
}

/// The moves of a sequence of steps.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// The steps that it can begin with.
    pub(crate) first: Vec<String>,
    /// The steps that follow each step.
    pub(crate) moves: BTreeMap<String, Vec<String>>,
}

/// All tables.
#[derive(Debug)]
pub(crate) struct Tables {
    /// The transitions in their order.
    pub(crate) rows: Vec<Row>,
    /// The roles whose `observe` begins a document.
    pub(crate) begins: Vec<Role>,
    /// Openness of each state and whether it is open.
    pub(crate) states: BTreeMap<u16, (u8, bool)>,
    /// Sequences by the name of their event kind.
    pub(crate) machines: BTreeMap<String, Steps>,
    /// Default grade and nature of each hazard kind.
    pub(crate) kinds: BTreeMap<String, (Option<Grade>, String)>,
    /// The same-visit window in milliseconds.
    pub(crate) same_visit_ms: i64,
    /// The window for own corrections in milliseconds.
    pub(crate) correct_own_ms: i64,
    /// The grace period of grants in milliseconds.
    pub(crate) grace_ms: i64,
}

const MINUTE: i64 = 60_000;

impl Tables {
    /// The tables of this repository.
    pub(crate) fn embedded() -> Self {
        let life = include_str!("../../../schemas/catalogue/lifecycle.json");
        let kinds = include_str!("../../../schemas/catalogue/hazard_kinds.json");
        let read = |text| serde_json::from_str::<Value>(text).expect("the catalogue is JSON");
        Self::new(&read(life), &read(kinds))
    }

    fn new(life: &Value, kinds: &Value) -> Self {
        let mut states = BTreeMap::new();
        for state in list(&life["states"]) {
            let rank = u8::try_from(number(&state["rank"])).unwrap_or(0);
            states.insert(
                state_number(&state["number"]),
                (rank, state["open"] == true),
            );
        }
        let rows = list(&life["transitions"]).iter().map(row).collect();
        let named: Vec<u16> = states.keys().copied().collect();
        let bounds = &life["bounds"];
        Self {
            rows: amended::as_the_rules_state(rows, &named),
            begins: roles(&life["first"]["roles"]).unwrap_or_default(),
            states,
            machines: machines(life),
            kinds: list(&kinds["kinds"]).iter().map(kind).collect(),
            same_visit_ms: number(&bounds["same_visit_minutes"]) * MINUTE,
            correct_own_ms: number(&bounds["correct_own_hours"]) * 60 * MINUTE,
            grace_ms: number(&bounds["grant_grace_hours"]) * 60 * MINUTE,
        }
    }

    /// The openness of a state; HS00 is below every other.
    pub(crate) fn rank(&self, state: u16) -> i16 {
        self.states
            .get(&state)
            .map_or(-1, |(rank, _)| i16::from(*rank))
    }
    /// Whether a state is open.
    pub(crate) fn is_open(&self, state: u16) -> bool {
        self.states.get(&state).is_some_and(|(_, open)| *open)
    }
    /// Whether a row starts from a state.
    pub(crate) fn starts(&self, row: &Row, state: u16) -> bool {
        self.starts_from(&row.from, state)
    }
    /// Whether a state is among those in which a transition starts.
    pub(crate) fn starts_from(&self, from: &From, state: u16) -> bool {
        match from {
            From::Any => true,
            From::AnyOpen => self.is_open(state),
            From::These(states) => states.contains(&state),
        }
    }
    /// The default grade of a kind; none if the kind is unknown.
    pub(crate) fn default_grade(&self, code: &str) -> Option<Grade> {
        self.kinds.get(code).and_then(|(grade, _)| *grade)
    }
    /// Whether the kind is a violation by a person.
    pub(crate) fn is_violation(&self, code: &str) -> bool {
        self.kinds
            .get(code)
            .is_some_and(|(_, nature)| nature == "violation")
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}
fn state_number(value: &Value) -> u16 {
    u16::try_from(number(value)).unwrap_or(0)
}
fn texts(value: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    list(value).iter().filter_map(text).collect()
}
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
fn roles(value: &Value) -> Option<Vec<Role>> {
    (value != "any").then(|| {
        texts(value)
            .iter()
            .filter_map(|r| Role::from_name(r))
            .collect()
    })
}
fn kind(value: &Value) -> (String, (Option<Grade>, String)) {
    let grade = Grade::from_name(&text(&value["grade"]));
    (text(&value["code"]), (grade, text(&value["nature"])))
}

fn row(value: &Value) -> Row {
    let from = match value["from"].as_str() {
        // `as_the_rules_state` names the states of `other` where they matter.
        Some("any" | "other") => From::Any,
        Some(_) => From::AnyOpen,
        None => From::These(list(&value["from"]).iter().map(state_number).collect()),
    };
    let to = value["to"]
        .as_i64()
        .map_or(To::Same, |_| To::State(state_number(&value["to"])));
    Row {
        id: text(&value["id"]),
        event: text(&value["event"]),
        when: texts(&value["when"]),
        from,
        to,
        roles: roles(&value["roles"]),
        guards: texts(&value["guards"]),
        proposal: value["proposal"] == true,
    }
}

fn machines(life: &Value) -> BTreeMap<String, Steps> {
    let mut all = BTreeMap::new();
    for machine in list(&life["machines"]) {
        let moves = list(&machine["moves"]);
        let moves = moves
            .iter()
            .map(|m| (text(&m["from"]), texts(&m["to"])))
            .collect();
        let steps = Steps {
            first: texts(&machine["first"]),
            moves,
        };
        all.insert(text(&machine["event"]), steps);
    }
    all
}
