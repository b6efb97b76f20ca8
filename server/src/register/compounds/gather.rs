//! The stored rows that a file of compounds depends on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::{
    catalogue::{Catalogue, Level},
    record::{AreaPath, CompoundId, OrganId},
};

use super::line::{id, named, place};
use crate::{
    register::{csv::Line, tree::levels},
    storage::{
        StorageError, Tx,
        compounds::{self, Building, Compound},
        names, regions,
        spaces::{self, deepest},
    },
};

/// The stored rows of the compounds that a file names, and the counties.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) compounds: HashMap<CompoundId, Compound>,
    /// Names of property companies.
    pub(super) organs: HashMap<OrganId, String>,
    buildings: HashMap<CompoundId, Vec<Building>>,
    by_path: HashMap<AreaPath, Vec<Compound>>,
    /// Counties: spaces and regions of this level.
    counties: BTreeSet<AreaPath>,
    /// Functional areas; they contain a place that no county does.
    zones: BTreeSet<AreaPath>,
}

impl Known {
    /// The county that contains a path.
    pub(super) fn county(&self, path: &AreaPath) -> Option<&AreaPath> {
        deepest(&self.counties, path).or_else(|| deepest(&self.zones, path))
    }

    /// The stored compound of a path that has this name now.
    pub(super) fn occupant(&self, path: &AreaPath, name: &str) -> Option<&Compound> {
        self.by_path.get(path)?.iter().find(|c| c.name == name)
    }

    /// The stored compounds of a path with this name, or with this alias if none has the name.
    pub(super) fn named(&self, path: &AreaPath, name: &str) -> Vec<&Compound> {
        let here = self.by_path.get(path).map_or(&[][..], Vec::as_slice);
        let own: Vec<_> = here.iter().filter(|c| c.name == name).collect();
        if !own.is_empty() {
            return own;
        }
        here.iter()
            .filter(|c| c.aliases.iter().any(|alias| alias == name))
            .collect()
    }

    /// The stored rows of a compound's buildings, of any county.
    pub(super) fn rows(&self, id: CompoundId) -> &[Building] {
        self.buildings.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The buildings of a compound by place key: of two rows that of its county.
    pub(super) fn buildings(
        &self,
        id: CompoundId,
        county: &AreaPath,
    ) -> BTreeMap<String, Building> {
        let mut all: BTreeMap<String, Building> = BTreeMap::new();
        for row in self.rows(id) {
            if row.space == *county || !all.contains_key(&row.building) {
                all.insert(row.building.clone(), row.clone());
            }
        }
        all
    }
}

/// Reads what the lines of a file depend on. Lines that are wrong are left out; the plan refuses them.
pub(super) fn gather(tx: &mut dyn Tx, lines: &[Line]) -> Result<Known, StorageError> {
    let mut known = Known::default();
    counties(tx, &mut known)?;
    let (mut paths, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        if let (Ok(given), Ok((path, name))) = (id(line), place(line)) {
            ids.extend(given);
            if let (Some(path), Some(name)) = (path, name) {
                ids.insert(named(&path, &name));
                paths.insert(path);
            }
        }
    }
    let paths: Vec<AreaPath> = paths.into_iter().collect();
    for compound in compounds::at(tx, &paths)? {
        ids.insert(compound.id);
        known
            .by_path
            .entry(compound.path.clone())
            .or_default()
            .push(compound);
    }
    let ids: Vec<CompoundId> = ids.into_iter().collect();
    for compound in compounds::find(tx, &ids)? {
        known.compounds.insert(compound.id, compound);
    }
    let stored: Vec<CompoundId> = known.compounds.keys().copied().collect();
    for space in compounds::spaces_with_buildings(tx)? {
        for building in compounds::buildings(tx, &space, &stored)? {
            known
                .buildings
                .entry(building.compound)
                .or_default()
                .push(building);
        }
    }
    let given = lines
        .iter()
        .filter_map(|line| line.get("pmc")?.parse().ok());
    let pmcs = known.compounds.values().filter_map(|c| c.pmc).chain(given);
    let pmcs: BTreeSet<OrganId> = pmcs.collect();
    for pmc in pmcs {
        if let Some(name) = names::organ(tx, pmc)? {
            known.organs.insert(pmc, name);
        }
    }
    Ok(known)
}

fn counties(tx: &mut dyn Tx, known: &mut Known) -> Result<(), StorageError> {
    known.counties = spaces::list(tx)?
        .into_iter()
        .map(|space| space.id)
        .collect();
    let built_in = Catalogue::embedded().regions.regions.iter();
    let built_in = built_in.map(|region| (region.path.clone(), region.levels.clone()));
    let rows = regions::deciding(tx)?.into_iter();
    let rows = rows.filter_map(|row| Some((row.path, levels(&row.level)?)));
    for (path, levels) in built_in.chain(rows) {
        if levels.contains(&Level::County) {
            known.counties.insert(path);
        } else if levels.contains(&Level::FunctionalArea) {
            known.zones.insert(path);
        }
    }
    Ok(())
}
