//! Event kinds by their names in the tables.

use crate::record::EventBody;

/// The number of an event kind.
pub(super) fn number(name: &str) -> Result<usize, String> {
    let known = EventBody::KINDS.iter().find(|(_, n, _)| *n == name);
    known
        .map(|(number, ..)| usize::from(*number))
        .ok_or_else(|| format!("unknown event {name}"))
}
