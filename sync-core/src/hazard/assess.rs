//! The assessment of a set of events; see `docs/rules.md`, 4 to 7.

use std::rc::Rc;

use super::{
    assessing::Assessing,
    assessment::{Assessment, Basis},
    conflict, disagreements, in_force,
    known::{Known, World},
    registers,
    related::Related,
    rounds, standing, suspend,
};
use crate::history::Positions;

/// Assesses a set that contains the causal history of each of its events. `baseless`: checks and endings that are not
/// legal in the effective state of their causal history. `of_part`: the assessment of a part of the set, and whether
/// each event that it lacks was made with the part and with all earlier ones; what did not change is taken over from
/// it.
pub(super) fn assess<'a>(
    known: &Known<'_, 'a>,
    related: &Related<'a>,
    set: Positions,
    world: World,
    baseless: &Positions,
    of_part: Option<(&Assessment, bool)>,
) -> Assessment {
    let mut new = set.clone();
    let basis = of_part.map(|(assessment, is_linear)| {
        new.subtract(&assessment.set);
        Basis {
            assessment,
            new: &new,
            is_linear,
        }
    });
    let basis = basis.as_ref();
    let it = Assessing::new(known, related, &set, world);
    let disputes = conflict::disputes(&it, basis);
    let it = it.with(disputes);
    let contested = suspend::contested(&it, basis);
    let first = known.first_of(&it.live, world);
    let held = registers::held(&it, first, basis);
    let mut opens = rounds::by_objection(&it);
    let mut recurring: Vec<usize> = Vec::new();
    // A finding opens a round only if an ending counts, and an ending counts only if no conflict concerns it, also one
    // about a transfer of the round. So this begins without such rounds and adds them until nothing changes.
    loop {
        let round = opens.greatest();
        let own = |at: usize| rounds::own(&it, &opens, at);
        let transfers = in_force::transfers(&it, |transfer| own(transfer) < round);
        let differing = disagreements::find(&it, &held, &transfers, basis);
        let (suspended, mut rejected) = suspend::out_of_count(&it, &contested, &differing);
        let mut out = suspended.clone();
        out.extend(&rejected);
        if world == World::Effective {
            out.extend(baseless);
        }
        let counted = it.counted(&out);
        let more = rounds::more(&it, &opens, &counted);
        if !more.is_empty() {
            for (finding, round) in more {
                opens.add(finding, round);
                recurring.push(finding);
            }
            continue;
        }
        rejected.keep(&it.live);
        let standing = standing::find(&it, &opens, &recurring, round, &counted);
        return Assessment {
            state: standing.state,
            round,
            opens,
            maximal: standing.maximal,
            disputes: Rc::clone(&it.disputes),
            contested: Some(contested),
            first,
            values: registers::values(&it, &held),
            held,
            differing,
            transfers,
            suspended,
            rejected,
            counted,
            set,
        };
    }
}
