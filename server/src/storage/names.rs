//! Names for people, stored separately from the documents: areas, organisations, persons, compounds.

use std::collections::HashMap;

use sync_core::record::{AreaPath, CompoundId, OrganId, PersonId};

use super::{
    StorageError, Tx, Value,
    column::{Column, Stored},
    table::table,
};

table! {
    /// Names of areas.
    const AREA_NAME in "area_name" key 1 {
        path: AreaPath,
        name: String,
    }
}

table! {
    /// Organisations.
    const ORGAN in "organ" key 1 {
        id: OrganId,
        name: String,
    }
}

table! {
    /// Persons.
    const PERSON in "person" key 1 {
        id: PersonId,
        organ: OrganId,
        name: String,
    }
}

/// Sets an area's name.
///
/// # Errors
/// [`StorageError`].
pub fn set_area(tx: &mut dyn Tx, path: &AreaPath, name: &str) -> Result<(), StorageError> {
    AREA_NAME.put_one(tx, [path.value(), name.into()])
}

/// Sets an organisation's name.
///
/// # Errors
/// [`StorageError`].
pub fn set_organ(tx: &mut dyn Tx, id: OrganId, name: &str) -> Result<(), StorageError> {
    ORGAN.put_one(tx, [id.value(), name.into()])
}

/// An organisation's name.
///
/// # Errors
/// [`StorageError`].
pub fn organ(tx: &mut dyn Tx, id: OrganId) -> Result<Option<String>, StorageError> {
    tx.first(
        "SELECT name FROM organ WHERE id = $1",
        &[id.as_bytes().into()],
        |row| row.text(0),
    )
}

/// Sets a person's name. It is not part of any document, so it can be deleted.
///
/// # Errors
/// [`StorageError`].
pub fn set_person(
    tx: &mut dyn Tx,
    id: PersonId,
    organ: OrganId,
    name: &str,
) -> Result<(), StorageError> {
    PERSON.put_one(tx, [id.value(), organ.value(), name.into()])
}

/// A person's name.
///
/// # Errors
/// [`StorageError`].
pub fn person(tx: &mut dyn Tx, id: PersonId) -> Result<Option<String>, StorageError> {
    tx.first(
        "SELECT name FROM person WHERE id = $1",
        &[id.as_bytes().into()],
        |row| row.text(0),
    )
}

/// Sets a compound's name and area path.
///
/// # Errors
/// [`StorageError`].
pub fn set_compound(
    tx: &mut dyn Tx,
    id: CompoundId,
    path: &AreaPath,
    name: &str,
) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO compound (id, path, name) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET path = excluded.path, name = excluded.name",
        &[id.as_bytes().into(), path.as_str().into(), name.into()],
    )?;
    Ok(())
}

/// Compounds' names; compounds without a name are absent.
///
/// # Errors
/// [`StorageError`].
pub fn compounds<'k>(
    tx: &mut dyn Tx,
    ids: impl IntoIterator<Item = &'k CompoundId>,
) -> Result<HashMap<CompoundId, String>, StorageError> {
    let keys: Vec<Value<'_>> = ids.into_iter().map(Stored::value).collect();
    let sql = "SELECT id, name FROM compound WHERE id IN (?)";
    let found = tx.all_of(sql, &[], &keys, |row| {
        Ok((CompoundId::read(row, 0)?, row.text(1)?))
    })?;
    Ok(found.into_iter().collect())
}

/// Areas' names; areas without a name are absent.
///
/// # Errors
/// [`StorageError`].
pub fn areas<'k>(
    tx: &mut dyn Tx,
    paths: impl IntoIterator<Item = &'k AreaPath>,
) -> Result<HashMap<AreaPath, String>, StorageError> {
    let keys: Vec<Value<'_>> = paths.into_iter().map(Stored::value).collect();
    let sql = "SELECT path, name FROM area_name WHERE path IN (?)";
    let found = tx.all_of(sql, &[], &keys, |row| {
        Ok((AreaPath::read(row, 0)?, row.text(1)?))
    })?;
    Ok(found.into_iter().collect())
}
