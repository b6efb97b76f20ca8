//! Which findings open a round (docs/rules.md, section 7, "Round").

use std::collections::BTreeMap;

use super::{
    case::{Case, Mode, PairRow, Status, View},
    classes::Class,
    doc::Set,
};

/// Section 7: the round that the finding f opens because a `close`, a `void` or an unfounded result z counts, z ∈ P(f),
/// and the state of P(f) was HS80 or HS95.
pub(crate) fn opened_by(case: &Case<'_>, mode: Mode, counted: &Set, f: usize) -> Option<u16> {
    let author_had = case.view(f, mode);
    if case.doc.class(f) != Class::Finding || ![80, 95].contains(&author_had.state) {
        return None;
    }
    let ended = |z: &&usize| {
        counted.contains(*z)
            && case.doc.class(**z) == Class::Ending
            && case.doc.kind(**z) != "mark_duplicate"
    };
    let endings = case.doc.past[f].iter().filter(ended);
    let last = endings.map(|z| case.view(*z, mode).round).max()?;
    Some(last + 1)
}

/// Section 7: the rounds that `observe` and `reopen` open because they object to a `close` by C-10, open or held.
pub(crate) fn opened_by_objection(case: &Case<'_>, v: &View) -> BTreeMap<usize, u16> {
    let mut opens = BTreeMap::new();
    for pair in v.pairs.iter().filter(|p| p.row == PairRow::C10) {
        let sees = ["observe", "reopen"].contains(&case.doc.kind(pair.o));
        let holds = v.fates.get(&pair.o) != Some(&Status::Overruled);
        if sees && holds {
            let round = case.view(pair.d, v.mode).round + 1;
            let opened = opens.entry(pair.o).or_insert(round);
            *opened = round.max(*opened);
        }
    }
    opens
}

/// Section 7: all findings that open a round in the set, as far as its counted events are known.
pub(crate) fn opens(case: &Case<'_>, v: &View, counted: &Set) -> BTreeMap<usize, u16> {
    let mut opens = opened_by_objection(case, v);
    let overruled = |f: &&usize| v.fates.get(*f) == Some(&Status::Overruled);
    for f in v.live.iter().filter(|f| !overruled(f)) {
        if let Some(round) = opened_by(case, v.mode, counted, *f) {
            let opened = opens.entry(*f).or_insert(round);
            *opened = round.max(*opened);
        }
    }
    opens
}
