//! The result of the rules for one document, for a comparison with another implementation.
//!
//! An [`Outcome`] has no index, no intermediate result and no order that depends on the implementation: events are
//! named by their ids, and every list is sorted. Two implementations agree on a document if their outcomes are equal.
//! [`Outcome::notices`] and [`EventOutcome::standing`] explain the result; docs/rules.md defines them less strictly than
//! the other fields.

use std::collections::BTreeMap;

use sync_core::record::EventId;

pub(crate) use super::{case::Effect, registers::Value};

/// What the rules state about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The state (section 7); 0 is HS00.
    pub(crate) state: u16,
    /// The round (section 7), from 1.
    pub(crate) round: u16,
    /// Whether a conflict is open (section 7).
    pub(crate) conflicted: bool,
    /// Every event of the document.
    pub(crate) events: BTreeMap<EventId, EventOutcome>,
    /// The open and the settled conflicts (section 5.1).
    pub(crate) conflicts: Vec<Conflict>,
    /// The cards (section 4.4).
    pub(crate) cards: Vec<Remark>,
    /// The notices (sections 4.3 to 4.5).
    pub(crate) notices: Vec<Remark>,
    /// The registers that have a value, by the name of the field: `code`, `grade`, `place`, `count`, `deadline`,
    /// `responsible`, `duplicate`.
    pub(crate) registers: BTreeMap<&'static str, RegisterOutcome>,
    /// The live transfers (section 6.3).
    pub(crate) live_transfers: Vec<EventId>,
}

/// What the rules state about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventOutcome {
    /// The verdict (section 3).
    pub(crate) verdict: Verdict,
    /// The effect (section 3, "Effects"); none if the event is not accepted.
    pub(crate) effect: Option<Effect>,
    /// Whether it would count while its effect is pending (section 3, "Effects").
    pub(crate) counts_while_pending: bool,
    /// Whether it is suspended (section 5.6).
    pub(crate) suspended: bool,
    /// Whether it is rejected (section 5.6). An event can be suspended by one conflict and rejected by another.
    pub(crate) rejected: bool,
    /// Whether it is an accepted check or ending without basis (section 3, "Effects").
    pub(crate) without_basis: bool,
    /// What became of a state event, a check or an ending; none for other events.
    pub(crate) standing: Option<Standing>,
}

/// The verdict on an event (section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It takes effect.
    Accepted {
        /// The id of the row of the table, such as `T17`.
        row: String,
        /// The candidate state that the row started from; 0 is HS00.
        from: u16,
        /// The state that the row leads to; none if it leaves the state.
        to: Option<u16>,
    },
    /// It suggests a change.
    Proposed {
        /// The id of the row of the table.
        row: String,
    },
    /// It has no effect, for a reason of the catalogue.
    Void(&'static str),
    /// It is an event of a newer version.
    Unknown,
}

/// What became of a state event, a check or an ending. The first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Its effect is none, or pending where that does not count.
    NotLive,
    /// Section 5.6.
    Rejected,
    /// Section 5.6.
    Suspended,
    /// Section 3.
    WithoutBasis,
    /// An `unmerge` saw it.
    Unmerged,
    /// It is an objection that was overruled.
    Overruled,
    /// It counts and leads to no state.
    Stateless,
    /// It counts, in an earlier round.
    EarlierRound,
    /// It yields to another maximal event (section 4.5).
    Yielded,
    /// It is one of the maximal state events that do not yield.
    Counted,
    /// Another counted event supersedes it.
    Superseded,
}

/// What names a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConflictName {
    /// The objection of section 4.1.
    Objection(EventId),
    /// The decision of a C-40.
    SamePerson(EventId),
    /// The register, by the name of its field; transfers are the register `transfer`.
    Register(&'static str),
}

/// The status of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConflictStatus {
    /// No settlement is effective.
    Open,
    /// The objection holds.
    Held,
    /// The objection does not hold.
    Overruled,
    /// Fewer than two differing values of the register remain, or a `resolve` settled it.
    Settled,
}

/// A conflict (section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Conflict {
    /// What names it.
    pub(crate) name: ConflictName,
    /// Its rows, such as `C-08`.
    pub(crate) rows: Vec<&'static str>,
    /// The decisions of an objection; the objections of a C-40; the values of a register: those of the open pairs of an
    /// open conflict, and all those of a settled one.
    pub(crate) others: Vec<EventId>,
    /// Its status.
    pub(crate) status: ConflictStatus,
    /// The live settlements whose outcome is the fate; of a register every live `resolve` of its values; empty for an
    /// open conflict.
    pub(crate) settled_by: Vec<EventId>,
}

/// A card or a notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Remark {
    /// The row. Rows without an id have the name of their register, or `more_open`.
    pub(crate) row: &'static str,
    /// Its events.
    pub(crate) events: Vec<EventId>,
}

/// A register (section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisterOutcome {
    /// The only value, or the provisional value of several (section 4.3). Several duplicates have none.
    pub(crate) value: Option<Value>,
    /// The events with the maximal values.
    pub(crate) maximal: Vec<EventId>,
}
