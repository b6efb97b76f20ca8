//! The fold of a set of events that is closed under ancestors.

use super::{
    case::{Case, Effect, Mode, View},
    classes,
    doc::Set,
    pairs, registers, same_person, settle, state,
};

/// Section 3, "Effects": the accepted events of the set whose effect counts.
fn live(case: &Case<'_>, set: &Set, mode: Mode) -> Set {
    let counts = |e: usize| match mode {
        Mode::Contested | Mode::Ordered => true,
        Mode::Actual => match case.effects[e] {
            Effect::Counts => true,
            Effect::Pending => classes::counts_while_pending(case.doc.body(e)),
            Effect::None | Effect::ProposedInstead => false,
        },
    };
    let is_live = |e: &&usize| case.is_accepted(**e) && counts(**e);
    set.iter().filter(is_live).copied().collect()
}

/// Folds a set: pairs, then fates, then registers, suspension, round and state.
pub(crate) fn fold(case: &Case<'_>, set: Set, mode: Mode) -> View {
    let mut v = View::of(mode, set);
    v.live = live(case, &v.set, mode);
    pairs::find(case, &mut v);
    same_person::find(case, &mut v);
    settle::fates(case, &mut v);
    registers::find_pairs(case, &mut v);
    state::find(case, &mut v);
    v
}
