//! What a set of events amounts to; see `docs/rules.md`, 4 to 7.

use super::{
    assessing::Assessing,
    conflict::{self, Dispute},
    fate::{self, Fate, Fated},
    in_force,
    known::{Known, World},
    registers::{self, Value},
    relations::Relations,
    rounds, standing, suspend,
};
use crate::{
    catalogue::{ByTime, StateCode},
    history::Positions,
};

/// What a set of events amounts to.
#[derive(Debug, Clone)]
pub(super) struct Assessment {
    pub(super) state: StateCode,
    pub(super) round: u16,
    /// The findings that open a round, each with the round.
    pub(super) opens: Vec<(usize, u16)>,
    /// The maximal events of the state that count, those that yield included.
    pub(super) maximal: Vec<usize>,
    pub(super) conflicts: Vec<Fated>,
    /// Whether values of a register conflicted, and were settled since.
    pub(super) has_settled_values: bool,
    /// The maximal values of the registers.
    pub(super) values: Vec<Value>,
    /// The transfers in force.
    pub(super) transfers: Vec<usize>,
    /// Pairs that a rule decided: row, and both events.
    pub(super) notices: Vec<(usize, usize, usize)>,
    /// Does not count while a conflict is open.
    pub(super) suspended: Positions,
    /// Never counts.
    pub(super) rejected: Positions,
    /// The live events that count.
    pub(super) counted: Positions,
}

impl Assessment {
    /// That of no event; `size`: events of the document.
    pub(super) fn empty(size: usize) -> Self {
        Self {
            state: StateCode::NONE,
            round: 1,
            opens: Vec::new(),
            maximal: Vec::new(),
            conflicts: Vec::new(),
            has_settled_values: false,
            values: Vec::new(),
            transfers: Vec::new(),
            notices: Vec::new(),
            suspended: Positions::new(size),
            rejected: Positions::new(size),
            counted: Positions::new(size),
        }
    }

    /// Whether there is a conflict, open or settled.
    pub(super) fn has_conflicts(&self) -> bool {
        !self.conflicts.is_empty() || self.has_settled_values
    }

    /// Whether a conflict is open.
    pub(super) fn is_contested(&self) -> bool {
        self.conflicts.iter().any(|c| c.fate == Fate::Open)
    }
}

/// Assesses a set that contains the causal history of each of its events. `baseless`: checks and endings that are not
/// legal in the effective state of their causal history.
pub(super) fn assess(
    known: &Known<'_, '_>,
    relations: &Relations,
    set: &Positions,
    world: World,
    baseless: &Positions,
) -> Assessment {
    let live = live_of(known, set, world);
    let (found, ordered) = conflict::conflicts(known, relations, &live, world);
    let disputes = fate::decide(known, relations, &live, found);
    let held = registers::held(known, relations, &live, world);
    let it = Assessing {
        known,
        relations,
        world,
        live,
        disputes,
    };
    let mut opens = rounds::by_objection(&it);
    let by_objection = opens.len();
    // A finding opens a round only if an ending counts, and an ending counts only if no conflict concerns it, also one
    // about a transfer of the round. So this begins without such rounds and adds them until nothing changes.
    loop {
        let round = opens.iter().map(|(_, round)| *round).max().unwrap_or(1);
        let own = |at: usize| rounds::own(&it, &opens, at);
        let transfers = in_force::transfers(
            known,
            &it.live,
            |t| own(t) < round,
            |at| it.is_held_back(at),
        );
        let differing = registers::disagreements(known, &held, &transfers.live, &transfers.stated);
        let (suspended, mut rejected) = suspend::out_of_count(&it, &differing);
        let mut out = suspended.clone();
        out.extend(&rejected);
        if world == World::Effective {
            out.extend(baseless);
        }
        let counted = it.counted(&out);
        let more = rounds::more(&it, &opens, &counted);
        if !more.is_empty() {
            opens.extend(more);
            continue;
        }
        rejected.keep(&it.live);
        let has_settled_values = !differing.settled.is_empty();
        let recurring: Vec<usize> = opens[by_objection..].iter().map(|(at, _)| *at).collect();
        let standing = standing::find(&it, &opens, &recurring, round, &counted);
        let mut notices = differing.notices;
        notices.extend(standing.notices);
        notices.extend(sequences(&it, &ordered));
        let mut conflicts = it.disputes;
        conflicts.extend(differing.open.into_iter().map(open));
        return Assessment {
            state: standing.state,
            round,
            opens,
            maximal: standing.maximal,
            conflicts,
            has_settled_values,
            values: held.maximal,
            transfers: transfers.live,
            notices,
            suspended,
            rejected,
            counted,
        };
    }
}

fn open(conflict: Dispute) -> Fated {
    Fated {
        conflict,
        fate: Fate::Open,
        settlements: Vec::new(),
    }
}

/// The events of a set that were accepted and count in a world.
fn live_of(known: &Known<'_, '_>, set: &Positions, world: World) -> Positions {
    let mut live = Positions::new(known.history.len());
    set.iter()
        .filter(|at| *at < known.taken.len() && known.is_live(*at, world))
        .for_each(|at| live.insert(at));
    live
}

/// The notices about pairs that trusted times order.
fn sequences(
    it: &Assessing<'_, '_, '_>,
    ordered: &[conflict::Ordered],
) -> Vec<(usize, usize, usize)> {
    let rules = &it.known.history.rules.concurrent;
    let Some(row) = rules.iter().position(|rule| rule.id == "C-05") else {
        return Vec::new();
    };
    let by_claim = ordered.iter().filter(|(how, ..)| *how == ByTime::Claim);
    by_claim
        .map(|(_, one, other)| (row, *one, *other))
        .collect()
}
