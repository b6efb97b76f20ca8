//! Reads the facts of a change without loading its document.

use automerge::{Change, ExpandedChange, ObjType, ScalarValue, legacy};

use super::{
    Actor, CrdtError, KEY_DOCUMENT, KEY_VERSION, LAYOUT,
    document::{MAGIC, parse_change},
    malformed,
};
use crate::record::{ChangeHash, DocId, EventId};

/// The facts of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFacts {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its actor.
    pub actor: Actor,
    /// Its sequence number among the actor's changes of the document, from 1.
    pub actor_seq: u64,
    /// Its dependencies.
    pub deps: Vec<ChangeHash>,
    /// The number of its first operation in the document, from 1: one more than the last operation of all its
    /// dependencies.
    pub first_op: u64,
    /// The number of its last operation.
    pub last_op: u64,
    /// The document that it begins, if it is a first change.
    pub begins: Option<DocId>,
    /// The events it adds.
    pub events: Vec<(EventId, Vec<u8>)>,
}

/// The hash of an uncompressed change: what a pack's signature covers. If the header does not match the content, this
/// is the hash of all bytes: any changed byte must break the signature.
pub fn change_hash(bytes: &[u8]) -> ChangeHash {
    use sha2::{Digest, Sha256};
    let hash: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
    let header = bytes.get(..8).unwrap_or_default();
    if header.starts_with(&MAGIC) && header.ends_with(&hash[..4]) {
        return ChangeHash(hash);
    }
    ChangeHash(Sha256::digest(bytes).into())
}

/// Reads a change and checks that it has the form that [`Document::append`](super::Document::append) writes: it adds
/// events under the names of their hashes, and the first one begins a document. Everything else that Automerge allows
/// is refused, because one change affects the whole document on every device and the server. An operation with
/// predecessors would remove events of others, and an unusual header or number cannot be loaded again from a snapshot.
///
/// Whether `first_op` follows the dependencies can be checked only where they are known: at ingest.
///
/// # Errors
/// [`CrdtError`] if it is damaged, of another layout, or has anything more.
pub fn inspect(bytes: &[u8]) -> Result<ChangeFacts, CrdtError> {
    read(bytes).map(|(facts, ..)| facts)
}

/// As [`inspect`], and checks that the bytes are the canonical encoding. What enters the log must be: a snapshot keeps
/// only the content, so a change in another encoding would have another hash after it is read from a snapshot. What
/// comes from the log needs no second check, which costs a tenth of the work of applying a page.
///
/// # Errors
/// As [`inspect`].
pub fn admit(bytes: &[u8]) -> Result<ChangeFacts, CrdtError> {
    let (facts, change, decoded) = read(bytes)?;
    check_canonical(&change, decoded)?;
    Ok(facts)
}

fn read(bytes: &[u8]) -> Result<(ChangeFacts, Change, ExpandedChange), CrdtError> {
    let change = parse_change(bytes)?;
    let actor = change.actor_id().to_bytes().try_into().map(Actor);
    let actor = actor.map_err(|_| malformed("actor is not 16 bytes"))?;
    let (first_op, last_op) = operations(&change);
    if last_op > u64::from(u32::MAX / 2) {
        return Err(malformed("operations beyond 2^31"));
    }
    check_header(&change)?;
    let decoded = change.decode();
    let (mut events, mut begins, mut layout) = (Vec::new(), None, false);
    for op in &decoded.operations {
        if !op.pred.is_empty() {
            return Err(CrdtError::Altered);
        }
        match read_op(op)? {
            Said::Layout => layout = true,
            Said::Begins(doc) => begins = Some(doc),
            Said::Event(id, bytes) => events.push((id, bytes)),
        }
    }
    let puts = events.len() + usize::from(layout) + usize::from(begins.is_some());
    let mut keys: Vec<_> = events.iter().map(|(id, _)| *id).collect();
    keys.sort_unstable();
    keys.dedup();
    if puts != decoded.operations.len() || keys.len() != events.len() {
        return Err(malformed("one key twice"));
    }
    let first = change.deps().is_empty();
    if (layout, begins.is_some()) != (first, first) || first != (first_op == 1) {
        return Err(malformed(
            "a first change begins a record, and no other does",
        ));
    }
    let facts = ChangeFacts {
        hash: ChangeHash(change.hash().0),
        actor,
        actor_seq: change.seq(),
        deps: change.deps().iter().map(|h| ChangeHash(h.0)).collect(),
        first_op,
        last_op,
        begins,
        events,
    };
    Ok((facts, change, decoded))
}

