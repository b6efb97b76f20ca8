//! Assignments: the reviewing roles of an account, each with its area and its dates.

use sync_core::record::{AreaPath, PersonId, Role, ServerTime};

use super::{StorageError, Tx, Value, column::Stored, table::table};

table! {
    /// A reviewing role of a person in an area.
    pub struct Assignment in "assignment" key 1 {
        /// Its number: 16 bytes.
        id: [u8; 16],
        /// The person.
        person: PersonId,
        /// `business`: the foreign key refuses an account of another class.
        class: String,
        /// The role.
        role: Role,
        /// The area.
        area: AreaPath,
        /// From when it is valid.
        valid_from: ServerTime,
        /// Its end (exclusive), if it has one.
        valid_until: Option<ServerTime>,
        /// The administrator who made it.
        made_by: PersonId,
        /// When it was made.
        made_at: ServerTime,
        /// When an administrator ended it.
        ended_at: Option<ServerTime>,
    }
}

impl Assignment {
    /// Whether it is valid at a time.
    pub fn is_valid(&self, now: ServerTime) -> bool {
        self.ended_at.is_none()
            && self.valid_from <= now
            && self.valid_until.is_none_or(|until| now < until)
    }
}

/// Stores an assignment.
///
/// # Errors
/// [`StorageError`], also if the person has no account of the class `business`.
pub fn insert(tx: &mut dyn Tx, assignment: &Assignment) -> Result<(), StorageError> {
    let values: Vec<Value<'_>> = assignment.values().collect();
    Assignment::TABLE.insert(tx, &values, "")
}

/// The assignments of a person, valid or not, in the order in which they were made.
///
/// # Errors
/// [`StorageError`].
pub fn of(tx: &mut dyn Tx, person: PersonId) -> Result<Vec<Assignment>, StorageError> {
    let sql = format!(
        "SELECT {} FROM assignment WHERE person = $1 ORDER BY made_at, id",
        Assignment::TABLE.names()
    );
    tx.all(&sql, &[person.value()], Assignment::read)
}

/// The assignment with a number.
///
/// # Errors
/// [`StorageError`].
pub fn find(tx: &mut dyn Tx, id: &[u8; 16]) -> Result<Option<Assignment>, StorageError> {
    let sql = format!(
        "SELECT {} FROM assignment WHERE id = $1",
        Assignment::TABLE.names()
    );
    tx.first(&sql, &[id.value()], Assignment::read)
}

/// Ends an assignment; returns its person, or `None` if it is unknown or ended.
///
/// # Errors
/// [`StorageError`].
pub fn end(
    tx: &mut dyn Tx,
    id: &[u8; 16],
    now: ServerTime,
) -> Result<Option<PersonId>, StorageError> {
    tx.first(
        "UPDATE assignment SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL RETURNING person",
        &[now.value(), id.value()],
        |row| super::column::Column::read(row, 0),
    )
}
