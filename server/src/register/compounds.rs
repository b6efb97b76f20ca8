//! Importing compounds and their buildings: reads the known rows, plans the whole file, then writes all of it or
//! nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};
use sync_core::{
    catalogue::Level,
    catalogue::ReportingTree,
    grouping, place_key,
    record::{AreaPath, CompoundId, OrganId},
};

use super::{
    Import,
    csv::{self, Line},
    parents,
};
use crate::storage::{
    Storage, StorageError, Tx,
    column::Lines,
    compounds::{self, Building, Compound},
    names, spaces,
};

const COLUMNS: [&str; 11] = [
    "id",
    "path",
    "name",
    "type",
    "households",
    "pmc",
    "pmc_name",
    "active",
    "valid_from",
    "valid_to",
    "buildings",
];
const KINDS: [&str; 5] = ["commercial", "old", "unit", "resettlement", "none"];
const HEIGHTS: [&str; 4] = ["<=27", "27-54", "54-100", ">100"];

/// A line after parsing.
#[derive(Debug, Clone)]
struct Wanted {
    line: usize,
    compound: Compound,
    buildings: Vec<Building>,
    pmc_name: Option<String>,
}

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

fn wanted(
    lines: &[Line],
    counties: &BTreeMap<AreaPath, AreaPath>,
    import: &mut Import,
) -> Vec<Wanted> {
    let (mut wanted, mut seen) = (Vec::new(), BTreeSet::new());
    for line in lines {
        match read(line, counties) {
            Ok(one) if !seen.insert(one.compound.id) => {
                let problem = format!("{} is given twice; leave one line", one.compound.name);
                import.refuse(line.number, problem);
            }
            Ok(one) => wanted.push(one),
            Err(problem) => import.refuse(line.number, problem),
        }
    }
    wanted
}

fn read(line: &Line, counties: &BTreeMap<AreaPath, AreaPath>) -> Result<Wanted, String> {
    let path = line
        .get("path")
        .ok_or("no path; give the community or grid")?;
    let path: AreaPath = path.parse().map_err(|_| format!("path {path:?} is none"))?;
    let county = counties.get(&path);
    let county =
        county.ok_or_else(|| format!("no county covers {path}; import its regions first"))?;
    let name = line.get("name").ok_or("no name")?;
    let id = match line.get("id") {
        Some(text) => text
            .parse()
            .map_err(|_| format!("id {text:?} is not a UUID"))?,
        None => named(&path, name),
    };
    let kind = line.get("type").unwrap_or_default();
    if !kind.is_empty() && !KINDS.contains(&kind) {
        return Err(format!("type {kind:?} is none of {}", KINDS.join(", ")));
    }
    let pmc = line.get("pmc").map(|text| {
        let problem = |_| format!("pmc {text:?} is not the UUID of an organisation");
        text.parse::<OrganId>().map_err(problem)
    });
    let active = match line.get("active").unwrap_or("1") {
        "1" | "true" => true,
        "0" | "false" => false,
        other => return Err(format!("active {other:?} is neither 1 nor 0")),
    };
    for column in ["valid_from", "valid_to"] {
        if let Some(text) = line.get(column).filter(|text| !csv::is_day(text)) {
            return Err(format!("{column}: {text:?} is not yyyy-mm-dd"));
        }
    }
    let compound = Compound {
        id,
        path,
        name: name.to_owned(),
        pmc: pmc.transpose()?,
        kind: kind.to_owned(),
        households: number(line.get("households"), "households")?,
        active,
        valid_from: line.owned("valid_from"),
        valid_to: line.owned("valid_to"),
        aliases: Lines::default(),
    };
    Ok(Wanted {
        line: line.number,
        buildings: buildings(line.get("buildings").unwrap_or_default(), county, &compound)?,
        compound,
        pmc_name: line.owned("pmc_name"),
    })
}

fn number(text: Option<&str>, what: &str) -> Result<Option<i64>, String> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().filter(|n| (0..=1_000_000).contains(n));
    number
        .map(Some)
        .ok_or_else(|| format!("{what} {text:?} is not a number"))
}

/// The id of a compound without an id in the file: derived from its place and name, so the same for the same two.
fn named(path: &AreaPath, name: &str) -> CompoundId {
    let hash: [u8; 32] = Sha256::digest(format!("compound {path} {name}")).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    // A UUID of version 8: a custom format.
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    CompoundId(id)
}

/// Parses buildings as `label:units:height class`, joined by `;`; unknown parts are omitted.
fn buildings(text: &str, county: &AreaPath, compound: &Compound) -> Result<Vec<Building>, String> {
    let mut buildings: BTreeMap<String, Building> = BTreeMap::new();
    for one in text.split([';', '；']).filter(|one| !one.trim().is_empty()) {
        let mut parts = one.split([':', '：']).map(str::trim);
        let label = parts.next().unwrap_or_default();
        let units = number(parts.next().filter(|u| !u.is_empty()), "units")?;
        let height = parts.next().unwrap_or_default();
        if !height.is_empty() && !HEIGHTS.contains(&height) {
            return Err(format!(
                "height class {height:?} is none of {}",
                HEIGHTS.join(", ")
            ));
        }
        let building = Building {
            space: county.clone(),
            compound: compound.id,
            building: place_key::building(label),
            label: label.to_owned(),
            units,
            height_class: height.to_owned(),
        };
        let key = building.building.clone();
        if let Some(twin) = buildings.insert(key, building) {
            return Err(format!(
                "{label} and {} are one building; leave one",
                twin.label
            ));
        }
    }
    Ok(buildings.into_values().collect())
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
