//! Coverage: a building counts once, independent of the number of its visits.

use std::collections::BTreeSet;

/// How many of these places were visited; neither a visit of another place nor a second visit counts.
pub fn covered<P: Ord>(places: &BTreeSet<P>, visits: &[P]) -> usize {
    let visited: BTreeSet<&P> = visits.iter().collect();
    places
        .iter()
        .filter(|place| visited.contains(place))
        .count()
}
