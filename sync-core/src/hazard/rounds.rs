//! Which findings open a round; see `docs/rules.md`, 7.

use std::collections::BTreeMap;

use super::{
    assessing::Assessing,
    dispute::Fate,
    known::{Known, World},
    taken::Subject,
};
use crate::{
    catalogue::{EventClass, StateCode},
    history::Positions,
    record::EventBody,
};

/// The states after which a finding opens a round: closed and voided.
const ENDED: [StateCode; 2] = [StateCode(80), StateCode(95)];

/// Whether a finding in this state opens a round.
pub(super) fn is_ended(state: StateCode) -> bool {
    ENDED.contains(&state)
}

/// The findings that open a round, each with the round, by position.
#[derive(Debug, Clone, Default)]
pub(super) struct Opens(BTreeMap<usize, u16>);

impl Opens {
    /// The round that a finding opens.
    pub(super) fn round_of(&self, finding: usize) -> Option<u16> {
        self.0.get(&finding).copied()
    }

    /// Adds a finding. One that opens a round already keeps it.
    pub(super) fn add(&mut self, finding: usize, round: u16) {
        self.0.entry(finding).or_insert(round);
    }

    /// The greatest round, at least 1.
    pub(super) fn greatest(&self) -> u16 {
        self.0.values().copied().max().unwrap_or(1)
    }
}

/// The findings that object to a closing, open or held.
pub(super) fn by_objection(it: &Assessing<'_, '_, '_>) -> Opens {
    let mut opens = Opens::default();
    for fated in it.disputes.iter().filter(|c| c.fate != Fate::Overruled) {
        if let (Subject::Objection(objection), Some(round)) =
            (fated.conflict.subject, fated.conflict.opens)
        {
            opens.add(objection, round);
        }
    }
    opens
}

/// The own round of an event: the one that it opens, or that of its causal history.
pub(super) fn own(it: &Assessing<'_, '_, '_>, opens: &Opens, at: usize) -> u16 {
    let opened = opens.round_of(at);
    opened.unwrap_or_else(|| it.known.before(it.world, at).round)
}

/// The findings that open a round because an ending that they saw counts, and that are not in `opens` yet.
pub(super) fn more(
    it: &Assessing<'_, '_, '_>,
    opens: &Opens,
    counted: &Positions,
) -> Vec<(usize, u16)> {
    let mut endings = counted.clone();
    endings.keep(&it.relations.endings);
    if endings.is_empty() {
        return Vec::new();
    }
    let findings = it.live(&it.relations.findings);
    let opened = |at: usize| {
        let known = it.known;
        if !is_ended(known.before(it.world, at).state)
            || opens.round_of(at).is_some()
            || it.is_overruled(at)
            || !known.ancestors(at).meets(&endings)
        {
            return None;
        }
        let last = last_round(known, it.world, at, |ending| endings.has(ending));
        last.map(|last| (at, last + 1))
    };
    findings.iter().filter_map(opened).collect()
}

/// The greatest round of the causal histories of the endings that an event saw and that satisfy `counts`; merges end no
/// round.
pub(super) fn last_round(
    known: &Known<'_, '_>,
    world: World,
    at: usize,
    counts: impl Fn(usize) -> bool,
) -> Option<u16> {
    let ends = |ending: &usize| {
        known.taken[*ending]
            .as_ref()
            .is_some_and(|taken| taken.class == EventClass::Ending)
            && !matches!(known.history.body(*ending), EventBody::MarkDuplicate(_))
            && counts(*ending)
    };
    let endings = known.ancestors(at).iter().filter(ends);
    endings
        .map(|ending| known.before(world, ending).round)
        .max()
}
