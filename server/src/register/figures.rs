//! The figures of areas that an import moves: hazards in the ledger and compounds in the register, as the reporting trees
//! before and after it count them.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    catalogue::{Catalogue, ReportingTree},
    record::AreaPath,
};

use super::{import::FigureMove, tree::Hierarchy};
use crate::storage::{
    StorageError, Tx,
    compounds::{self, Compound},
    hazards,
};

/// The number of hazards and of compounds, by area.
type Counts = BTreeMap<AreaPath, [i64; 2]>;

/// What is counted: hazards by path, and compounds.
struct Counted {
    hazards: Vec<(AreaPath, i64)>,
    compounds: Vec<Compound>,
}

impl Counted {
    fn read(tx: &mut dyn Tx) -> Result<Self, StorageError> {
        let not = &Catalogue::embedded().indicators.not_counted;
        Ok(Self {
            hazards: hazards::counts_by_path(tx, not)?,
            compounds: compounds::list(tx)?,
        })
    }

    /// The counts of every area that a place reports to on a day.
    fn counts(&self, tree: &ReportingTree, day: &str) -> Counts {
        let mut counts = Counts::new();
        let mut add = |path: &AreaPath, which: usize, count: i64| {
            for area in tree.chain(path) {
                counts.entry(area).or_default()[which] += count;
            }
        };
        for (path, count) in &self.hazards {
            add(path, 0, *count);
        }
        for compound in self.compounds.iter().filter(|c| c.is_active(day)) {
            add(&compound.path, 1, 1);
        }
        counts
    }
}

/// The figures that a change of the table of regions moves, from a day on.
///
/// # Errors
/// [`StorageError`].
pub(super) fn moved_by_regions(
    tx: &mut dyn Tx,
    before: &Hierarchy,
    after: &Hierarchy,
    today: &str,
) -> Result<Vec<FigureMove>, StorageError> {
    let counted = Counted::read(tx)?;
    let days = days(today, before.days().union(&after.days()).cloned());
    let counts = |hierarchy: &Hierarchy, day: &str| {
        let tree = hierarchy.tree(day).ok();
        tree.map(|tree| counted.counts(&tree, day))
            .unwrap_or_default()
    };
    Ok(moves(days, |day| [counts(before, day), counts(after, day)]))
}

/// The figures that new and changed compounds move, from a day on.
///
/// # Errors
/// [`StorageError`].
pub(super) fn moved_by_compounds(
    tx: &mut dyn Tx,
    changed: &[Compound],
    today: &str,
) -> Result<Vec<FigureMove>, StorageError> {
    let hierarchy = Hierarchy::read(tx)?;
    let before = Counted::read(tx)?;
    let ids: BTreeSet<_> = changed.iter().map(|c| c.id).collect();
    let kept = before.compounds.iter().filter(|c| !ids.contains(&c.id));
    let after = Counted {
        hazards: before.hazards.clone(),
        compounds: kept.chain(changed).cloned().collect(),
    };
    let dated = changed.iter().chain(&before.compounds);
    let dated = dated.flat_map(|c| {
        let ended = c.valid_to.as_deref().and_then(super::csv::next_day);
        [c.valid_from.clone(), ended].into_iter().flatten()
    });
    let days = days(today, hierarchy.days().into_iter().chain(dated));
    Ok(moves(days, |day| {
        let tree = hierarchy.tree(day).unwrap_or_default();
        [&before, &after].map(|counted| counted.counts(&tree, day))
    }))
}

/// A day and the later ones of these.
fn days(today: &str, named: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut days: BTreeSet<String> = named.filter(|day| day.as_str() > today).collect();
    days.insert(today.to_owned());
    days
}

/// The areas whose counts differ, each on the first day of each difference.
fn moves(days: BTreeSet<String>, counts: impl Fn(&str) -> [Counts; 2]) -> Vec<FigureMove> {
    let mut moves = Vec::new();
    let mut last: BTreeMap<AreaPath, [[i64; 2]; 2]> = BTreeMap::new();
    for day in days {
        let [before, after] = counts(&day);
        let areas: BTreeSet<&AreaPath> = before.keys().chain(after.keys()).collect();
        for area in areas {
            let of = |counts: &Counts| counts.get(area).copied().unwrap_or_default();
            let (old, new) = (of(&before), of(&after));
            let is_known = last.get(area) == Some(&[old, new]);
            last.insert(area.clone(), [old, new]);
            if old != new && !is_known {
                moves.push(FigureMove {
                    from: day.clone(),
                    area: area.clone(),
                    hazards: [old[0], new[0]],
                    compounds: [old[1], new[1]],
                });
            }
        }
    }
    moves
}
