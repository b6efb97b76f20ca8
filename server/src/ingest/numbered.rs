//! Changes that get a number in the log: their rows, and their references to grants and photos.

use std::collections::{BTreeSet, HashMap};

use sync_core::{
    identity::Proofs,
    record::{AreaPath, DeviceId, DocId, PackHash},
};

use super::checked::Checked;
use crate::{
    refusal::Refusal,
    storage::{
        Tx,
        docs::Doc,
        grant_uses::{self, GrantUse},
        log::{self, Attestation, Change},
        photos,
    },
};

/// A change that gets a number in the log.
pub(super) struct Numbered<'p> {
    pub(super) change: &'p Checked,
    /// Its authors' device if it is attested, else the device that brought it.
    pub(super) device: DeviceId,
    /// The pack whose receive time it has.
    pub(super) pack: PackHash,
    pub(super) write: Write,
}

/// How a change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// It is new.
    Insert {
        /// Its events have no effect yet.
        unattested: bool,
    },
    /// It is in the log, and gets a new number with another receive time, or with effect.
    Attest,
}

/// Writes numbered changes of one space, and their references to grants and photos.
pub(super) fn rows_of_changes(
    tx: &mut dyn Tx,
    space: &AreaPath,
    first: u64,
    changes: &[Numbered<'_>],
    docs: &HashMap<DocId, Doc>,
    begun: &BTreeSet<DocId>,
) -> Result<(), Refusal> {
    let (mut rows, mut uses, mut attested) = (Vec::new(), Vec::new(), Vec::new());
    let (mut of_begun, mut of_older) = (BTreeSet::new(), BTreeSet::new());
    for (seq, numbered) in (first..).zip(changes) {
        let change = numbered.change;
        let (Ok(content), Some(doc)) = (&change.content, docs.get(&change.doc)) else {
            continue;
        };
        let unattested = match numbered.write {
            Write::Insert { unattested } => unattested,
            Write::Attest => {
                attested.push((seq, numbered));
                false
            }
        };
        // An unattested event names no photo: anybody may have made it. The author's device is noted once something attests
        // the change. A photo is readable only if the same device has sent its bytes.
        let photos = content.photos.iter().filter(|_| !unattested);
        let named = photos.map(|photo| ((change.doc, *photo), numbered.device));
        if begun.contains(&change.doc) {
            of_begun.extend(named);
        } else {
            of_older.extend(named);
        }
        if numbered.write == Write::Attest {
            continue;
        }
        rows.push(Change {
            space,
            doc: change.doc,
            seq,
            hash: change.hash,
            device: numbered.device,
            actor: content.actor,
            actor_seq: content.actor_seq,
            pack: numbered.pack,
            attestation: if unattested {
                Attestation::Unattested
            } else {
                Attestation::Attested
            },
            bytes: &change.bytes,
            proofs: proofs(change),
        });
        uses.extend(content.authors.iter().map(|author| GrantUse {
            doc: change.doc,
            begun: begun.contains(&change.doc),
            path: &doc.path,
            grant: author.grant,
            seq,
        }));
    }
    log::insert(tx, &rows)?;
    // After the rows are inserted, because an earlier pack of this group may have brought the change.
    for (seq, numbered) in attested {
        let (by, change) = ((numbered.device, numbered.pack), numbered.change);
        log::attest(tx, space, change.hash, seq, by, proofs(change))?;
    }
    grant_uses::note(tx, space, &uses)?;
    photos::refer(tx, space, &of_begun, &of_older)?;
    Ok(())
}

fn proofs(change: &Checked) -> Option<&[u8]> {
    change.proofs.as_ref().map(Proofs::as_bytes)
}
