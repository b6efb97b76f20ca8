//! Sets of events of a world that are closed under ancestors: replicas, and what one person adds to them.

use super::case::Case;
use crate::{oracle::doc::Set, world::Chance};

/// A replica of a world. Which events it has depends on the ids and the salt alone.
pub(crate) fn replica(case: &Case<'_>, salt: u64) -> Set {
    let chosen = |e: &usize| {
        let bytes = case.doc.events[*e].id.as_bytes();
        let sum = bytes.iter().fold(salt, |sum, b| {
            sum.wrapping_mul(1_099_511_628_211)
                .wrapping_add(u64::from(*b))
        });
        Chance::new(sum).percent(18)
    };
    let mut set = Set::new();
    for e in (0..case.doc.events.len()).filter(chosen) {
        set.insert(e);
        set.extend(&case.doc.past[e]);
    }
    set
}

/// The sets that a law looks at: the causal history of each event, and some replicas.
pub(crate) fn sets(case: &Case<'_>) -> Vec<Set> {
    let mut all: Vec<Set> = case.doc.past.clone();
    all.extend((0..6).map(|salt| replica(case, salt)));
    all.dedup();
    all
}

/// A set with every further event that fits, in display order, as far as its causes are there. `fits` takes the event and
/// what was added before.
pub(crate) fn with(case: &Case<'_>, set: &Set, fits: &dyn Fn(usize, &Set) -> bool) -> Set {
    let mut more = set.clone();
    let mut added = Set::new();
    for e in 0..case.doc.events.len() {
        if !more.contains(&e) && fits(e, &added) && case.doc.past[e].is_subset(&more) {
            more.insert(e);
            added.insert(e);
        }
    }
    more
}

/// For each author of the world: one event of the author, and the set with all that the person adds to it.
pub(crate) fn by_each_person(case: &Case<'_>, set: &Set) -> Vec<(usize, Set)> {
    let mut all: Vec<(usize, Set)> = Vec::new();
    for p in 0..case.doc.events.len() {
        if set.contains(&p) || all.iter().any(|(_, more)| more.contains(&p)) {
            continue;
        }
        // Who is the same person is not transitive: a grant may state a second id later.
        let of_one = |e: usize, added: &Set| {
            let mut all = added.iter().chain([&p]);
            all.all(|x| case.doc.same_person(e, *x))
        };
        let more = with(case, set, &of_one);
        if more.len() > set.len() {
            all.push((p, more));
        }
    }
    all
}
