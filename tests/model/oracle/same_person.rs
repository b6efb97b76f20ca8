//! C-40: one person, or one organisation, on both sides of a two-person rule (docs/rules.md, section 4.2).

use super::{
    case::{Case, Mode, View},
    classes::Class,
    rounds,
};

/// Section 4.2: the objections of each decision.
pub(crate) fn find(case: &Case<'_>, v: &mut View) {
    let live = v.live.clone();
    for y in &live {
        for x in &live {
            let may = case.doc.concurrent(*x, *y) && is_pair(case, *x, *y);
            if may && contested_round(case, *x) == contested_round(case, *y) {
                v.same.entry(*y).or_default().insert(*x);
            }
        }
    }
}

/// Section 4.2: the round of an event's causal history in the contested candidate, or the round that it opens.
fn contested_round(case: &Case<'_>, e: usize) -> u16 {
    let v = case.view(e, Mode::Contested);
    let opened = rounds::opened_by(case, Mode::Contested, &v.counted, e);
    opened.unwrap_or(v.round)
}

/// The table of section 4.2.
fn is_pair(case: &Case<'_>, x: usize, y: usize) -> bool {
    let doc = &case.doc;
    match (doc.class(x), doc.class(y)) {
        (Class::Claim, Class::Check) => doc.same_side(x, y),
        (Class::Claim | Class::Check, _) => doc.kind(y) == "close" && doc.same_person(x, y),
        _ => doc.kind(x) == "observe" && doc.kind(y) == "void" && doc.same_person(x, y),
    }
}
