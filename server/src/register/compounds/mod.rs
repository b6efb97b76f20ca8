//! Importing compounds and their buildings: reads the known rows, plans the whole file, then writes all of it or nothing.
//!
//! A bad line is part of the result, and then nothing is written.

mod line;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    catalogue::{Level, ReportingTree},
    grouping,
    record::{AreaPath, CompoundId},
};

use self::line::{COLUMNS, Wanted, wanted};
use super::{
    csv::{self, Line},
    import::Import,
    tree::parents,
};
use crate::storage::{
    Storage, StorageError, Tx,
    compounds::{self, Building, Compound},
    names, spaces,
};

/// The stored rows of the compounds that a file names.
#[derive(Debug, Default)]
struct Known {
    compounds: HashMap<CompoundId, Compound>,
    buildings: BTreeSet<Building>,
}

/// Imports a table of compounds; with `dry`, only returns what an import would do.
///
/// # Errors
/// [`StorageError`]; bad lines are part of the result.
pub async fn import_compounds(
    storage: &Storage,
    text: Vec<u8>,
    dry: bool,
) -> Result<Import, StorageError> {
    storage
        .write(move |tx| {
            let mut import = Import::default();
            let lines = csv::read(&text, &COLUMNS, &mut import);
            let counties = counties(tx, &lines)?;
            let wanted = wanted(&lines, &counties, &mut import);
            let known = gather(tx, &wanted)?;
            let planned = plan(wanted, &known, &mut import);
            if import.bad.is_empty() && !dry {
                apply(tx, &planned)?;
                import.written = true;
            }
            Ok(import)
        })
        .await
}

/// The county of each path: the space that covers it if there is one, else the region that counts as a county.
fn counties(tx: &mut dyn Tx, lines: &[Line]) -> Result<BTreeMap<AreaPath, AreaPath>, StorageError> {
    let paths = lines
        .iter()
        .filter_map(|line| line.get("path")?.parse().ok());
    let paths: BTreeSet<AreaPath> = paths.collect();
    let mut counties = BTreeMap::new();
    let logs = spaces::covering(tx, &paths)?;
    let parents = parents(tx, "")?;
    let registered = registered(&parents, &paths);
    for path in paths {
        let of = |all: &BTreeSet<AreaPath>| all.iter().find(|county| county.covers(&path)).cloned();
        if let Some(county) = of(&logs).or_else(|| of(&registered)) {
            counties.insert(path, county);
        }
    }
    Ok(counties)
}

fn registered(parents: &ReportingTree, paths: &BTreeSet<AreaPath>) -> BTreeSet<AreaPath> {
    let tops = paths
        .iter()
        .filter_map(|path| path.codes().next()?.parse().ok());
    let tops: BTreeSet<AreaPath> = tops.collect();
    let all = tops
        .iter()
        .flat_map(|top| parents.registered(Level::County, top));
    all.collect()
}

fn gather(tx: &mut dyn Tx, wanted: &[Wanted]) -> Result<Known, StorageError> {
    let ids: Vec<CompoundId> = wanted.iter().map(|w| w.compound.id).collect();
    let found = compounds::find(tx, &ids)?.into_iter();
    let mut known = Known {
        compounds: found.map(|c| (c.id, c)).collect(),
        ..Known::default()
    };
    let mut by_space: BTreeMap<&AreaPath, Vec<CompoundId>> = BTreeMap::new();
    for building in wanted.iter().flat_map(|w| &w.buildings) {
        let ids = by_space.entry(&building.space).or_default();
        if ids.last() != Some(&building.compound) {
            ids.push(building.compound);
        }
    }
    for (space, ids) in by_space {
        known
            .buildings
            .extend(compounds::buildings(tx, space, &ids)?);
    }
    Ok(known)
}

/// Compares with the stored rows. The old name of a renamed compound becomes an alias.
fn plan(wanted: Vec<Wanted>, known: &Known, import: &mut Import) -> Vec<Wanted> {
    let mut planned = Vec::new();
    for mut one in wanted {
        let there = known.compounds.get(&one.compound.id);
        if let Some(there) = there {
            let named = grouping::names(&there.name, &[&one.compound.name]);
            let mut aliases: BTreeSet<String> = named.aliases.into_iter().collect();
            aliases.extend(there.aliases.iter().map(str::to_owned));
            aliases.remove(&named.name);
            one.compound.aliases = aliases.into_iter().collect();
            if there.path != one.compound.path {
                let (name, line) = (&one.compound.name, one.line);
                let warning = format!("line {line}: {name} moves from {} ", there.path);
                import
                    .warnings
                    .push(warning + "to " + one.compound.path.as_str());
            }
        }
        one.buildings.retain(|b| !known.buildings.contains(b));
        import.buildings += one.buildings.len();
        match there {
            Some(there) if *there == one.compound => import.same += 1,
            Some(_) => import.changed += 1,
            None => import.added += 1,
        }
        planned.push(one);
    }
    planned
}

fn apply(tx: &mut dyn Tx, planned: &[Wanted]) -> Result<(), StorageError> {
    let all: Vec<Compound> = planned.iter().map(|p| p.compound.clone()).collect();
    compounds::put(tx, &all)?;
    let buildings = planned.iter().flat_map(|p| p.buildings.iter().cloned());
    compounds::put_buildings(tx, &buildings.collect::<Vec<_>>())?;
    for one in planned {
        if let (Some(pmc), Some(name)) = (&one.compound.pmc, &one.pmc_name) {
            names::set_organ(tx, *pmc, name)?;
        }
    }
    Ok(())
}
