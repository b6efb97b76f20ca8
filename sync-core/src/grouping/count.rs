//! Coverage: a building counts once however many visits it had.

use std::collections::BTreeSet;

/// How many of these places were visited; a visit elsewhere does not count, a second one neither.
pub fn covered<P: Ord>(places: &BTreeSet<P>, visits: &[P]) -> usize {
    let visited: BTreeSet<&P> = visits.iter().collect();
    places
        .iter()
        .filter(|place| visited.contains(place))
        .count()
}
