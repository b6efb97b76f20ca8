//! Groups: documents that link to each other are one hazard. Which of them counts for all.

use std::collections::BTreeSet;

use sync_core::{
    catalogue::Catalogue,
    grouping::{Counting, Group, GroupMember, groups},
    history::TimeBounds,
    record::{AreaPath, DocId},
};

use crate::storage::{StorageError, Tx, comparables, links};

/// The groups among the documents that are linked with `doc`; documents that are not in this space's ledger are left
/// out.
pub(crate) fn around(
    tx: &mut dyn Tx,
    space: &AreaPath,
    doc: DocId,
) -> Result<(Vec<Group>, Vec<GroupMember>), StorageError> {
    let (members, links) = links::group(tx, space, doc)?;
    let members: Vec<DocId> = members.into_iter().collect();
    let mut records = Vec::new();
    for (doc, row) in comparables::comparables(tx, space, &members)? {
        records.push(GroupMember {
            doc,
            when: TimeBounds {
                lower: None,
                upper: row.registered,
            },
            claimed: row.hazard.found,
            state: row.state,
            observations: row.observations,
            duplicate_of: links
                .iter()
                .filter(|(from, _)| *from == doc)
                .map(|(_, to)| *to)
                .collect(),
        });
    }
    let rules = &Catalogue::embedded().rules;
    Ok((groups(&records, rules), records))
}

/// Sets how these documents, and all that are linked with them, count.
pub(super) fn count(
    tx: &mut dyn Tx,
    space: &AreaPath,
    mut docs: BTreeSet<DocId>,
) -> Result<(), StorageError> {
    let rules = &Catalogue::embedded().rules;
    while let Some(doc) = docs.pop_first() {
        let (groups, records) = around(tx, space, doc)?;
        for group in groups {
            for (member, how) in group.counting(&records, rules) {
                let state = records.iter().find(|r| r.doc == member).map(|r| r.state);
                let is_open =
                    how == Counting::AsOpen || state.is_some_and(|state| rules.is_open(state));
                links::set_counts(tx, space, member, how, is_open)?;
                docs.remove(&member);
            }
        }
    }
    Ok(())
}
