//! The differing values of a set: open conflicts of registers, and the endings that settled pairs ask a confirmation of.

use std::rc::Rc;

use smallvec::SmallVec;

use super::{
    assessing::Assessing,
    assessment::{Basis, Disagreements, Held, SettledValues, open},
    confirmed::Confirmations,
    dispute::{Dispute, Fated},
    known::Known,
    registers::is_conflict,
    rivals::Lane,
    taken::Subject,
};
use crate::{catalogue::FieldName, history::Positions};

/// The values of one register that are compared.
struct Compared<'c, 'a> {
    lane: &'c Lane<'a>,
    stated: &'c Positions,
    maximal: Positions,
    /// The values that a resolution compared; see [`picked`].
    picked: Vec<Positions>,
}

/// Compares the values of each register, and the transfers in force.
pub(super) fn find(
    it: &Assessing<'_, '_, '_>,
    held: &Rc<Vec<Held>>,
    transfers: &[usize],
    basis: Option<&Basis<'_>>,
) -> Rc<Disagreements> {
    let endings = it.live(&it.relations.endings);
    // A resolution may confirm an ending: then another pair may be the one that it needs a confirmation for.
    let basis_of_pairs = basis.filter(|basis| !basis.new.meets(&it.relations.resolutions));
    if let Some(Basis { assessment, .. }) = basis_of_pairs
        && Rc::ptr_eq(held, &assessment.held)
        && transfers == assessment.transfers
        && endings == assessment.differing.endings
    {
        return Rc::clone(&assessment.differing);
    }
    let lanes = it.rivals.lanes().iter().zip(held.iter());
    let registers: Vec<Compared<'_, '_>> = lanes
        .filter(|(lane, _)| lane.has_conflicts)
        .map(|(lane, held)| Compared::new(it, lane, held, transfers))
        .collect();
    let before = basis.map_or(&[][..], |basis| &basis.assessment.differing.settled);
    let of = |pairs: &SettledValues| {
        let mut register = registers.iter();
        let register = register.find(|r| r.lane.field.bit() == pairs.lane)?;
        register.still_settled(pairs)
    };
    let mut found = Disagreements {
        open: registers.iter().filter_map(|r| r.open(it.known)).collect(),
        settled: before.iter().filter_map(of).collect(),
        unconfirmed: Positions::new(it.known.history.len()),
        endings,
    };
    let basis = basis_of_pairs.filter(|_| found.settled == *before);
    add_settled(it, &registers, basis, &mut found);
    Rc::new(found)
}

/// Adds settled pairs: one for each ending that lacks a confirmation, and one to show that there are any. `basis`: the
/// assessment of a part of the set whose settled pairs are settled and confirmed as they were.
fn add_settled(
    it: &Assessing<'_, '_, '_>,
    registers: &[Compared<'_, '_>],
    basis: Option<&Basis<'_>>,
    found: &mut Disagreements,
) {
    let confirmations = Confirmations::of(it);
    // What an ending of the part lacks for pairs that were settled in it is as it was.
    let known = basis.map(|basis| &basis.assessment.differing);
    let is_known = |ending: &usize| known.is_some_and(|known| known.endings.has(*ending));
    if let Some(known) = known {
        found.unconfirmed.extend(&known.unconfirmed);
        found.unconfirmed.keep(&found.endings);
    }
    for ending in found.endings.iter().filter(|ending| !is_known(ending)) {
        if confirmations.lacks_any(ending, &found.settled) {
            found.unconfirmed.insert(ending);
        }
    }
    let mut confirmed = found.endings.clone();
    confirmed.subtract(&found.unconfirmed);
    let mut confirmed: Vec<usize> = confirmed.iter().collect();
    let basis = basis.filter(|_| confirmed.iter().all(is_known));
    for register in registers {
        let values = match basis {
            Some(basis) => register.since(it, basis),
            None => register.stated.clone(),
        };
        // Both values of a pair are after an ending, or before it, if no value is concurrent with it.
        let is_concurrent = |ending: &usize| {
            let [before, after] = [
                it.known.ancestors(*ending),
                &it.relations.descendants[*ending],
            ];
            register.stated.has_outside(&[before, after])
        };
        let (mut open, others): (Vec<_>, Vec<_>) = confirmed.into_iter().partition(is_concurrent);
        let mut after_all = values.clone();
        for ending in &open {
            after_all.keep(&it.relations.descendants[*ending]);
        }
        for value in values.iter() {
            if !found.settled.is_empty() && (open.is_empty() || after_all.has(value)) {
                continue;
            }
            for pairs in register.settled(it.known, value) {
                let count = open.len();
                open.retain(|ending| {
                    let lacks = confirmations.lacks(*ending, &pairs);
                    if lacks {
                        found.unconfirmed.insert(*ending);
                    }
                    !lacks
                });
                if open.len() < count || found.settled.is_empty() {
                    found.settled.push(pairs);
                }
            }
        }
        open.extend(others);
        confirmed = open;
    }
}

