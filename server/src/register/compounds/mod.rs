//! Importing compounds and their buildings: reads the known rows, plans the whole file, then writes all of it or nothing.
//!
//! A bad line is part of the result, and then nothing is written.

mod buildings;
mod gather;
mod line;

use std::collections::BTreeSet;

use sync_core::{grouping, record::CompoundId};

use self::{
    buildings::{buildings, shown},
    gather::{Known, gather},
    line::{COLUMNS, cells, compound, id, named, place},
};
use super::{
    csv::{self, Line},
    figures,
    import::{Import, both},
};
use crate::storage::{
    Storage, StorageError, Tx,
    compounds::{self, Building, Compound},
    names,
};

/// A compound as it is after the import.
#[derive(Debug)]
struct Planned {
    line: usize,
    compound: Compound,
    /// Buildings that are new or differ.
    put: Vec<Building>,
    /// Stored rows of buildings that are removed, or that moved to another county.
    removed: Vec<Building>,
    pmc_name: Option<String>,
}

/// Imports a table of compounds; with `dry`, only returns what an import would do: each cell, and from `today`
/// (yyyy-mm-dd) on each figure.
///
/// # Errors
/// [`StorageError`]; bad lines are part of the result.
pub async fn import_compounds(
    storage: &Storage,
    text: Vec<u8>,
    dry: Option<String>,
) -> Result<Import, StorageError> {
    storage
        .write(move |tx| {
            let mut import = Import::default();
            let lines = csv::read(&text, &COLUMNS, &["id", "path"], &mut import);
            let known = gather(tx, &lines)?;
            let planned = plan(&lines, &known, &mut import);
            match &dry {
                _ if !import.bad.is_empty() => {}
                Some(today) => {
                    let changed: Vec<Compound> =
                        planned.iter().map(|p| p.compound.clone()).collect();
                    import.moves = figures::moved_by_compounds(tx, &changed, today)?;
                }
                None => {
                    apply(tx, &planned)?;
                    import.written = true;
                }
            }
            Ok(import)
        })
        .await
}

/// Plans every line; a line that is wrong, or given twice, is refused.
fn plan(lines: &[Line], known: &Known, import: &mut Import) -> Vec<Planned> {
    let (mut planned, mut seen) = (Vec::new(), BTreeSet::new());
    for line in lines {
        match read(line, known) {
            Ok(one) if !seen.insert(one.compound.id) => import.refuse(
                line.number,
                format!("{} 出现两次，请只保留一行", one.compound.name),
                format!("{} is given twice; leave one line", one.compound.name),
            ),
            Ok(one) => {
                count(&one, known, import);
                planned.push(one);
            }
            Err(problem) => import.wrong(line.number, problem),
        }
    }
    planned
}

/// The id of a line's compound: given, that of the stored compound with this place and name, or derived from them.
fn identify(line: &Line, known: &Known) -> Result<CompoundId, String> {
    let (path, name) = place(line)?;
    let given = id(line)?;
    let (Some(path), Some(name)) = (&path, &name) else {
        return given.ok_or_else(|| {
            both(
                "没有 id 时需要 path 和 name",
                "a line without an id needs path and name",
            )
        });
    };
    if let Some(id) = given {
        return match known.occupant(path, name).filter(|twin| twin.id != id) {
            None => Ok(id),
            Some(twin) => Err(both(
                format!("{path} 已有 {name}，其 id 是 {}", twin.id),
                format!(
                    "{path} has {name:?} already, with the id {}; give that id",
                    twin.id
                ),
            )),
        };
    }
    match known.named(path, name).as_slice() {
        [] => Ok(named(path, name)),
        [twin] => Ok(twin.id),
        _ => Err(both(
            format!("{path} 有几个 {name}，请给出 id"),
            format!("{path} has several compounds {name:?}; give the id"),
        )),
    }
}

