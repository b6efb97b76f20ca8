//! Hazards whose state rests on two ids that are one person: they are listed, and their rows are flagged. The state does
//! not change.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use sync_core::{
    catalogue::{Catalogue, StateCode},
    document::{Folded, OpenDocument},
    history::Revocations,
    record::{AreaPath, DocId, Grant, GrantId, PersonId},
};

use super::{
    Projection,
    gather::{self, Situation},
    open::open,
};
use crate::storage::{
    StorageError,
    aliases::{self, Aliases},
    docs, spaces,
};

/// Documents that are folded at a time.
const BATCH: usize = 200;

/// A hazard whose state rests on two ids that are one person.
#[derive(Debug, Clone)]
pub struct OnePerson {
    /// The space.
    pub space: AreaPath,
    /// The hazard.
    pub doc: DocId,
    /// Its state.
    pub state: StateCode,
    /// Its state if the ids had been one from the beginning.
    pub as_one: StateCode,
}

/// The state of a folded hazard if the ids of its authors had been one from the beginning; `None` if that makes no
/// difference, or if the document is no hazard.
pub(super) fn as_one(
    document: &mut OpenDocument,
    folded: &Folded<'_>,
    grants: &HashMap<GrantId, Grant>,
    revoked: &Revocations,
    aliases: &Aliases,
) -> Option<StateCode> {
    if aliases.is_empty() {
        return None;
    }
    let state = folded.hazard()?.state();
    let authors = folded.authors();
    let is_shared = |one: &PersonId| {
        let other = |other: &PersonId| one != other && aliases.is_one(*one, *other);
        authors.iter().any(other)
    };
    if !authors.iter().any(is_shared) {
        return None;
    }
    let applied = aliases.applied(grants);
    let other = document.fold(&applied, revoked);
    let as_one = other.hazard()?.state();
    let same = (state.state, state.cycle) == (as_one.state, as_one.cycle);
    (!same).then_some(as_one.state)
}

impl Projection {
    /// The hazards whose state rests on two of these ids, if `aliases` are applied. Folds every document that two of the
    /// ids wrote to, and writes nothing.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn one_person(
        &self,
        ids: BTreeSet<PersonId>,
        aliases: Aliases,
    ) -> Result<Vec<OnePerson>, StorageError> {
        let mut found = Vec::new();
        for space in self.storage.read(|tx| spaces::list(tx)).await? {
            let (of, ids) = (space.id.clone(), ids.clone());
            let docs = self
                .storage
                .read(move |tx| aliases::shared_docs(tx, &of, &ids))
                .await?;
            for batch in docs.chunks(BATCH) {
                let (of, batch) = (space.id.clone(), batch.to_vec());
                let situation = self
                    .storage
                    .read(move |tx| {
                        let docs = docs::of(tx, &of, &batch)?;
                        gather::of(tx, &of, docs, Situation::default())
                    })
                    .await?;
                found.extend(differing(&space.id, situation, &aliases, &self.catalogue));
            }
        }
        Ok(found)
    }
}

fn differing(
    space: &AreaPath,
    situation: Situation,
    aliases: &Aliases,
    catalogue: &Arc<Catalogue>,
) -> Vec<OnePerson> {
    let Situation {
        docs,
        grants,
        revoked,
        ..
    } = situation;
    let of = |raw: gather::Raw| {
        let mut document = open(&raw.body, catalogue).ok()?;
        let folded = document.fold(&grants, &revoked);
        let as_one = as_one(&mut document, &folded, &grants, &revoked, aliases)?;
        Some(OnePerson {
            space: space.clone(),
            doc: raw.doc.id,
            state: folded.hazard()?.state().state,
            as_one,
        })
    };
    docs.into_iter().filter_map(of).collect()
}
