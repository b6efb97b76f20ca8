//! Names people read, apart from the records: areas, organisations, persons, compounds.

use sync_core::record::{AreaPath, CompoundId, OrganId, PersonId};

use super::{StorageError, Tx};

/// Sets an area's name.
///
/// # Errors
/// [`StorageError`].
pub fn set_area(tx: &mut dyn Tx, path: &AreaPath, name: &str) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO area_name (path, name) VALUES ($1, $2) ON CONFLICT (path) DO UPDATE SET name = excluded.name",
        &[path.as_str().into(), name.into()],
    )?;
    Ok(())
}

/// Sets an organisation's name.
///
/// # Errors
/// [`StorageError`].
pub fn set_organ(tx: &mut dyn Tx, id: OrganId, name: &str) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO organ (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        &[id.as_bytes().into(), name.into()],
    )?;
    Ok(())
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

/// Sets a person's name, in the deletable side store.
///
/// # Errors
/// [`StorageError`].
pub fn set_person(
    tx: &mut dyn Tx,
    id: PersonId,
    organ: OrganId,
    name: &str,
) -> Result<(), StorageError> {
    tx.execute(
        "INSERT INTO person (id, organ, name) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET organ = excluded.organ, name = excluded.name",
        &[id.as_bytes().into(), organ.as_bytes().into(), name.into()],
    )?;
    Ok(())
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

/// Sets a compound's name and place.
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

/// A compound's name.
///
/// # Errors
/// [`StorageError`].
pub fn compound(tx: &mut dyn Tx, id: &[u8]) -> Result<Option<String>, StorageError> {
    tx.first(
        "SELECT name FROM compound WHERE id = $1",
        &[id.into()],
        |row| row.text(0),
    )
}

/// An area's name.
///
/// # Errors
/// [`StorageError`].
pub fn area(tx: &mut dyn Tx, path: &str) -> Result<Option<String>, StorageError> {
    tx.first(
        "SELECT name FROM area_name WHERE path = $1",
        &[path.into()],
        |row| row.text(0),
    )
}
