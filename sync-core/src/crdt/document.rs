//! A document in memory: create, load, append an event, read, save.

use automerge::{
    ActorId, AutoCommit, AutomergeError, Change, ObjId as ExId, ReadDoc, ScalarValue, Value,
    transaction::{CommitOptions, Transactable},
};
use sha2::{Digest as _, Sha256};

use super::{
    CrdtError, KEY_DOCUMENT, KEY_VERSION, LAYOUT, MAX_CHANGE_BYTES, MAX_DOCUMENT_BYTES, malformed,
};
use crate::record::{ChangeHash, DeviceId, Digest, DocId, EventId};

/// The author of changes, one for each installation. A copy or a restored backup must get a new one.
///
/// An actor of protocol 2 is bound to its device: the bytes `a2 64 76`, then 9 bytes of a hash of the device's id, then 4
/// random bytes. Only that device can attest a change of it, so that no other device occupies its sequence numbers. An
/// actor of protocol 1 is 16 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(pub [u8; 16]);

/// What a bound actor begins with.
const BOUND: [u8; 3] = [0xa2, 0x64, 0x76];

impl Actor {
    /// An actor that is bound to a device; `fresh` distinguishes its installations.
    pub fn bound(device: DeviceId, fresh: [u8; 4]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"xuncha.actor.2");
        hash.update(device.as_bytes());
        let mut actor = [0; 16];
        actor[..3].copy_from_slice(&BOUND);
        actor[3..12].copy_from_slice(&hash.finalize()[..9]);
        actor[12..].copy_from_slice(&fresh);
        Self(actor)
    }

    /// Whether it is bound to a device.
    pub fn is_bound(self) -> bool {
        self.0.starts_with(&BOUND)
    }

    /// Whether it is bound to this device.
    pub fn is_of(self, device: DeviceId) -> bool {
        self.0[..12] == Self::bound(device, [0; 4]).0[..12]
    }
}

/// A new change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its bytes, uncompressed.
    pub bytes: Vec<u8>,
    /// Its sequence number among the actor's changes of this document, from 1.
    pub actor_seq: u64,
}

/// A loaded document. It takes about 6 KB and 100 µs to load: load one at a time.
pub struct Document {
    inner: AutoCommit,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

fn of_automerge(error: AutomergeError) -> CrdtError {
    match error {
        AutomergeError::DuplicateSeqNumber(..) => CrdtError::Equivocation,
        other => malformed(other),
    }
}

impl Document {
    /// An empty document without a change.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] never in practice: a new map accepts a number.
    pub fn create(actor: Actor, id: DocId) -> Result<Self, CrdtError> {
        let mut inner = AutoCommit::new().with_actor(ActorId::from(&actor.0));
        inner
            .put(automerge::ROOT, KEY_VERSION, ScalarValue::Uint(LAYOUT))
            .map_err(of_automerge)?;
        inner
            .put(
                automerge::ROOT,
                KEY_DOCUMENT,
                ScalarValue::Bytes(id.0.to_vec()),
            )
            .map_err(of_automerge)?;
        Ok(Self { inner })
    }

    /// Loads a snapshot (or an empty document) and applies changes to it.
    ///
    /// # Errors
    /// [`CrdtError`] if bytes are damaged or too large, or a dependency of a change is missing.
    pub fn load<'a>(
        snapshot: Option<&[u8]>,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, CrdtError> {
        let mut inner = match snapshot {
            Some(bytes) => {
                check_size("document", bytes.len(), MAX_DOCUMENT_BYTES)?;
                AutoCommit::load(bytes).map_err(of_automerge)?
            }
            None => AutoCommit::new(),
        };
        let changes = changes
            .into_iter()
            .map(parse_change)
            .collect::<Result<Vec<_>, _>>()?;
        if !changes.is_empty() {
            inner.apply_changes(changes).map_err(of_automerge)?;
        }
        let missing = inner.get_missing_deps(&[]).len();
        if missing > 0 {
            return Err(CrdtError::MissingDependencies(missing));
        }
        let document = Self { inner };
        document.check_layout()?;
        Ok(document)
    }

    fn check_layout(&self) -> Result<(), CrdtError> {
        match self.inner.get(automerge::ROOT, KEY_VERSION) {
            Ok(Some((Value::Scalar(v), _))) if v.as_u64() == Some(LAYOUT) => Ok(()),
            Ok(Some((value, _))) => Err(CrdtError::Foreign(value.to_string())),
            Ok(None) => Err(CrdtError::Foreign("none".to_owned())),
            Err(error) => Err(of_automerge(error)),
        }
    }

