//! Ids that are one person, as an administrator recorded them, and the documents that this concerns.

use std::collections::{BTreeSet, HashMap};

use sync_core::record::{AreaPath, DocId, Grant, GrantId, PersonId, ServerTime};

use super::{
    Row, StorageError, Tx, Value,
    column::{Column, Stored},
    table::table,
};

table! {
    /// Two ids of one person. Rows are never changed.
    pub struct PersonAlias in "person_alias" key 1 {
        /// The id that is used no more.
        person: PersonId,
        /// The id that takes its place.
        kept: PersonId,
        /// When it was recorded.
        merged_at: ServerTime,
        /// Why they are one person.
        reason: String,
        /// Who recorded it.
        operator: String,
    }
}

/// Which ids are one person.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    kept: HashMap<PersonId, PersonId>,
}

impl Aliases {
    /// The same aliases and one more.
    #[must_use]
    pub fn with(mut self, merged: PersonId, kept: PersonId) -> Self {
        self.kept.insert(merged, kept);
        self
    }

    /// Whether no two ids are one person.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The id that a person has now.
    pub fn kept(&self, person: PersonId) -> PersonId {
        let mut id = person;
        // A row leads to an id that was not merged when the row was written, so that rows make no ring. The bound holds
        // for a table that was changed by hand.
        for _ in 0..self.kept.len() {
            match self.kept.get(&id) {
                Some(kept) => id = *kept,
                None => break,
            }
        }
        id
    }

    /// All ids of a person, this one included.
    pub fn ids(&self, person: PersonId) -> BTreeSet<PersonId> {
        let kept = self.kept(person);
        let others = self.kept.keys().filter(|id| self.kept(**id) == kept);
        others.copied().chain([kept]).collect()
    }

    /// The ids of a person other than the kept one, as a grant states them; `None` if there are none.
    pub fn others(&self, person: PersonId) -> Option<Vec<PersonId>> {
        let kept = self.kept(person);
        let others: Vec<_> = self
            .ids(person)
            .into_iter()
            .filter(|id| *id != kept)
            .collect();
        (!others.is_empty()).then_some(others)
    }

    /// Whether two ids are one person.
    pub fn is_one(&self, a: PersonId, b: PersonId) -> bool {
        self.kept(a) == self.kept(b)
    }

    /// The same grants, each with all ids of its person: as if every event had been made after the ids were merged.
    pub fn applied(&self, grants: &HashMap<GrantId, Grant>) -> HashMap<GrantId, Grant> {
        let applied = |grant: &Grant| Grant {
            also: Some(self.ids(grant.person).into_iter().collect()),
            ..grant.clone()
        };
        grants
            .iter()
            .map(|(id, grant)| (*id, applied(grant)))
            .collect()
    }
}

/// All recorded aliases.
///
/// # Errors
/// [`StorageError`].
pub fn all(tx: &mut dyn Tx) -> Result<Aliases, StorageError> {
    let rows = tx.all("SELECT person, kept FROM person_alias", &[], |row| {
        Ok((PersonId::read(row, 0)?, PersonId::read(row, 1)?))
    })?;
    Ok(Aliases {
        kept: rows.into_iter().collect(),
    })
}

/// Records an alias. Returns `false` if the id was merged before.
///
/// # Errors
/// [`StorageError`].
pub fn record(tx: &mut dyn Tx, alias: &PersonAlias) -> Result<bool, StorageError> {
    PersonAlias::TABLE.insert_once(tx, alias.values())
}

/// Documents of a space with events under grants of at least two of these ids, in the order of their ids.
///
/// # Errors
/// [`StorageError`].
pub fn shared_docs(
    tx: &mut dyn Tx,
    space: &AreaPath,
    persons: &BTreeSet<PersonId>,
) -> Result<Vec<DocId>, StorageError> {
    let mut by: HashMap<DocId, BTreeSet<PersonId>> = HashMap::new();
    for person in persons {
        let docs = tx.all(
            "SELECT DISTINCT u.doc FROM doc_grant u JOIN signed_grant g ON g.id = u.grant_id
             WHERE u.space = $1 AND g.person = $2",
            &[space.value(), person.value()],
            |row| DocId::read(row, 0),
        )?;
        for doc in docs {
            by.entry(doc).or_default().insert(*person);
        }
    }
    let shared = by.into_iter().filter(|(_, persons)| persons.len() > 1);
    let mut docs: Vec<DocId> = shared.map(|(doc, _)| doc).collect();
    docs.sort_unstable();
    Ok(docs)
}

/// Queues documents of a space to be folded again.
///
/// # Errors
/// [`StorageError`].
pub fn queue(tx: &mut dyn Tx, space: &AreaPath, docs: &[DocId]) -> Result<(), StorageError> {
    for doc in docs {
        tx.execute(
            "INSERT INTO fold_queue (space, doc) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[space.value(), doc.value()],
        )?;
    }
    Ok(())
}

/// The grants of these ids, each with its space: of one device the newest first.
///
/// # Errors
/// [`StorageError`].
pub fn grants(
    tx: &mut dyn Tx,
    persons: &BTreeSet<PersonId>,
) -> Result<Vec<(AreaPath, Grant)>, StorageError> {
    let keys: Vec<Value<'_>> = persons.iter().map(Stored::value).collect();
    let read = |row: &dyn Row| Ok((AreaPath::read(row, 0)?, row.bytes(1)?));
    let sql = "SELECT space, sealed FROM signed_grant WHERE person IN (?) ORDER BY device, valid_from DESC";
    let rows = tx.all_of(sql, &[], &keys, read)?;
    let claims = |bytes: Vec<u8>| {
        let sealed: sync_core::identity::SignedGrant = sync_core::wire::decode(&bytes)?;
        sealed.stored_claims()
    };
    let found = rows.into_iter();
    Ok(found
        .filter_map(|(space, bytes)| Some((space, claims(bytes)?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_were_merged_one_after_another_are_one_person() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|n| PersonId([n; 16]));
        let aliases = Aliases::default().with(b, a).with(a, c);
        assert_eq!(aliases.kept(b), c);
        assert_eq!(aliases.ids(a), [a, b, c].into());
        assert_eq!(aliases.others(b), Some(vec![a, b]));
        assert!(aliases.is_one(b, c) && !aliases.is_one(c, d));
        assert_eq!(aliases.others(d), None);
    }
}
