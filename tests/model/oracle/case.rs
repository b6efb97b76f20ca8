//! What the oracle knows while it judges: the document, the facts, and a memo of the folded causal histories.

use std::collections::BTreeMap;

use super::{
    classes::Class,
    doc::{Doc, Set},
    facts::Facts,
    tables::{From, Tables, To},
    times::Bounds,
};

/// How a set is read (section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// Every effect counts, no pair is ordered by time.
    Contested = 0,
    /// Every effect counts, every pair that a receipt could order is ordered.
    Ordered = 1,
    /// With effects and receipts.
    Actual = 2,
}

/// The verdict on an event, with the facts of its transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It takes effect: the row's id, where it started from and where it leads to.
    Accepted {
        /// The id of the row.
        row: String,
        /// The state that the row started from.
        from: u16,
        /// The state that it leads to; none if it leaves the state.
        to: Option<u16>,
        /// Where the row starts.
        starts: From,
    },
    /// It suggests a change.
    Proposed {
        /// The id of the row.
        row: String,
    },
    /// It has no effect.
    Void(&'static str),
    /// An event of a newer version.
    Unknown,
}

/// The effect of an accepted event (section 3, "Effects").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// It has none.
    None,
    /// A correction outside the finder's own window.
    ProposedInstead,
    /// It depends on a receipt that is missing or late.
    Pending,
    /// It counts.
    Counts,
}

/// The rows of section 4.1 and 4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PairRow {
    C04,
    C06,
    C08,
    C10,
    C16,
    C21,
    C23,
    C25,
    C26,
    C33,
    C39,
    C41,
}

impl PairRow {
    /// The id of the row in the catalogue.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::C04 => "C-04",
            Self::C06 => "C-06",
            Self::C08 => "C-08",
            Self::C10 => "C-10",
            Self::C16 => "C-16",
            Self::C21 => "C-21",
            Self::C23 => "C-23",
            Self::C25 => "C-25",
            Self::C26 => "C-26",
            Self::C33 => "C-33",
            Self::C39 => "C-39",
            Self::C41 => "C-41",
        }
    }
}

/// An objection with one of its decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// The objection.
    pub(crate) o: usize,
    /// The decision.
    pub(crate) d: usize,
    /// The row.
    pub(crate) row: PairRow,
}

/// The fate of an objection, a C-40 or a register conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Without an effective settlement.
    Open,
    /// The objection holds.
    Held,
    /// The objection does not hold.
    Overruled,
}

/// The multi-value registers (sections 4.3 and 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Register {
    Code,
    Grade,
    Place,
    Count,
    Deadline,
    Responsible,
    Transfer,
    Duplicate,
}

impl Register {
    /// Every register.
    pub(crate) const ALL: [Self; 8] = [
        Self::Code,
        Self::Grade,
        Self::Place,
        Self::Count,
        Self::Deadline,
        Self::Responsible,
        Self::Transfer,
        Self::Duplicate,
    ];
    /// The name of the field in the catalogue.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Grade => "grade",
            Self::Place => "place",
            Self::Count => "count",
            Self::Deadline => "deadline",
            Self::Responsible => "responsible",
            Self::Transfer => "transfer",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What the table of section 4.3 says of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegisterRow {
    /// The row.
    pub(crate) id: &'static str,
    /// The least level that may decide it, if it is a conflict; none for a notice.
    pub(crate) decided_by: Option<u8>,
}

/// What an event settles (sections 5.3 and 5.4), found in its causal history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settles {
    /// Objections with the outcome.
    pub(crate) objections: BTreeMap<usize, Status>,
    /// C-40 conflicts, by their decision; always held.
    pub(crate) same: Set,
    /// Register conflicts: all their values, and the one that holds.
    pub(crate) registers: BTreeMap<Register, (Set, usize)>,
    /// Pairs of cards.
    pub(crate) cards: std::collections::BTreeSet<(usize, usize)>,
    /// Endings that it confirms.
    pub(crate) confirms: Set,
}

impl Settles {
    /// Whether it settles nothing.
    pub(crate) fn is_nothing(&self) -> bool {
        self.objections.is_empty()
            && self.same.is_empty()
            && self.registers.is_empty()
            && self.cards.is_empty()
    }
}

/// A set of events, folded.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// How it was read.
    pub(crate) mode: Mode,
    /// The set.
    pub(crate) set: Set,
    /// Its live events.
    pub(crate) live: Set,
    /// The pairs of section 4.1.
    pub(crate) pairs: Vec<Pair>,
    /// Pairs that are none because time orders them.
    pub(crate) in_order: Vec<Pair>,
    /// C-40 (section 4.2): the objections of each decision.
    pub(crate) same: BTreeMap<usize, Set>,
    /// The effective and superseded settlements of each objection.
    pub(crate) settlements: BTreeMap<usize, Vec<(usize, Status)>>,
    /// The fates of objections (section 5.2).
    pub(crate) fates: BTreeMap<usize, Status>,
    /// The settlements of each C-40.
    pub(crate) same_settlements: BTreeMap<usize, Set>,
    /// The fates of C-40, by decision.
    pub(crate) same_fates: BTreeMap<usize, Status>,
    /// Findings that open a round, with the round.
    pub(crate) opens: BTreeMap<usize, u16>,
    /// The round.
    pub(crate) round: u16,
    /// The maximal values of each register.
    pub(crate) values: BTreeMap<Register, Set>,
    /// The values of each open register conflict.
    pub(crate) open_registers: BTreeMap<Register, Set>,
    /// The live events that state a value of each register, replaced ones among them.
    pub(crate) stated: BTreeMap<Register, Set>,
    /// The pairs of section 4.3, also of values that were replaced later.
    pub(crate) register_pairs: BTreeMap<Register, Vec<(usize, usize, RegisterRow)>>,
    /// Suspended events (section 5.6).
    pub(crate) suspended: Set,
    /// Rejected events (section 5.6).
    pub(crate) rejected: Set,
    /// Live events that count.
    pub(crate) counted: Set,
    /// The states to which open and held objections lead.
    pub(crate) leads: BTreeMap<usize, u16>,
    /// Counted state events of the round that no other supersedes.
    pub(crate) maximal: Set,
    /// Which of them yields to which (section 4.5), with the row.
    pub(crate) yields: BTreeMap<(usize, usize), &'static str>,
    /// The state.
    pub(crate) state: u16,
}