    /// Adds an event as one change by `actor`.
    ///
    /// # Errors
    /// [`CrdtError::TooLarge`] if the change would break a limit.
    pub fn append(&mut self, actor: Actor, event: &[u8]) -> Result<NewChange, CrdtError> {
        // Setting an actor closes the open transaction. The first event of a new document must be in that transaction.
        let actor = ActorId::from(&actor.0);
        if self.inner.get_actor() != &actor {
            self.inner.set_actor(actor);
        }
        let key = EventId::of(event).to_string();
        self.inner
            .put(automerge::ROOT, key, ScalarValue::Bytes(event.to_vec()))
            .map_err(of_automerge)?;
        self.inner
            .commit_with(CommitOptions::default().with_time(0));
        let change = self
            .inner
            .get_last_local_change()
            .ok_or_else(|| malformed("no change was made"))?;
        check_size("change", change.raw_bytes().len(), MAX_CHANGE_BYTES)?;
        Ok(NewChange {
            hash: ChangeHash(change.hash().0),
            bytes: change.raw_bytes().to_vec(),
            actor_seq: change.seq(),
        })
    }

    /// Merges a document chunk (empty for none) and changes of another copy.
    ///
    /// # Errors
    /// [`CrdtError`] if bytes are damaged or a dependency of a change is missing.
    pub fn merge<'a>(
        &mut self,
        chunk: &[u8],
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), CrdtError> {
        if !chunk.is_empty() {
            check_size("document", chunk.len(), MAX_DOCUMENT_BYTES)?;
            self.inner.load_incremental(chunk).map_err(of_automerge)?;
        }
        let changes = changes
            .into_iter()
            .map(parse_change)
            .collect::<Result<Vec<_>, _>>()?;
        self.inner.apply_changes(changes).map_err(of_automerge)?;
        match self.inner.get_missing_deps(&[]).len() {
            0 => self.check_layout(),
            missing => Err(CrdtError::MissingDependencies(missing)),
        }
    }

    /// All events, by id. Concurrent values under one key are all returned. Values that do not match their id are
    /// omitted and counted.
    pub fn events(&self) -> (Vec<(EventId, Vec<u8>)>, usize) {
        let (mut events, mut altered) = (Vec::new(), 0);
        for key in self.inner.keys(automerge::ROOT) {
            if key == KEY_VERSION || key == KEY_DOCUMENT {
                continue;
            }
            for (value, _) in self
                .inner
                .get_all(automerge::ROOT, &key)
                .unwrap_or_default()
            {
                match value {
                    Value::Scalar(scalar) => match scalar.as_ref() {
                        ScalarValue::Bytes(bytes) if EventId::of(bytes).to_string() == key => {
                            events.push((EventId::of(bytes), bytes.clone()));
                        }
                        _ => altered += 1,
                    },
                    Value::Object(_) => altered += 1,
                }
            }
        }
        events.sort();
        events.dedup();
        (events, altered)
    }

    /// Each event with the change that holds it; an event in several changes is returned with each of them.
    pub fn held(&mut self) -> Vec<(EventId, ChangeHash)> {
        let mut changes: Vec<_> = self
            .inner
            .get_changes_meta(&[])
            .iter()
            .map(|c| (c.actor.as_ref().clone(), c.max_op, ChangeHash(c.hash.0)))
            .collect();
        changes.sort();
        let mut held = Vec::new();
        for key in self.inner.keys(automerge::ROOT) {
            for (value, id) in self
                .inner
                .get_all(automerge::ROOT, &key)
                .unwrap_or_default()
            {
                let (Value::Scalar(scalar), ExId::Id(counter, actor, _)) = (value, id) else {
                    continue;
                };
                let ScalarValue::Bytes(bytes) = scalar.as_ref() else {
                    continue;
                };
                // An actor's changes are in sequence: the first one that ends at or after the value holds it.
                let at = changes.partition_point(|(a, end, _)| (a, *end) < (&actor, counter));
                if let Some((by, _, hash)) = changes.get(at)
                    && *by == actor
                {
                    held.push((EventId::of(bytes), *hash));
                }
            }
        }
        held
    }

    /// The whole document with its history, uncompressed (a page compresses many together).
    pub fn snapshot(&mut self) -> Vec<u8> {
        self.inner.save_nocompress()
    }

    /// Hashes of all changes, dependencies first.
    pub fn change_hashes(&mut self) -> Vec<ChangeHash> {
        self.inner
            .get_changes_meta(&[])
            .iter()
            .map(|c| ChangeHash(c.hash.0))
            .collect()
    }

    /// Hashes of all changes with those that each depends on, dependencies first.
    pub fn dependencies(&mut self) -> Vec<(ChangeHash, Vec<ChangeHash>)> {
        let changes = self.inner.get_changes_meta(&[]);
        let of =
            |hashes: &[automerge::ChangeHash]| hashes.iter().map(|h| ChangeHash(h.0)).collect();
        let each = changes.iter().map(|c| (ChangeHash(c.hash.0), of(&c.deps)));
        each.collect()
    }

