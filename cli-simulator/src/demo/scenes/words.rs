//! What the people of several days state.

use sync_core::record::{
    DocId, EventBody, EventId, Evidence, Label, Long, PhotoRole, Short, Transfer,
};

use crate::{demo::stage::Stage, world::evidence};

pub(super) fn long(words: &str) -> Long {
    Long::new(words).unwrap_or_default()
}

pub(super) fn label(words: &str) -> Label {
    Label::new(words).unwrap_or_default()
}

pub(super) fn short(words: &str) -> Short {
    Short::new(words).unwrap_or_default()
}

/// States with a photo whether a hazard is fixed.
pub(super) fn looked(
    stage: &mut Stage<'_>,
    who: &str,
    doc: DocId,
    body: fn(Evidence) -> EventBody,
    words: &str,
) -> anyhow::Result<EventId> {
    let shot = stage.shot(who, PhotoRole::After)?;
    stage.state(who, doc, body(evidence(words, vec![shot])))
}

/// Transfers a hazard to the department of a person.
pub(super) fn handed(stage: &mut Stage<'_>, who: &str, to: &str, doc: DocId) -> anyhow::Result<()> {
    let transfer = Transfer {
        to: stage.world.organ_of(to),
        facts: long("超出本部门职权，附现场照片"),
        photos: vec![stage.shot(who, PhotoRole::Document)?],
    };
    stage.state(who, doc, EventBody::Transfer(transfer))?;
    Ok(())
}
