//! Refused changes: they stay on the device with the code of the refusal, and their author gets a notice.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    DeviceError, enrolment, notice, restate,
    states::{ChangeState, NOT_ACCEPTED},
};
use crate::{
    catalogue::Catalogue,
    record::{ChangeHash, DocId, Event},
    wire::{Code, push::Entry},
};

/// Sets the state of a change that is in no pack any more, with the code of its refusal.
pub(super) fn set_state(
    c: &Connection,
    hash: &ChangeHash,
    state: ChangeState,
    code: Option<Code>,
) -> Result<(), DeviceError> {
    c.prepare_cached("UPDATE chg SET state = ?2, refusal = ?3, pack = NULL WHERE hash = ?1")?
        .execute(params![hash.as_bytes(), state, code.map(Code::number)])?;
    Ok(())
}

/// Removes a refused change from the shown document and leaves a notice for its author.
pub(super) fn refuse(
    c: &Connection,
    entry: &Entry,
    hash: &ChangeHash,
    code: Code,
) -> Result<(), DeviceError> {
    let state = match code {
        Code::Quarantined => ChangeState::Quarantined,
        _ => ChangeState::Refused,
    };
    set_state(c, hash, state, Some(code))?;
    c.prepare_cached("UPDATE doc SET pending_count = max(pending_count - 1, 0) WHERE id = ?1")?
        .execute([entry.doc.as_bytes()])?;
    let text = format!("{} / {} ({})", code.zh(), code.en(), described(entry));
    notice::leave(c, entry.doc, code.number(), &text)
}

/// The document of a change and the kinds of its events, for a message.
pub(super) fn described(entry: &Entry) -> String {
    let facts = crate::crdt::inspect(&entry.change).ok();
    let events = facts.map(|facts| facts.events).unwrap_or_default();
    let kinds = events
        .iter()
        .filter_map(|(_, bytes)| Event::from_bytes(bytes).ok())
        .map(|event| format!("{} {}", event.body.zh(), event.body.name()));
    let kinds: Vec<String> = kinds.collect();
    format!("{}: {}", entry.doc, kinds.join(", "))
}

/// One notice for all pending changes that were refused along with another one.
pub(super) fn notice_others(
    c: &Connection,
    doc: DocId,
    code: Code,
    count: usize,
) -> Result<(), DeviceError> {
    if count == 0 {
        return Ok(());
    }
    let text = format!(
        "{} / {} ({doc}: 另有 {count} 条未收 / {count} more of this record are refused with it)",
        code.zh(),
        code.en()
    );
    notice::leave(c, doc, code.number(), &text)
}

/// Refuses the single change of a pack that was opened. Returns how many changes are refused, those that follow
/// included.
pub(super) fn refuse_alone(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    entry: &Entry,
    hash: &ChangeHash,
    code: Code,
    fresh: [u8; 4],
) -> Result<usize, DeviceError> {
    refuse(c, entry, hash, code)?;
    let actor = enrolment::rotate_actor(c, fresh)?;
    let (_, refused) = restate::after_refusal(c, catalogue, entry.doc, code, actor)?;
    notice_others(c, entry.doc, code, refused)?;
    Ok(refused + 1)
}

/// The code with which the server last refused a change of this document, so that changes that depend on it must be
/// rewritten; `None` if it refused none.
pub(super) fn last_of(c: &Connection, doc: DocId) -> Result<Option<Code>, DeviceError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT refusal FROM chg WHERE doc = ?1 AND state IN {NOT_ACCEPTED} ORDER BY n DESC LIMIT 1"
    ))?;
    let found: Option<Option<u16>> = statement
        .query_row([doc.as_bytes()], |row| row.get(0))
        .optional()?;
    let code = |number: Option<u16>| number.and_then(Code::from_number);
    Ok(found.map(|number| code(number).unwrap_or(Code::Malformed)))
}
