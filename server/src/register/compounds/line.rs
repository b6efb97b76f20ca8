//! Parses the lines of a table of compounds.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use sync_core::{
    place_key,
    record::{AreaPath, CompoundId, OrganId},
};

use crate::{
    register::{
        csv::{self, Line},
        import::Import,
    },
    storage::{
        column::Lines,
        compounds::{Building, Compound},
    },
};

/// The columns of the table.
pub(super) const COLUMNS: [&str; 11] = [
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
pub(super) struct Wanted {
    pub(super) line: usize,
    pub(super) compound: Compound,
    pub(super) buildings: Vec<Building>,
    pub(super) pmc_name: Option<String>,
}

/// Parses every line; a line that is wrong, or given twice, is refused.
pub(super) fn wanted(
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
