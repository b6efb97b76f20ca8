//! Copies each space's log by its numbers, as devices read it.

use sync_core::record::{AreaPath, DocId, LogEpoch};

use super::{
    error::MigrateError,
    stores::{Progress, Stores},
};
use crate::storage::{
    StorageError, Tx, docs, grant_uses::DOC_GRANT, log::Change, marks, photos::DOC_PHOTO, spaces,
};

/// Documents copied in one transaction.
const DOCS: usize = 200;

/// How far a space is copied. Documents are read in the order of their newest change, so the missing changes of each
/// are counted from `base`, where the pass began, not from the current position `at`.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    base: u64,
    at: u64,
}

fn name(space: &AreaPath) -> String {
    format!("copied {space}")
}

fn position(tx: &mut dyn Tx, space: &AreaPath) -> Result<Position, StorageError> {
    let bytes = spaces::meta(tx, &name(space))?.unwrap_or_default();
    let number = |from: usize| {
        let bytes = bytes.get(from..from + 8)?.try_into().ok()?;
        Some(u64::from_be_bytes(bytes))
    };
    Ok(Position {
        base: number(0).unwrap_or(0),
        at: number(8).unwrap_or(0),
    })
}

fn set_position(tx: &mut dyn Tx, space: &AreaPath, to: Position) -> Result<(), StorageError> {
    let bytes = [to.base.to_be_bytes(), to.at.to_be_bytes()].concat();
    spaces::set_meta(tx, &name(space), &bytes)
}

/// A space with its head, and the last number of its ledger's changes.
pub(super) struct Head {
    space: spaces::Space,
    changed: i64,
}

pub(super) fn heads(tx: &mut dyn Tx) -> Result<Vec<Head>, StorageError> {
    let spaces = spaces::list(tx)?;
    let marks = marks::marks(tx, spaces.iter().map(|space| &space.id))?;
    let head = |space: spaces::Space| Head {
        changed: marks.get(&space.id).map_or(0, |mark| mark.changed),
        space,
    };
    Ok(spaces.into_iter().map(head).collect())
}

/// Sets the head of a copied space. Its ledger is rebuilt, and numbered on from the last number of the old ledger.
pub(super) fn set_head(tx: &mut dyn Tx, head: &Head) -> Result<(), StorageError> {
    let (id, log) = (&head.space.id, head.space.log);
    spaces::set_head(tx, id, log, head.space.head)?;
    let mut mark = marks::lock(tx, id)?;
    if mark.changed < head.changed {
        mark.changed = head.changed;
        marks::advance(tx, &mark)?;
    }
    Ok(())
}

/// Copies what the target lacks of every space.
pub(super) async fn copy(
    from: &Stores,
    to: &Stores,
    say: Progress<'_>,
) -> Result<(), MigrateError> {
    let all = from.storage.read(|tx| spaces::list(tx)).await?;
    let total: u64 = all.iter().map(|space| space.head).sum();
    let mut before = 0;
    for space in all {
        let id = space.id.clone();
        // A provisional log epoch until the copy is complete: it must not be mistaken for the real one.
        to.storage
            .write(move |tx| spaces::create(tx, &id, LogEpoch([0; 8])))
            .await?;
        while let Some(at) = step(from, to, &space).await? {
            say("记录 / changes", before + at, total);
        }
        before += space.head;
    }
    say("记录 / changes", total, total);
    Ok(())
}

/// Copies the next documents of a space; `None` when the head is reached.
async fn step(
    from: &Stores,
    to: &Stores,
    space: &spaces::Space,
) -> Result<Option<u64>, MigrateError> {
    let id = space.id.clone();
    let Position { base, at } = to.storage.read(move |tx| position(tx, &id)).await?;
    let id = space.id.clone();
    let read = move |tx: &mut dyn Tx| {
        let head = spaces::find(tx, &id)?.map_or(0, |space| space.head);
        let found = docs::tail(tx, &id, &id, at, DOCS)?;
        let keys: Vec<DocId> = found.iter().map(|doc| doc.id).collect();
        let after = Some(base.cast_signed());
        let changes = Change::TABLE.of_docs(tx, &id, &keys, after)?;
        let grants = DOC_GRANT.of_docs(tx, &id, &keys, None)?;
        let photos = DOC_PHOTO.of_docs(tx, &id, &keys, None)?;
        let last = (found.len() == DOCS).then(|| found.last().map_or(at, |doc| doc.last_seq));
        Ok::<_, StorageError>((found, changes, grants, photos, last, head))
    };
    let (found, changes, grants, photos, last, head) = from.storage.read(read).await?;
    if found.is_empty() && last.is_none() && base == at && at == head {
        return Ok(None);
    }
    // A completed pass begins the next one at the head that it read.
    let next = match last {
        Some(at) => Position { base, at },
        None => Position {
            base: head,
            at: head,
        },
    };
    let id = space.id.clone();
    let write = move |tx: &mut dyn Tx| {
        docs::put_unfolded(tx, &found)?;
        // A change that was attested since it was copied has moved to a new number.
        Change::TABLE.forget(tx, &id, "hash", &changes)?;
        Change::TABLE.put(tx, &changes)?;
        DOC_GRANT.put(tx, &grants)?;
        DOC_PHOTO.put(tx, &photos)?;
        set_position(tx, &id, next)
    };
    to.storage.write(write).await?;
    Ok(Some(next.at))
}
