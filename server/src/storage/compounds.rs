//! The register of compounds and their buildings.

use sync_core::record::AreaPath;

use super::{Row, StorageError, Tx, Value};

/// A compound of the register.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migrations explain them"
)]
pub struct Compound {
    pub id: Vec<u8>,
    pub path: String,
    pub name: String,
    pub pmc: Option<Vec<u8>>,
    pub kind: String,
    pub households: Option<i64>,
    pub active: bool,
    pub valid_from: Option<String>,
    pub valid_to: Option<String>,
    pub aliases: Vec<String>,
}

/// A building of a compound.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "one field for each column; the migration explains them"
)]
pub struct Building {
    pub space: String,
    pub compound: Vec<u8>,
    pub building: String,
    pub label: String,
    pub units: Option<i64>,
    pub height_class: String,
}

const COLUMNS: &str =
    "id, path, name, pmc, type, households, active, valid_from, valid_to, aliases";

fn read(row: &dyn Row) -> Result<Compound, StorageError> {
    let aliases = row.text(9)?;
    Ok(Compound {
        id: row.bytes(0)?,
        path: row.text(1)?,
        name: row.text(2)?,
        pmc: row.opt_bytes(3)?,
        kind: row.text(4)?,
        households: row.opt_int(5)?,
        active: row.int(6)? != 0,
        valid_from: row.opt_text(7)?,
        valid_to: row.opt_text(8)?,
        aliases: aliases.lines().map(str::to_owned).collect(),
    })
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
    let sql = format!(
        "SELECT {COLUMNS} FROM compound WHERE path = $1 OR (path >= $2 AND path < $3) ORDER BY path, id"
    );
    tx.all(&sql, &values, read)
}

/// Those of these compounds that the register has.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, ids: &[Vec<u8>]) -> Result<Vec<Compound>, StorageError> {
    let keys: Vec<_> = ids.iter().map(|id| Value::Bytes(id)).collect();
    let sql = format!("SELECT {COLUMNS} FROM compound WHERE id IN (?)");
    tx.all_of(&sql, &[], &keys, read)
}

/// Writes compounds.
///
/// # Errors
/// [`StorageError`].
pub fn put(tx: &mut dyn Tx, compounds: &[Compound]) -> Result<(), StorageError> {
    let aliases: Vec<String> = compounds.iter().map(|c| c.aliases.join("\n")).collect();
    let values: Vec<_> = compounds
        .iter()
        .zip(&aliases)
        .flat_map(|(c, aliases)| {
            [
                c.id.as_slice().into(),
                c.path.as_str().into(),
                c.name.as_str().into(),
                c.pmc.as_deref().into(),
                c.kind.as_str().into(),
                c.households.into(),
                i64::from(c.active).into(),
                c.valid_from.as_deref().into(),
                c.valid_to.as_deref().into(),
                aliases.as_str().into(),
            ]
        })
        .collect();
    let then = "ON CONFLICT (id) DO UPDATE SET path = excluded.path, name = excluded.name,
        pmc = excluded.pmc, type = excluded.type, households = excluded.households,
        active = excluded.active, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
        aliases = excluded.aliases";
    tx.insert_all(&format!("compound ({COLUMNS})"), 10, &values, then)
}

/// The buildings of these compounds of a space.
///
/// # Errors
/// [`StorageError`].
pub fn buildings(
    tx: &mut dyn Tx,
    space: &str,
    compounds: &[Vec<u8>],
) -> Result<Vec<Building>, StorageError> {
    let keys: Vec<_> = compounds.iter().map(|id| Value::Bytes(id)).collect();
    tx.all_of(
        "SELECT space, compound, building, label, units, height_class FROM building
         WHERE space = $1 AND compound IN (?)",
        &[space.into()],
        &keys,
        |row| {
            Ok(Building {
                space: row.text(0)?,
                compound: row.bytes(1)?,
                building: row.text(2)?,
                label: row.text(3)?,
                units: row.opt_int(4)?,
                height_class: row.text(5)?,
            })
        },
    )
}

/// Writes buildings.
///
/// # Errors
/// [`StorageError`].
pub fn put_buildings(tx: &mut dyn Tx, buildings: &[Building]) -> Result<(), StorageError> {
    let values: Vec<_> = buildings
        .iter()
        .flat_map(|b| {
            [
                b.space.as_str().into(),
                b.compound.as_slice().into(),
                b.building.as_str().into(),
                b.label.as_str().into(),
                b.units.into(),
                b.height_class.as_str().into(),
            ]
        })
        .collect();
    let then = "ON CONFLICT (space, compound, building) DO UPDATE SET label = excluded.label,
        units = excluded.units, height_class = excluded.height_class";
    let into = "building (space, compound, building, label, units, height_class)";
    tx.insert_all(into, 6, &values, then)
}
