//! Gathers what the indicators are computed from, space by space, in as few rows as they need.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    catalogue::Indicators,
    record::{AreaPath, CompoundId},
};

use super::{ground::Part, merged, period::Counting};
use crate::storage::{
    StorageError, Tx,
    activities::record_name,
    compounds::{self, Compound},
    indicators::{self, Amount, Ask, Covered, Hazards},
    spaces,
};

/// A compound of the register with the number of its buildings and its coverage.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) compound: Compound,
    pub(super) building_count: i64,
    pub(super) covered: Covered,
}

/// What is known of one space.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) hazards: Vec<Hazards>,
    pub(super) quantities: Vec<Amount>,
    pub(super) unreadable: Vec<(AreaPath, i64)>,
    pub(super) compounds: Vec<Standing>,
}

pub(super) fn gather(
    tx: &mut dyn Tx,
    table: &Indicators,
    part: &Part,
    counting: &Counting,
) -> Result<Facts, StorageError> {
    let ask = Ask {
        space: part.space.clone(),
        areas: part.areas.clone(),
        by_path: part.by_path,
        from: counting.period.begin,
        to: counting.known_before(),
    };
    let figures: Vec<&str> = table.hazard_figures().into_iter().collect();
    let conditional = [false, true].into_iter();
    let names = conditional.flat_map(|conditional| {
        let quantities = table.quantities(conditional).into_iter();
        let types = table.types(conditional).into_iter();
        quantities.map(str::to_owned).chain(types.map(record_name))
    });
    let names: BTreeSet<String> = names.collect();
    let names: Vec<String> = names.into_iter().collect();
    let mut facts = Facts {
        hazards: indicators::hazards(tx, &ask, &figures)?,
        quantities: indicators::quantities(tx, &ask, &names)?,
        unreadable: indicators::unreadable(tx, &ask)?,
        compounds: register(tx, &ask, &counting.period.to)?,
    };
    let linked = indicators::linked(tx, &ask, &figures)?;
    facts.hazards.extend(merged::corrections(&ask, &linked));
    Ok(facts)
}

/// The compounds of a space that are active on a day.
fn register(tx: &mut dyn Tx, ask: &Ask, day: &str) -> Result<Vec<Standing>, StorageError> {
    let mut found = Vec::new();
    if ask.areas.is_empty() {
        found = compounds::within(tx, &ask.space)?;
    }
    for area in &ask.areas {
        found.extend(compounds::within(tx, area)?);
    }
    // A city with a log of its own does not count what lies in the logs of its counties.
    let spaces: Vec<AreaPath> = spaces::list(tx)?
        .into_iter()
        .map(|space| space.id)
        .collect();
    let own = |c: &Compound| spaces::deepest(&spaces, &c.path) == Some(&ask.space);
    let active = |c: &Compound| c.is_active(day) && own(c);
    let counts: HashMap<CompoundId, i64> = indicators::building_counts(tx, &ask.space)?
        .into_iter()
        .collect();
    let covered = indicators::covered(tx, ask)?.into_iter();
    let mut covered: HashMap<CompoundId, Covered> = covered.collect();
    let standing = |compound: Compound| Standing {
        building_count: counts.get(&compound.id).copied().unwrap_or(0),
        covered: covered.remove(&compound.id).unwrap_or_default(),
        compound,
    };
    Ok(found.into_iter().filter(active).map(standing).collect())
}