/// The number of the last operation of a stored change.
///
/// # Errors
/// [`CrdtError`] if it is damaged.
pub fn last_op(bytes: &[u8]) -> Result<u64, CrdtError> {
    Ok(operations(&parse_change(bytes)?).1)
}

/// The numbers of a change's first and last operation.
fn operations(change: &Change) -> (u64, u64) {
    let first = change.start_op().get();
    let after = first.saturating_add(change.len() as u64);
    (first, after.saturating_sub(1))
}

fn check_header(change: &Change) -> Result<(), CrdtError> {
    let bare = change.timestamp() == 0
        && change.message().is_none()
        && change.extra_bytes().is_empty()
        && change.other_actor_ids().is_empty();
    if bare {
        Ok(())
    } else {
        Err(malformed(
            "a header with more than author, number and dependencies",
        ))
    }
}

/// Checks that the bytes are the canonical encoding of the content.
fn check_canonical(change: &Change, decoded: ExpandedChange) -> Result<(), CrdtError> {
    if Change::from(decoded).raw_bytes() == change.raw_bytes() {
        Ok(())
    } else {
        Err(malformed("not the shortest encoding"))
    }
}

/// The meaning of one operation.
enum Said {
    Layout,
    Begins(DocId),
    Event(EventId, Vec<u8>),
}

fn read_op(op: &legacy::Op) -> Result<Said, CrdtError> {
    let foreign = |what: &str| Err(CrdtError::Foreign(what.to_owned()));
    let legacy::Key::Map(key) = &op.key else {
        return foreign("a list");
    };
    if op.obj != legacy::ObjectId::Root || op.insert {
        return foreign("a nested object");
    }
    match &op.action {
        legacy::OpType::Put(ScalarValue::Uint(LAYOUT)) if key == KEY_VERSION => Ok(Said::Layout),
        legacy::OpType::Put(value) if key == KEY_VERSION => foreign(&value.to_string()),
        legacy::OpType::Put(ScalarValue::Bytes(bytes)) if key == KEY_DOCUMENT => {
            DocId::from_slice(bytes)
                .map(Said::Begins)
                .map_err(|_| CrdtError::Altered)
        }
        legacy::OpType::Put(ScalarValue::Bytes(bytes)) => {
            let id = EventId::of(bytes);
            if id.to_string() == key.as_str() {
                Ok(Said::Event(id, bytes.clone()))
            } else {
                Err(CrdtError::Altered)
            }
        }
        legacy::OpType::Make(ObjType::Map | ObjType::List | ObjType::Text | ObjType::Table) => {
            foreign("a nested object")
        }
        _ => foreign("an operation that alters"),
    }
}

#[cfg(test)]
mod tests {
    use automerge::{AutoCommit, transaction::Transactable};

    use super::*;
    use crate::crdt::Document;

    #[test]
    fn a_change_shows_its_events_and_what_it_builds_on() {
        let actor = Actor([5; 16]);
        let mut doc = Document::create(actor, DocId([1; 16])).unwrap();
        let first = doc.append(actor, b"found").unwrap();
        let second = doc.append(actor, b"more").unwrap();
        let facts = inspect(&second.bytes).unwrap();
        assert_eq!(
            (facts.hash, facts.actor_seq, facts.actor),
            (second.hash, 2, actor)
        );
        assert_eq!(facts.deps, [first.hash]);
        assert_eq!(change_hash(&second.bytes), second.hash);
        assert_eq!(facts.events, [(EventId::of(b"more"), b"more".to_vec())]);
    }

    #[test]
    fn altering_deleting_and_foreign_layouts_are_refused() {
        let raw = |f: &dyn Fn(&mut AutoCommit)| {
            let mut doc = AutoCommit::new();
            f(&mut doc);
            doc.commit();
            let change = doc.get_last_local_change().unwrap();
            inspect(change.raw_bytes()).unwrap_err()
        };
        let altered = raw(&|d| {
            d.put(automerge::ROOT, "AAAAAAAAAAAAAAAA", b"x".to_vec())
                .unwrap()
        });
        assert!(matches!(altered, CrdtError::Altered));
        assert!(matches!(
            raw(&|d| d.put(automerge::ROOT, "v", 2_u64).unwrap()),
            CrdtError::Foreign(_)
        ));
        let nested = raw(&|d| {
            d.put_object(automerge::ROOT, "x", ObjType::Map).unwrap();
        });
        assert!(matches!(nested, CrdtError::Foreign(_)));
        assert!(matches!(inspect(b"junk"), Err(CrdtError::Malformed(_))));
    }
}
