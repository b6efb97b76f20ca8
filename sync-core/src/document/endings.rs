//! Endings of a person that do not count: what their author must know.

use std::collections::BTreeSet;

use super::hazard::FoldedHazard;
use crate::{
    catalogue::EventClass,
    hazard::Flags,
    history::{JudgedEvent, Validity, Verdict},
    record::{EventId, PersonId},
};

/// Why an ending does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingDoubt {
    /// A conflict is open: the ending is suspended until it is settled.
    Contested,
    /// The conflict was settled, and the ending does not count: its author must state it again.
    CloseAgain,
}

/// An ending that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubtedEnding {
    /// The ending.
    pub event: EventId,
    /// Name of its kind, as in JSON.
    pub kind: &'static str,
    /// Chinese label of its kind.
    pub kind_zh: &'static str,
    /// Why it does not count.
    pub doubt: EndingDoubt,
}

/// The bits of a row's flags that an ending in doubt sets.
pub(crate) fn doubt_flags() -> u16 {
    let flags = Flags {
        ending_suspended: true,
        close_again: true,
        ..Flags::default()
    };
    flags.bits()
}

impl FoldedHazard<'_> {
    /// The newest ending by one of these persons that is suspended or must be stated again; `None` if there is none, or
    /// if a later ending by them counts.
    pub fn doubted_ending(&self, authors: &BTreeSet<PersonId>) -> Option<DoubtedEnding> {
        let is_open = self.folded.catalogue.rules.is_open(self.state.state);
        let own = |judged: &&JudgedEvent| matches!(judged.verdict, Verdict::Accepted { .. });
        for judged in self.state.history.iter().rev().filter(own) {
            let mut entries = self.folded.events.iter();
            let event = &entries.find(|entry| entry.id == judged.id)?.event;
            if EventClass::of(&event.body) != EventClass::Ending || !authors.contains(&event.author)
            {
                continue;
            }
            let doubt = match judged.count {
                Validity::Suspended => EndingDoubt::Contested,
                Validity::Rejected if is_open => EndingDoubt::CloseAgain,
                Validity::Yes => return None,
                _ => continue,
            };
            return Some(DoubtedEnding {
                event: judged.id,
                kind: event.body.name(),
                kind_zh: event.body.zh(),
                doubt,
            });
        }
        None
    }
}
