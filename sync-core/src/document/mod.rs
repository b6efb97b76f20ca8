//! Documents for all other modules: opened from stored bytes, folded, and displayed without what was redacted.
//!
//! Device, projection and review fetch bytes and context, call this module, and store or send the result. Redaction is
//! applied only here: [`Folded`] keeps the events private, so no view, export, list row, search text or photo listing
//! can reach a redacted word.

mod display;
mod endings;
mod folded;
mod hazard;
mod kind;
mod list_row;
mod open;
mod quantities;
mod redaction;
mod state;
mod timeline;

#[cfg(test)]
mod tests;

pub use display::{DisplayedEvent, DisplayedPhoto};
pub use endings::{DoubtedEnding, EndingDoubt};
pub use folded::Folded;
pub use hazard::FoldedHazard;
pub use kind::{DocumentKind, may_begin};
pub use open::{OpenDocument, ReceiveTimes, Snapshot};
pub use state::DocumentState;
pub use timeline::{Receipts, Timeline};

pub(crate) use endings::doubt_flags;
pub(crate) use open::{in_hash_order, times_of};

/// The version of the rules by which documents are folded (`docs/rules.md`). It is raised whenever the same events may
/// fold to another row: server and device then fold again what they had folded before.
pub const FOLD_VERSION: u16 = 4;
