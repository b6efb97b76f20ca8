//! What a comparison with another implementation of the rules uses: the inputs of a world and the outcome of the oracle.

use crate::{
    oracle::{Outcome, judge, outcome::ConflictStatus, tables::Tables},
    world::{Inputs, World},
};

/// A seed, the inputs of its world, and the outcome that the oracle finds for them.
pub(crate) fn judged_world(seed: u64, tables: &Tables) -> (Inputs, Outcome) {
    let world = World::of_seed(seed, tables);
    let outcome = judge(&world.events, &world.facts, tables);
    (world.inputs(), outcome)
}

#[test]
fn the_inputs_of_a_world_are_all_that_the_oracle_needs() {
    let tables = Tables::embedded();
    for seed in 0..60 {
        let (inputs, expected) = judged_world(seed, &tables);
        let events = inputs.events.clone();
        assert_eq!(judge(&events, &inputs.facts(), &tables), expected);
    }
}

#[test]
fn an_outcome_has_every_event_and_sorted_lists() {
    let tables = Tables::embedded();
    for seed in 0..60 {
        let (inputs, outcome) = judged_world(seed, &tables);
        let mut known = inputs.events.iter().map(|(id, _)| id);
        assert!(known.all(|id| outcome.events.contains_key(id)));
        assert!(outcome.conflicts.is_sorted());
        assert!(outcome.cards.is_sorted() && outcome.notices.is_sorted());
        assert!(outcome.live_transfers.is_sorted());
        let is_open = |status| status == ConflictStatus::Open;
        let open = outcome.conflicts.iter().any(|c| is_open(c.status));
        assert_eq!(outcome.conflicted, open);
        for conflict in &outcome.conflicts {
            assert!(conflict.others.is_sorted() && conflict.settled_by.is_sorted());
            assert!(!is_open(conflict.status) || conflict.settled_by.is_empty());
        }
        for register in outcome.registers.values() {
            assert!(register.maximal.is_sorted() && !register.maximal.is_empty());
        }
    }
}
