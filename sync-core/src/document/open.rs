//! A document opened from stored bytes, with the receive times of its changes.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::folded::Folded;
use crate::{
    catalogue::Catalogue,
    crdt::{CrdtError, Document, change_hash},
    history::{EventEntry, FoldContext, Revocations},
    record::{ChangeHash, DeviceId, Event, Grant, GrantId, ServerTime},
    wire::{Received, page::Sum},
};

/// When the server received each change; a change whose time is not known is absent.
pub type ReceiveTimes = HashMap<ChangeHash, ServerTime>;

/// A snapshot that holds exactly the changes of the document it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The Automerge document chunk, uncompressed.
    pub chunk: Vec<u8>,
    /// Receive times in the order of change hashes.
    pub received: Received,
    /// Number and digest of its changes.
    pub sum: Sum,
}

/// A document in memory. It takes about 6 KB, and about 150 µs to open.
#[derive(Debug)]
pub struct OpenDocument {
    pub(crate) crdt: Document,
    pub(crate) times: ReceiveTimes,
    pub(super) catalogue: Arc<Catalogue>,
}

impl OpenDocument {
    /// Opens a document from a snapshot, with the receive times of its changes in the order of their hashes, and from
    /// the changes after the snapshot, with theirs. `catalogue` judges its events.
    ///
    /// # Errors
    /// [`CrdtError`] if bytes are damaged or a change lacks one that it depends on.
    pub fn open<'a>(
        snapshot: Option<(&[u8], &Received)>,
        changes: impl IntoIterator<Item = (&'a [u8], Option<ServerTime>)>,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Self, CrdtError> {
        let changes: Vec<_> = changes.into_iter().collect();
        let bytes = changes.iter().map(|(bytes, _)| *bytes);
        let (crdt, mut times) = match snapshot {
            None => (Document::load(None, bytes)?, ReceiveTimes::new()),
            Some((chunk, received)) => {
                let mut crdt = Document::load(Some(chunk), [])?;
                let times = times_of(&mut crdt, received);
                crdt.merge(&[], bytes)?;
                (crdt, times)
            }
        };
        let timed = |(bytes, at): &(&[u8], Option<ServerTime>)| Some((change_hash(bytes), (*at)?));
        times.extend(changes.iter().filter_map(timed));
        Ok(Self {
            crdt,
            times,
            catalogue: Arc::clone(catalogue),
        })
    }

    /// A document that is already loaded, without receive times.
    pub(crate) fn of(crdt: Document, catalogue: &Arc<Catalogue>) -> Self {
        Self {
            crdt,
            times: ReceiveTimes::new(),
            catalogue: Arc::clone(catalogue),
        }
    }

    /// The readable events.
    pub(crate) fn events(&self) -> Vec<EventEntry> {
        let (events, _) = self.crdt.events();
        let read = |(id, bytes): (_, Vec<u8>)| {
            let event = Event::from_bytes(&bytes).ok()?;
            Some(EventEntry { id, event })
        };
        events.into_iter().filter_map(read).collect()
    }

    /// Folds the document. `context` is called with the grants and the devices that the events name; it returns the
    /// claims of the grants and the revocation times of the devices.
    ///
    /// # Errors
    /// Those of `context`.
    pub fn fold_with<E>(
        &mut self,
        context: impl FnOnce(
            &BTreeSet<GrantId>,
            &BTreeSet<DeviceId>,
        ) -> Result<(HashMap<GrantId, Grant>, Revocations), E>,
    ) -> Result<Folded<'static>, E> {
        let events = self.events();
        let grants = events.iter().map(|entry| entry.event.grant).collect();
        let devices = events.iter().map(|entry| entry.event.device).collect();
        let (grants, revoked) = context(&grants, &devices)?;
        let held = self.crdt.held();
        let context = FoldContext::new(Cow::Owned(grants), Cow::Owned(revoked), &held, &self.times);
        Ok(Folded::new(events, context, &self.catalogue))
    }

    /// As [`Self::fold_with`], with grants and revocations that the caller has in memory.
    pub fn fold<'f>(
        &mut self,
        grants: &'f HashMap<GrantId, Grant>,
        revoked: &'f Revocations,
    ) -> Folded<'f> {
        let (grants, revoked) = (Cow::Borrowed(grants), Cow::Borrowed(revoked));
        let context = FoldContext::new(grants, revoked, &self.crdt.held(), &self.times);
        Folded::new(self.events(), context, &self.catalogue)
    }

    /// A snapshot of the document, verified by reading it back; `None` if it does not contain the same changes. Only a
    /// verified snapshot may replace changes.
    pub fn snapshot(&mut self) -> Option<Snapshot> {
        let chunk = self.crdt.snapshot();
        let hashes = Document::load(Some(&chunk), []).ok()?.change_hashes();
        let sum = sum_of(&hashes);
        (sum == sum_of(&self.crdt.change_hashes())).then(|| Snapshot {
            received: in_hash_order(hashes, &self.times),
            chunk,
            sum,
        })
    }
}

fn sum_of(hashes: &[ChangeHash]) -> Sum {
    Sum {
        changes: hashes.len() as u64,
        digest: hashes.iter().copied().collect(),
    }
}

/// The receive times of the changes of a document, from a list in the order of their hashes.
pub(crate) fn times_of(document: &mut Document, received: &Received) -> ReceiveTimes {
    if received.0.is_empty() {
        return ReceiveTimes::new();
    }
    let mut hashes = document.change_hashes();
    hashes.sort_unstable();
    let timed = |(at, hash)| Some((hash, received.at(at)?));
    hashes.into_iter().enumerate().filter_map(timed).collect()
}

/// Receive times in the order of change hashes: how they are stored with a snapshot.
pub(crate) fn in_hash_order(mut hashes: Vec<ChangeHash>, times: &ReceiveTimes) -> Received {
    hashes.sort_unstable();
    hashes.iter().map(|hash| times.get(hash).copied()).collect()
}
