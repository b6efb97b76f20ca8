//! Writes the decisions about one space: numbers in the log, rows of documents, sums of paths.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::record::{AreaPath, Digest, DocId};

use super::{
    checked::Checked,
    numbered::{Numbered, Write, rows_of_changes},
};
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        docs::{self, Doc},
        spaces::{self, PathSum},
    },
};

/// A document without any change.
pub(super) fn new_doc(id: DocId, space: AreaPath, path: AreaPath) -> Doc {
    Doc {
        id,
        space,
        path,
        path_seq: 0,
        last_seq: 0,
        changes: 0,
        digest: Digest::default(),
        snap_seq: 0,
        tail_count: 0,
        tail_bytes: 0,
        total_bytes: 0,
    }
}

/// Numbers and writes the changes of one space. Raises the head right before the rows, and locks it until the commit.
pub(super) fn space(
    tx: &mut dyn Tx,
    space: &AreaPath,
    changes: &[Numbered<'_>],
    docs: &mut HashMap<DocId, Doc>,
) -> Result<(), Refusal> {
    let head = spaces::raise_head(tx, space, changes.len())?;
    let first = head - changes.len() as u64 + 1;
    let mut grown: BTreeMap<AreaPath, PathSum> = BTreeMap::new();
    let (mut begun, mut older) = (BTreeSet::new(), BTreeSet::new());
    for (seq, numbered) in (first..).zip(changes) {
        let change = numbered.change;
        let Some(doc) = docs.get_mut(&change.doc) else {
            continue;
        };
        let is_new = doc.changes == 0;
        let path = grown.entry(doc.path.clone()).or_default();
        path.last_seq = seq;
        if numbered.write == Write::Attest {
            attest(doc, seq);
            older.insert(doc.id);
            continue;
        }
        grow(doc, seq, change);
        path.docs += i64::from(is_new);
        path.sum.changes += 1;
        path.sum.digest = path.sum.digest.plus(Digest::of(&change.hash));
        if is_new {
            begun.insert(doc.id);
        } else if !begun.contains(&doc.id) {
            older.insert(doc.id);
        }
    }
    let rows = |ids: &BTreeSet<DocId>| -> Vec<&Doc> { ids.iter().map(|id| &docs[id]).collect() };
    docs::begin(tx, &rows(&begun))?;
    docs::put(tx, &rows(&older))?;
    rows_of_changes(tx, space, first, changes, docs, &begun)?;
    for (path, held) in spaces::path_sums(tx, space, grown.keys())? {
        if let Some(sum) = grown.get_mut(&path) {
            sum.docs += held.docs;
            sum.sum = sum.sum.plus(held.sum);
        }
    }
    spaces::set_path_sums(tx, space, &grown)?;
    Ok(())
}

fn grow(doc: &mut Doc, seq: u64, change: &Checked) {
    if doc.changes == 0 {
        doc.path_seq = seq;
    }
    doc.last_seq = seq;
    doc.changes += 1;
    doc.digest = doc.digest.plus(Digest::of(&change.hash));
    doc.tail_count += 1;
    doc.tail_bytes += change.bytes.len() as u64;
    doc.total_bytes += change.bytes.len() as u64;
}

/// Moves a document to a new number with the same changes. Its snapshot is discarded, because the receive times stored
/// with it mark the change as unattested.
fn attest(doc: &mut Doc, seq: u64) {
    doc.last_seq = seq;
    doc.snap_seq = 0;
    doc.tail_count = doc.changes;
    doc.tail_bytes = doc.total_bytes;
}
