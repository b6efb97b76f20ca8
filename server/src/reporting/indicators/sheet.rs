//! The rows of a sheet: one for each place of a level, and one for the whole area.

use std::collections::BTreeMap;

use sync_core::{
    catalogue::{Catalogue, Level, roll_up},
    record::AreaPath,
};

use super::{
    figures::{Row, values_of},
    ground::Ground,
    tally::{Counted, Tally},
};
use crate::storage::{StorageError, Tx, names};

/// A row for each place of a level.
pub(crate) fn rows(
    tx: &mut dyn Tx,
    ground: &Ground,
    level: Level,
    counted: &Counted,
) -> Result<Vec<Row>, StorageError> {
    let registered = ground.registered(level).into_iter();
    let registered = registered.map(|place| (place, Tally::default()));
    let mut tallies: BTreeMap<AreaPath, Tally> = registered.collect();
    let places = counted.places.iter();
    let values = places.map(|(place, tally)| (place.clone(), ground.county(place), tally.clone()));
    for (place, tally) in roll_up(&ground.parents, level, values) {
        *tallies.entry(place).or_default() += tally;
    }
    let names = names_of(tx, tallies.keys())?;
    let row = |(area, tally): (AreaPath, Tally)| Row {
        level: Some(level.name().to_owned()),
        name: names.get(&area).cloned(),
        area: Some(area.to_string()),
        values: values_of(&tally),
    };
    Ok(tallies.into_iter().map(row).collect())
}

/// The row of the whole area.
pub(crate) fn total(
    tx: &mut dyn Tx,
    ground: &Ground,
    counted: &Counted,
) -> Result<Row, StorageError> {
    let mut sum = Tally::default();
    for tally in counted.places.values() {
        sum += tally.clone();
    }
    let only = match ground.areas.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let names = names_of(tx, only)?;
    Ok(Row {
        level: None,
        area: only.map(ToString::to_string),
        name: only.and_then(|area| names.get(area).cloned()),
        values: values_of(&sum),
    })
}

/// Names of areas as stored, or else from the catalogue.
pub(crate) fn names_of<'a>(
    tx: &mut dyn Tx,
    areas: impl IntoIterator<Item = &'a AreaPath>,
) -> Result<BTreeMap<AreaPath, String>, StorageError> {
    let built_in = Catalogue::embedded().regions.regions.iter();
    let built_in = built_in.map(|r| (r.path.clone(), r.zh.clone()));
    let mut names: BTreeMap<AreaPath, String> = built_in.collect();
    names.extend(names::areas(tx, areas)?);
    Ok(names)
}
