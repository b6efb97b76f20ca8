//! An index of the tables by number, built once when they are read.

use super::{
    class::EventClass,
    event_kind::number,
    field::Field,
    pairs::{PairRule, Rows, Selected},
    state::{State, StateCode},
    transition::Transition,
};
use crate::record::EventBody;

/// Size of the index: event kinds and states.
const KINDS: usize = 64;
const STATES: usize = 100;

/// What a fold looks up for every event.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    states: Vec<Option<(u8, bool)>>,
    transitions: Vec<Vec<u16>>,
    fields: Vec<u16>,
    pub(super) first_fields: u16,
    selected: Selected,
}

impl Index {
    /// Builds the index; an error names the entry that is out of range or unknown.
    pub(super) fn build(
        states: &[State],
        transitions: &[Transition],
        fields: &[Field],
        concurrent: &[PairRule],
    ) -> Result<Self, String> {
        let mut index = Self {
            states: vec![None; STATES],
            transitions: vec![Vec::new(); KINDS],
            fields: vec![0; KINDS],
            selected: Selected::build(concurrent, KINDS)?,
            ..Self::default()
        };
        for state in states {
            let slot = index.states.get_mut(usize::from(state.number.0));
            *slot.ok_or_else(|| format!("state {} is out of range", state.number))? =
                Some((state.rank, state.open));
        }
        for (at, transition) in transitions.iter().enumerate() {
            index.transitions[number(&transition.event)?].push(place(at));
        }
        for field in fields {
            for event in &field.set_by {
                index.fields[number(event)?] |= field.name.bit();
            }
            if field.first {
                index.first_fields |= field.name.bit();
            }
        }
        Ok(index)
    }

    pub(super) fn rank(&self, code: StateCode) -> u8 {
        self.state(code).map_or(u8::MAX, |(rank, _)| rank)
    }
    pub(super) fn is_open(&self, code: StateCode) -> bool {
        self.state(code).is_none_or(|(_, open)| open)
    }
    fn state(&self, code: StateCode) -> Option<(u8, bool)> {
        self.states.get(usize::from(code.0)).copied().flatten()
    }
    pub(super) fn transitions(&self, kind: u16) -> &[u16] {
        self.transitions
            .get(usize::from(kind))
            .map_or(&[], Vec::as_slice)
    }
    pub(super) fn fields(&self, kind: u16) -> u16 {
        self.fields
            .get(usize::from(kind))
            .copied()
            .unwrap_or_default()
    }
    pub(super) fn rows(&self, body: &EventBody, class: EventClass) -> [Rows; 2] {
        self.selected.of(body, class)
    }
}

fn place(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