impl<'c, 'a> Compared<'c, 'a> {
    fn new(
        it: &Assessing<'_, '_, '_>,
        lane: &'c Lane<'a>,
        held: &'c Held,
        transfers: &[usize],
    ) -> Self {
        let mut maximal = held.maximal.clone();
        if lane.field == FieldName::Transfer {
            transfers.iter().for_each(|at| maximal.insert(*at));
        }
        Self {
            lane,
            stated: &held.stated,
            maximal,
            picked: picked(it, lane, &held.stated),
        }
    }

    /// The later values of the pairs that may be settled since the assessment of a part of the set: those that were
    /// maximal in it, new ones, and those that are concurrent with a new one.
    fn since(&self, it: &Assessing<'_, '_, '_>, basis: &Basis<'_>) -> Positions {
        let known = it.known;
        let mut new = basis.new.clone();
        new.keep(self.stated);
        let mut found = new.clone();
        for value in new.iter().filter(|_| !basis.is_linear) {
            found.extend(&it.relations.concurrent(known.history, self.stated, value));
        }
        if self.lane.field == FieldName::Transfer {
            let transfers = basis.assessment.transfers.iter();
            transfers.for_each(|at| found.insert(*at));
        } else {
            let values = basis.assessment.values.iter();
            let values = values.filter(|value| value.lane == self.lane.field.bit());
            values.for_each(|value| found.insert(value.at));
        }
        found.keep(self.stated);
        found
    }

    /// The values of conflicting pairs with a value that are stated: all of them, and those that are open.
    fn pairs(
        &self,
        known: &Known<'_, '_>,
        value: usize,
    ) -> impl Iterator<Item = (usize, Positions, Positions)> {
        let is_maximal = self.maximal.has(value);
        let conflicts = self.lane.differing(value).iter();
        let conflicts = conflicts.filter(|differing| is_conflict(known, differing));
        let stated = conflicts.filter(|differing| differing.earlier.meets(self.stated));
        stated.map(move |differing| {
            let mut all = differing.earlier.clone();
            all.keep(self.stated);
            // An open pair is one of two maximal values that no resolution compared.
            let mut open = all.clone();
            if is_maximal {
                open.keep(&self.maximal);
                let of_value = self.picked.iter().filter(|values| values.has(value));
                of_value.for_each(|values| open.subtract(values));
            } else {
                open.subtract(&all);
            }
            (differing.row, all, open)
        })
    }

    /// The open conflict of the register.
    fn open(&self, known: &Known<'_, '_>) -> Option<Fated> {
        let mut conflict = Dispute {
            subject: Subject::Register(self.lane.field.bit()),
            rows: 0,
            objections: SmallVec::new(),
            decisions: Positions::new(known.history.len()),
            lead: None,
            opens: None,
            suspends: false,
        };
        for value in self.maximal.iter() {
            for (row, _, open) in self.pairs(known, value).filter(|of| !of.2.is_empty()) {
                conflict.rows |= 1 << row;
                conflict.decisions.insert(value);
                conflict.decisions.extend(&open);
            }
        }
        (conflict.rows != 0).then(|| open(conflict))
    }

    /// The settled pairs of a value with earlier ones.
    fn settled(&self, known: &Known<'_, '_>, later: usize) -> impl Iterator<Item = SettledValues> {
        let pairs = self.pairs(known, later);
        let pairs = pairs.map(move |(_, mut earlier, open)| {
            earlier.subtract(&open);
            SettledValues {
                lane: self.lane.field.bit(),
                later,
                earlier,
            }
        });
        pairs.filter(|pairs| !pairs.earlier.is_empty())
    }

    /// What is left of settled pairs of a part of the set in the whole of it.
    fn still_settled(&self, pairs: &SettledValues) -> Option<SettledValues> {
        let mut pairs = pairs.clone();
        pairs.earlier.keep(self.stated);
        if self.maximal.has(pairs.later) {
            pairs.earlier.subtract(&self.maximal);
        }
        let is_stated = self.stated.has(pairs.later);
        (is_stated && !pairs.earlier.is_empty()).then_some(pairs)
    }
}

/// The transfers that the resolutions among these values compared, by resolution. Of other registers, a resolution is a
/// value itself.
fn picked(it: &Assessing<'_, '_, '_>, lane: &Lane<'_>, stated: &Positions) -> Vec<Positions> {
    if lane.field != FieldName::Transfer {
        return Vec::new();
    }
    let mut resolutions = stated.clone();
    resolutions.keep(&lane.resolutions);
    let picks = resolutions.iter().flat_map(|at| {
        let taken = it.known.taken[at].iter();
        taken.flat_map(|taken| &taken.picks)
    });
    let picks = picks.filter(|pick| pick.lane == lane.field.bit());
    picks.map(|pick| pick.values.clone()).collect()
}
