//! Duties of property companies: what is missing or late, stored with its due time so that it is listed once that has
//! passed.

use sync_core::record::{AreaPath, DocId, OrganId};

use super::{StorageError, Tx, Value, docs::delete_rows, table::table};

table! {
    /// A link of a company's duty chain that is missing or late.
    #[derive(PartialEq, Eq)]
    pub struct Duty in "duty" key 4 {
        /// The space of the document.
        space: AreaPath,
        /// The document of the violation.
        doc: DocId,
        /// The company.
        company: OrganId,
        /// Kind of the finding, such as `MG-06`.
        code: String,
        /// Its area path.
        path: AreaPath,
        /// When it was due, milliseconds UTC.
        due: i64,
        /// The company did it, but late.
        late: bool,
        /// Whether the finding is certain; if not, a reviewer decides.
        certain: bool,
    }
}

/// Replaces the duties of some documents of a space.
///
/// # Errors
/// [`StorageError`].
pub fn replace(
    tx: &mut dyn Tx,
    space: &AreaPath,
    docs: &[DocId],
    duties: &[&Duty],
) -> Result<(), StorageError> {
    delete_rows(tx, "duty", space, docs)?;
    let values: Vec<Value<'_>> = duties.iter().flat_map(|duty| duty.values()).collect();
    Duty::TABLE.insert(tx, &values, "ON CONFLICT DO NOTHING")
}

/// A position in the list of duties: due time, document, company, code.
pub type Position = (i64, DocId, OrganId, String);

/// Duties in an area of a space that are late or were due before `now`, the earliest due first, after a position.
///
/// # Errors
/// [`StorageError`].
pub fn list(
    tx: &mut dyn Tx,
    space: &AreaPath,
    within: &AreaPath,
    now: i64,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<Duty>, StorageError> {
    let (from, to) = within.below();
    let first = (i64::MIN, DocId([0; 16]), OrganId([0; 16]), String::new());
    let (due, doc, company, code) = after.unwrap_or(&first);
    let names = Duty::TABLE.names();
    let sql = format!(
        "SELECT {names} FROM duty
         WHERE space = $1 AND (path = $2 OR (path >= $3 AND path < $4)) AND (late = 1 OR due < $5)
           AND (due > $6 OR (due = $6 AND (doc > $7 OR (doc = $7 AND (company > $8
             OR (company = $8 AND code > $9))))))
         ORDER BY due, doc, company, code LIMIT $10"
    );
    tx.all(
        &sql,
        &[
            space.as_str().into(),
            within.as_str().into(),
            from.as_str().into(),
            to.as_str().into(),
            now.into(),
            (*due).into(),
            doc.as_bytes().into(),
            company.as_bytes().into(),
            code.as_str().into(),
            limit.into(),
        ],
        Duty::read,
    )
}
