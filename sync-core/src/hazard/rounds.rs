//! Which findings open a round; see `docs/rules.md`, 7.

use super::{
    assessing::Assessing,
    conflict,
    fate::Fate,
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

/// The findings that object to a closing, open or held.
pub(super) fn by_objection(it: &Assessing<'_, '_, '_>) -> Vec<(usize, u16)> {
    let rules = &it.known.history.rules.concurrent;
    let mut opens: Vec<(usize, u16)> = Vec::new();
    for fated in it.disputes.iter().filter(|c| c.fate != Fate::Overruled) {
        let Subject::Objection(objection) = fated.conflict.subject else {
            continue;
        };
        let pairs = conflict::pairs(it.known, &fated.conflict, objection);
        let recurring = pairs.into_iter().filter(|(row, _)| rules[*row].recurs);
        let rounds = recurring.map(|(_, decision)| it.known.before(it.world, decision).round + 1);
        opens.extend(rounds.max().map(|round| (objection, round)));
    }
    opens
}

/// The own round of an event: the one that it opens, or that of its causal history.
pub(super) fn own(it: &Assessing<'_, '_, '_>, opens: &[(usize, u16)], at: usize) -> u16 {
    let opened = opens.iter().find(|(of, _)| *of == at);
    opened.map_or_else(|| it.known.before(it.world, at).round, |(_, round)| *round)
}

/// The findings that open a round because an ending that they saw counts, and that are not in `opens` yet.
pub(super) fn more(
    it: &Assessing<'_, '_, '_>,
    opens: &[(usize, u16)],
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
        let is_new = !opens.iter().any(|(of, _)| *of == at) && !it.is_overruled(at);
        if !is_new || !is_ended(known.before(it.world, at).state) {
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