    /// All changes with their bytes, dependencies first.
    pub fn changes(&mut self) -> Vec<(ChangeHash, Vec<u8>)> {
        let changes = self.inner.get_changes(&[]);
        changes
            .iter()
            .map(|c| (ChangeHash(c.hash().0), c.raw_bytes().to_vec()))
            .collect()
    }

    /// The digest of all changes.
    pub fn digest(&mut self) -> Digest {
        self.change_hashes().into_iter().collect()
    }
}

/// The first four bytes of every Automerge chunk; four bytes of the hash of its content follow.
pub(super) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// Parses an uncompressed change. Compressed ones are refused: a small input must not decompress into a huge one.
pub(super) fn parse_change(bytes: &[u8]) -> Result<Change, CrdtError> {
    const UNCOMPRESSED_CHANGE: u8 = 1;
    check_size("change", bytes.len(), MAX_CHANGE_BYTES)?;
    if bytes.get(..4) != Some(&MAGIC) || bytes.get(8) != Some(&UNCOMPRESSED_CHANGE) {
        return Err(malformed("an uncompressed change was expected"));
    }
    Change::from_bytes(bytes.to_vec()).map_err(malformed)
}

fn check_size(what: &'static str, size: usize, limit: usize) -> Result<(), CrdtError> {
    if size > limit {
        Err(CrdtError::TooLarge { what, size, limit })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Actor = Actor([1; 16]);
    const BEN: Actor = Actor([2; 16]);
    const DOC: DocId = DocId([3; 16]);

    #[test]
    fn two_phones_that_wrote_apart_hold_the_same_events_after_either_order() {
        let mut start = Document::create(ANN, DOC).unwrap();
        let first = start.append(ANN, b"found").unwrap();
        let mut ann = Document::load(None, [first.bytes.as_slice()]).unwrap();
        let mut ben = Document::load(None, [first.bytes.as_slice()]).unwrap();
        let a = ann.append(ANN, b"fixed").unwrap();
        let b = ben.append(BEN, b"still there").unwrap();
        let mut one = Document::load(None, [&first, &a, &b].map(|c| c.bytes.as_slice())).unwrap();
        let mut two = Document::load(None, [&first, &b, &a].map(|c| c.bytes.as_slice())).unwrap();
        assert_eq!(one.events(), two.events());
        assert_eq!(one.events().0.len(), 3);
        assert_eq!(one.digest(), two.digest());
    }

    #[test]
    fn folding_keeps_every_hash_and_every_byte() {
        let mut doc = Document::create(ANN, DOC).unwrap();
        let first = doc.append(ANN, b"found").unwrap();
        let second = doc.append(ANN, &[9; 3000]).unwrap();
        let snapshot = doc.snapshot();
        let mut again = Document::load(Some(&snapshot), []).unwrap();
        assert_eq!(
            again.changes(),
            [
                (first.hash, first.bytes.clone()),
                (second.hash, second.bytes.clone())
            ]
        );
        let error = Document::load(None, [second.bytes.as_slice()]).unwrap_err();
        assert!(matches!(error, CrdtError::MissingDependencies(1)));
    }

    #[test]
    fn every_event_is_found_in_the_change_that_holds_it() {
        let mut doc = Document::create(ANN, DOC).unwrap();
        let first = doc.append(ANN, b"found").unwrap();
        let mut ben = Document::load(None, [first.bytes.as_slice()]).unwrap();
        let second = doc.append(ANN, b"fixed").unwrap();
        let other = ben.append(BEN, b"fixed").unwrap();
        let third = doc.append(ANN, b"closed").unwrap();
        doc.merge(&[], [other.bytes.as_slice()]).unwrap();
        let mut told = Document::load(Some(&doc.snapshot()), []).unwrap().held();
        told.retain(|(event, _)| doc.events().0.iter().any(|(id, _)| id == event));
        told.sort();
        let mut expected = [
            (EventId::of(b"found"), first.hash),
            (EventId::of(b"fixed"), second.hash),
            (EventId::of(b"fixed"), other.hash),
            (EventId::of(b"closed"), third.hash),
        ];
        expected.sort();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_copied_phone_is_noticed() {
        let mut doc = Document::create(ANN, DOC).unwrap();
        let first = doc.append(ANN, b"found").unwrap();
        let mut copy = Document::load(None, [first.bytes.as_slice()]).unwrap();
        let one = doc.append(ANN, b"one").unwrap();
        let two = copy.append(ANN, b"two").unwrap();
        let all = [&first, &one, &two].map(|c| c.bytes.as_slice());
        assert!(matches!(
            Document::load(None, all),
            Err(CrdtError::Equivocation)
        ));
    }
}
