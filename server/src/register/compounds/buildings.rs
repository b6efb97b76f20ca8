//! The buildings of a compound: `label:units:height class`, joined by `;`.
//!
//! A building of the cell is added or changed, and none is removed, except that an empty cell removes all. A part that is
//! omitted leaves what is there, and an empty part clears it.

use std::collections::BTreeMap;

use sync_core::{place_key, record::AreaPath};

use super::line::number;
use crate::{
    register::{
        csv::{Cell, Line},
        import::both,
    },
    storage::compounds::{Building, Compound},
};

const HEIGHTS: [&str; 4] = ["<=27", "27-54", "54-100", ">100"];

/// Entrances of a building at most.
const MOST_UNITS: i64 = 99;

/// The buildings of a compound after the import, by place key. `stored` are those before it, of any county.
pub(super) fn buildings(
    line: &Line,
    county: &AreaPath,
    compound: &Compound,
    stored: &BTreeMap<String, Building>,
) -> Result<BTreeMap<String, Building>, String> {
    // A compound that moved to another county takes its buildings with it.
    let moved = |building: &Building| Building {
        space: county.clone(),
        ..building.clone()
    };
    let mut all: BTreeMap<String, Building> = stored
        .iter()
        .map(|(key, building)| (key.clone(), moved(building)))
        .collect();
    let text = match line.cell("buildings") {
        Cell::Absent => return Ok(all),
        Cell::Empty => return Ok(BTreeMap::new()),
        Cell::Text(text) => text,
    };
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    for one in text.split([';', '；']).filter(|one| !one.trim().is_empty()) {
        let mut parts = one.split([':', '：']).map(str::trim);
        let label = parts.next().unwrap_or_default();
        let key = place_key::building(label);
        if key.is_empty() {
            return Err(both(
                format!("buildings：{one} 没有楼栋名称"),
                format!("buildings: {one:?} has no label"),
            ));
        }
        if label.contains([',', '，', '、', '\n']) {
            return Err(both(
                format!("{label} 含有多栋楼，各栋之间请用分号"),
                format!("{label:?} names several buildings; separate them by ';'"),
            ));
        }
        if let Some(twin) = given.insert(key.clone(), label.to_owned()) {
            return Err(both(
                format!("{label} 和 {twin} 是同一栋楼，请只保留一个"),
                format!("{label} and {twin} are one building; leave one"),
            ));
        }
        let stored = all.get(&key);
        let units = match parts.next() {
            None => stored.and_then(|b| b.units),
            Some("") => None,
            Some(text) => Some(units_of(text)?),
        };
        let height = match parts.next() {
            None => stored.map_or("", |b| &b.height_class),
            Some(text) => text,
        };
        if !height.is_empty() && !HEIGHTS.contains(&height) {
            return Err(both(
                format!("高度类别 {height} 不在 {} 之中", HEIGHTS.join("、")),
                format!("height class {height:?} is none of {}", HEIGHTS.join(", ")),
            ));
        }
        if parts.next().is_some() {
            return Err(both(
                format!("buildings：{one} 应为 名称:单元数:高度类别"),
                format!("buildings: {one:?} is not label:units:height class"),
            ));
        }
        let building = Building {
            space: county.clone(),
            compound: compound.id,
            building: key.clone(),
            label: label.to_owned(),
            units,
            height_class: height.to_owned(),
        };
        all.insert(key, building);
    }
    Ok(all)
}

/// The number of entrances of a building.
fn units_of(text: &str) -> Result<i64, String> {
    let units = number(text, "units")?;
    if (1..=MOST_UNITS).contains(&units) {
        return Ok(units);
    }
    Err(both(
        format!("单元数 {units} 不在 1 到 {MOST_UNITS} 之间"),
        format!("{units} units are not from 1 to {MOST_UNITS}"),
    ))
}

/// A building as it is shown: `3栋:2:27-54`; empty for none.
pub(super) fn shown(building: Option<&Building>) -> String {
    let Some(building) = building else {
        return String::new();
    };
    let units = building
        .units
        .map_or_else(String::new, |units| units.to_string());
    format!("{}:{units}:{}", building.label, building.height_class)
}
