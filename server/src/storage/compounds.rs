//! The register of compounds and their buildings.

use std::collections::BTreeMap;

use sync_core::{
    place_key,
    record::{AreaPath, CompoundId, OrganId},
};

use super::{
    StorageError, Tx, Value,
    column::{Column, Lines, Stored},
    table::table,
};

table! {
    /// A compound of the register.
    #[derive(PartialEq, Eq)]
    pub struct Compound in "compound" key 1 {
        /// The compound.
        id: CompoundId,
        /// Its area path.
        path: AreaPath,
        /// Its name.
        name: String,
        /// The property company; absent: none.
        pmc: Option<OrganId>,
        /// `commercial`, `old`, `unit`, `resettlement`, `none`, or empty.
        kind = "type": String,
        /// The number of households.
        households: Option<i64>,
        /// Whether it still exists.
        active: bool,
        /// First day, yyyy-mm-dd.
        valid_from: Option<String>,
        /// Last day, yyyy-mm-dd.
        valid_to: Option<String>,
        /// Other names that it is known by.
        aliases: Lines,
    }
}

table! {
    /// A building of a compound.
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    pub struct Building in "building" key 3 {
        /// The space of the compound.
        space: AreaPath,
        /// The compound.
        compound: CompoundId,
        /// The building, as `place_key` spells it.
        building: String,
        /// Its name as registered.
        label: String,
        /// The number of entrances.
        units: Option<i64>,
        /// Height in metres: `<=27`, `27-54`, `54-100`, `>100`, or empty.
        height_class: String,
    }
}

impl Compound {
    /// Whether it is in the register on a day, yyyy-mm-dd.
    pub fn is_active(&self, day: &str) -> bool {
        let begun = self.valid_from.as_deref().is_none_or(|from| from <= day);
        let lasts = self.valid_to.as_deref().is_none_or(|to| day <= to);
        self.active && begun && lasts
    }
}

/// Every compound, in the order of paths.
///
/// # Errors
/// [`StorageError`].
pub fn list(tx: &mut dyn Tx) -> Result<Vec<Compound>, StorageError> {
    let names = Compound::TABLE.names();
    let sql = format!("SELECT {names} FROM compound ORDER BY path, id");
    tx.all(&sql, &[], Compound::read)
}

/// The compounds of these paths, without those below them.
///
/// # Errors
/// [`StorageError`].
pub fn at(tx: &mut dyn Tx, paths: &[AreaPath]) -> Result<Vec<Compound>, StorageError> {
    let keys: Vec<_> = paths.iter().map(Stored::value).collect();
    let names = Compound::TABLE.names();
    let sql = format!("SELECT {names} FROM compound WHERE path IN (?)");
    tx.all_of(&sql, &[], &keys, Compound::read)
}

/// The compounds of an area.
///
/// # Errors
/// [`StorageError`].
pub fn within(tx: &mut dyn Tx, area: &AreaPath) -> Result<Vec<Compound>, StorageError> {
    let (from, to) = area.below();
    let values = [
        area.as_str().into(),
        from.as_str().into(),
        to.as_str().into(),
    ];
    let names = Compound::TABLE.names();
    let sql = format!(
        "SELECT {names} FROM compound WHERE path = $1 OR (path >= $2 AND path < $3) ORDER BY path, id"
    );
    tx.all(&sql, &values, Compound::read)
}

/// Those of these compounds that the register has.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, ids: &[CompoundId]) -> Result<Vec<Compound>, StorageError> {
    let keys: Vec<_> = ids.iter().map(Stored::value).collect();
    let names = Compound::TABLE.names();
    let sql = format!("SELECT {names} FROM compound WHERE id IN (?)");
    tx.all_of(&sql, &[], &keys, Compound::read)
}

/// Writes compounds.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, compounds: &[Compound]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = compounds.iter().flat_map(Compound::values).collect();
    Compound::TABLE.insert(tx, &values, &Compound::TABLE.replace())
}

/// The buildings of these compounds of a space.
///
/// # Errors
/// [`StorageError`].
pub fn buildings(
    tx: &mut dyn Tx,
    space: &AreaPath,
    compounds: &[CompoundId],
) -> Result<Vec<Building>, StorageError> {
    let keys: Vec<_> = compounds.iter().map(Stored::value).collect();
    let names = Building::TABLE.names();
    let sql = format!("SELECT {names} FROM building WHERE space = $1 AND compound IN (?)");
    tx.all_of(&sql, &[space.as_str().into()], &keys, Building::read)
}

/// Writes buildings.
///
/// # Errors
/// [`StorageError`].
pub fn put_buildings(tx: &mut dyn Tx, buildings: &[Building]) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = buildings.iter().flat_map(Building::values).collect();
    Building::TABLE.insert(tx, &values, &Building::TABLE.replace())
}

/// The spaces that have buildings.
///
/// # Errors
/// [`StorageError`].
pub fn spaces_with_buildings(tx: &mut dyn Tx) -> Result<Vec<AreaPath>, StorageError> {
    let sql = "SELECT DISTINCT space FROM building ORDER BY space";
    tx.all(sql, &[], |row| AreaPath::read(row, 0))
}

/// Removes a building.
///
/// # Errors
/// [`StorageError`].
pub fn remove_building(tx: &mut dyn Tx, building: &Building) -> Result<(), StorageError> {
    tx.execute(
        "DELETE FROM building WHERE space = $1 AND compound = $2 AND building = $3",
        &[
            building.space.value(),
            building.compound.value(),
            building.building.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Spells the place keys of all buildings by the present rules. Rows that turn out to be one building become one; a part
/// that the first of them does not state is taken from another. Returns the number of rows whose key changed.
///
/// # Errors
/// [`StorageError`].
pub fn respell_buildings(tx: &mut dyn Tx) -> Result<usize, StorageError> {
    let mut changed = 0;
    for space in spaces_with_buildings(tx)? {
        let names = Building::TABLE.names();
        let sql =
            format!("SELECT {names} FROM building WHERE space = $1 ORDER BY compound, building");
        let rows = tx.all(&sql, &[space.as_str().into()], Building::read)?;
        let mut kept: BTreeMap<(CompoundId, String), Building> = BTreeMap::new();
        let (good, wrong): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| place_key::building(&row.label) == row.building);
        for row in &wrong {
            remove_building(tx, row)?;
        }
        changed += wrong.len();
        let mut touched = Vec::new();
        for row in good.into_iter().chain(wrong) {
            let key = place_key::building(&row.label);
            let spelled = Building {
                building: key.clone(),
                ..row.clone()
            };
            let is_new = spelled.building != row.building;
            let one = kept.entry((row.compound, key.clone())).or_insert(spelled);
            one.units = one.units.or(row.units);
            if one.height_class.is_empty() {
                one.height_class.clone_from(&row.height_class);
            }
            if is_new {
                touched.push((row.compound, key));
            }
        }
        let put: Vec<Building> = touched.iter().filter_map(|key| kept.remove(key)).collect();
        put_buildings(tx, &put)?;
    }
    Ok(changed)
}