impl View {
    /// A set that is not folded yet.
    pub(crate) fn of(mode: Mode, set: Set) -> Self {
        Self {
            mode,
            set,
            live: Set::new(),
            pairs: Vec::new(),
            in_order: Vec::new(),
            same: BTreeMap::new(),
            settlements: BTreeMap::new(),
            fates: BTreeMap::new(),
            same_settlements: BTreeMap::new(),
            same_fates: BTreeMap::new(),
            opens: BTreeMap::new(),
            round: 1,
            values: BTreeMap::new(),
            open_registers: BTreeMap::new(),
            stated: BTreeMap::new(),
            register_pairs: BTreeMap::new(),
            suspended: Set::new(),
            rejected: Set::new(),
            counted: Set::new(),
            leads: BTreeMap::new(),
            maximal: Set::new(),
            yields: BTreeMap::new(),
            state: 0,
        }
    }

    /// The decisions of an objection.
    pub(crate) fn decisions(&self, o: usize) -> Set {
        self.pairs
            .iter()
            .filter(|p| p.o == o)
            .map(|p| p.d)
            .collect()
    }
    /// Whether a maximal state event yields (section 4.5).
    pub(crate) fn has_yielded(&self, x: usize) -> bool {
        self.yields.keys().any(|(yielding, _)| *yielding == x)
    }
    /// Whether a conflict is open (section 7).
    pub(crate) fn is_conflicted(&self) -> bool {
        self.fates.values().any(|s| *s == Status::Open)
            || self.same_fates.values().any(|s| *s == Status::Open)
            || !self.open_registers.is_empty()
    }
}

/// Everything that the judgement needs.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// The document.
    pub(crate) doc: Doc,
    /// The facts.
    pub(crate) facts: &'a Facts,
    /// The tables.
    pub(crate) tables: &'a Tables,
    /// The time bounds of each event.
    pub(crate) bounds: Vec<Bounds>,
    /// The verdicts, in display order, as far as they are known.
    pub(crate) judgements: Vec<Judgement>,
    /// What each event settles if it is accepted.
    pub(crate) settles: Vec<Settles>,
    /// The memo: the folded causal history of each event, by mode.
    pub(crate) views: [Vec<View>; 3],
    /// The effects, once all verdicts are known.
    pub(crate) effects: Vec<Effect>,
    /// Whether a check or an ending is legal in the state that its author had, with effects and receipts.
    pub(crate) has_basis: Vec<bool>,
}

impl<'a> Case<'a> {
    /// A document without events.
    pub(crate) fn new(facts: &'a Facts, tables: &'a Tables) -> Self {
        Self {
            doc: Doc::default(),
            facts,
            tables,
            bounds: Vec::new(),
            judgements: Vec::new(),
            settles: Vec::new(),
            views: [Vec::new(), Vec::new(), Vec::new()],
            effects: Vec::new(),
            has_basis: Vec::new(),
        }
    }
    /// The folded causal history of an event.
    pub(crate) fn view(&self, e: usize, mode: Mode) -> &View {
        &self.views[mode as usize][e]
    }
    /// Whether an event is accepted.
    pub(crate) fn is_accepted(&self, e: usize) -> bool {
        matches!(self.judgements[e], Judgement::Accepted { .. })
    }
    /// The state that an accepted event's transition leads to.
    pub(crate) fn leads_to(&self, e: usize) -> Option<u16> {
        match &self.judgements[e] {
            Judgement::Accepted { to, .. } => *to,
            _ => None,
        }
    }
    /// Whether an accepted event is a finding whose transition opens a round: it starts from HS80 or HS95.
    pub(crate) fn opens_by_verdict(&self, e: usize) -> bool {
        match &self.judgements[e] {
            Judgement::Accepted { from, .. } => {
                self.doc.class(e) == Class::Finding && [80, 95].contains(from)
            }
            _ => false,
        }
    }
    /// Section 7, "Own round": the round that the event opens in the set, or that of its causal history.
    pub(crate) fn own_round(&self, v: &View, e: usize) -> u16 {
        let opened = v.opens.get(&e).copied();
        opened.unwrap_or_else(|| self.view(e, v.mode).round)
    }
    /// The accepted events of a set in its current round.
    pub(crate) fn of_round(&self, v: &View) -> Set {
        let current = |e: &&usize| self.is_accepted(**e) && self.own_round(v, **e) >= v.round;
        v.set.iter().filter(current).copied().collect()
    }
}

/// The state of a row's target.
pub(crate) fn target(to: To) -> Option<u16> {
    match to {
        To::State(state) => Some(state),
        To::Same => None,
    }
}