fn read(line: &Line, known: &Known) -> Result<Planned, String> {
    let id = identify(line, known)?;
    let stored = known.compounds.get(&id);
    let (path, name) = place(line)?;
    let missing = |column: &str| {
        both(
            format!("新的小区缺少 {column}（id 尚未登记）"),
            format!("no {column}, which a new compound needs; its id is not in the register"),
        )
    };
    let path = path
        .or(stored.map(|c| c.path.clone()))
        .ok_or_else(|| missing("path"))?;
    let name = name
        .or(stored.map(|c| c.name.clone()))
        .ok_or_else(|| missing("name"))?;
    let county = known.county(&path).ok_or_else(|| {
        both(
            format!("{path} 不在已导入的县区之内，请先导入区划"),
            format!("no county covers {path}; import its regions first"),
        )
    })?;
    let mut compound = compound(line, id, (path, name), stored)?;
    if let Some(stored) = stored {
        // The old name of a renamed compound becomes an alias.
        let named = grouping::names(&stored.name, &[&compound.name]);
        let mut aliases: BTreeSet<String> = named.aliases.into_iter().collect();
        aliases.extend(stored.aliases.iter().map(str::to_owned));
        aliases.remove(&named.name);
        compound.aliases = aliases.into_iter().collect();
    }
    let before = known.buildings(id, county);
    let after = buildings(line, county, &compound, &before)?;
    let rows = known.rows(id);
    let put = after.values().filter(|building| !rows.contains(building));
    let stays = |row: &Building| {
        after
            .get(&row.building)
            .is_some_and(|b| b.space == row.space)
    };
    Ok(Planned {
        line: line.number,
        put: put.cloned().collect(),
        removed: rows.iter().filter(|row| !stays(row)).cloned().collect(),
        pmc_name: line.get("pmc_name").map(str::to_owned),
        compound,
    })
}

/// Counts a compound and each cell that changes.
fn count(one: &Planned, known: &Known, import: &mut Import) {
    let (line, compound) = (one.line, &one.compound);
    let earlier = import.changes.len();
    let Some(stored) = known.compounds.get(&compound.id) else {
        import.added += 1;
        import.buildings += one.put.len();
        import.new_row(line, &compound.name);
        return;
    };
    let row = &stored.name;
    import.differ(line, row, cells(stored), cells(compound));
    if let (Some(pmc), Some(name)) = (compound.pmc, &one.pmc_name) {
        let there = known.organs.get(&pmc).cloned().unwrap_or_default();
        import.differ(
            line,
            row,
            [("pmc_name", there)],
            [("pmc_name", name.clone())],
        );
    }
    if stored.path != compound.path {
        let (name, from, to) = (&compound.name, &stored.path, &compound.path);
        import.warnings.push(both(
            format!("第 {line} 行：{name} 由 {from} 移到 {to}"),
            format!("line {line}: {name} moves from {from} to {to}"),
        ));
    }
    let is_changed = import.changes.len() > earlier || stored != compound;
    import.changed += usize::from(is_changed);
    import.same += usize::from(!is_changed);
    let keys: BTreeSet<&String> = one
        .put
        .iter()
        .chain(&one.removed)
        .map(|b| &b.building)
        .collect();
    import.buildings += keys.len();
    let rows = known.rows(compound.id);
    for key in keys {
        let before = rows.iter().find(|row| row.building == *key);
        let after = one.put.iter().find(|row| row.building == *key);
        let label = after.or(before).map_or("", |b| &b.label);
        import.differ(line, row, [(label, shown(before))], [(label, shown(after))]);
    }
}

fn apply(tx: &mut dyn Tx, planned: &[Planned]) -> Result<(), StorageError> {
    let all: Vec<Compound> = planned.iter().map(|p| p.compound.clone()).collect();
    compounds::put(tx, &all)?;
    for removed in planned.iter().flat_map(|p| &p.removed) {
        compounds::remove_building(tx, removed)?;
    }
    let buildings = planned.iter().flat_map(|p| p.put.iter().cloned());
    compounds::put_buildings(tx, &buildings.collect::<Vec<_>>())?;
    for one in planned {
        if let (Some(pmc), Some(name)) = (&one.compound.pmc, &one.pmc_name) {
            names::set_organ(tx, *pmc, name)?;
        }
    }
    Ok(())
}
