//! The register of compounds and their buildings.

use sync_core::record::{AreaPath, CompoundId, OrganId};

use super::{
    StorageError, Tx, Value,
    column::{Lines, Stored},
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
        /// Day after the last, yyyy-mm-dd.
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
