//! What a round needs: the documents behind the mark with their changes and grants, from one snapshot.

use std::collections::HashMap;

use sync_core::record::{AreaPath, Grant, GrantId};

use crate::storage::{
    StorageError, Tx, devices, hazards,
    log::{self, Doc},
    spaces,
};

/// A document to fold.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) doc: Doc,
    pub(super) chunk: Vec<u8>,
    pub(super) changes: Vec<Vec<u8>>,
}

/// Everything a round looks at.
#[derive(Debug, Default)]
pub(super) struct Situation {
    pub(super) mark: u64,
    pub(super) upto: u64,
    pub(super) more: bool,
    pub(super) docs: Vec<Raw>,
    pub(super) grants: HashMap<GrantId, Grant>,
}

pub(super) fn gather(
    tx: &mut dyn Tx,
    space: &AreaPath,
    limit: usize,
) -> Result<Situation, StorageError> {
    let Some(head) = spaces::find(tx, space)?.map(|s| s.head) else {
        return Ok(Situation::default());
    };
    let (mark, _) = hazards::mark(tx, space)?;
    let docs = log::tail(tx, space, space, mark, limit)?;
    let more = docs.len() == limit;
    let upto = if more {
        docs.last().map_or(head, |d| d.last_seq)
    } else {
        head
    };
    let mut situation = Situation {
        mark,
        upto,
        more,
        ..Situation::default()
    };
    for doc in docs {
        for id in log::doc_grants(tx, doc.id)? {
            if !situation.grants.contains_key(&id)
                && let Some(grant) = devices::find_grant_claims(tx, id)?
            {
                situation.grants.insert(id, grant);
            }
        }
        let chunk = if doc.snap_seq > 0 {
            log::snapshot(tx, doc.id)?.unwrap_or_default()
        } else {
            Vec::new()
        };
        let after = if chunk.is_empty() { 0 } else { doc.snap_seq };
        let changes = log::changes_after(tx, doc.id, after, None)?;
        situation.docs.push(Raw {
            doc,
            chunk,
            changes,
        });
    }
    Ok(situation)
}
