//! What a set of events amounts to; see `docs/rules.md`, 4 to 7.

use super::{
    assessing::Assessing,
    conflict,
    dispute::{Dispute, Fate, Fated},
    fate, in_force,
    known::{Known, World},
    registers::{self, Value},
    related::Related,
    rounds::{self, Opens},
    standing, suspend,
};
use crate::{catalogue::StateCode, history::Positions};

/// What a set of events amounts to.
#[derive(Debug, Clone)]
pub(super) struct Assessment {
    pub(super) state: StateCode,
    pub(super) round: u16,
    /// The findings that open a round, each with the round.
    pub(super) opens: Opens,
    /// The maximal events of the state that count, those that yield included.
    pub(super) maximal: Vec<usize>,
    pub(super) conflicts: Vec<Fated>,
    /// Whether values of a register conflicted, and were settled since.
    pub(super) has_settled_values: bool,
    /// The maximal values of the registers.
    pub(super) values: Vec<Value>,
    /// The transfers in force.
    pub(super) transfers: Vec<usize>,
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
            opens: Opens::default(),
            maximal: Vec::new(),
            conflicts: Vec::new(),
            has_settled_values: false,
            values: Vec::new(),
            transfers: Vec::new(),
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
pub(super) fn assess<'a>(
    known: &Known<'_, 'a>,
    related: &Related<'a>,
    set: &Positions,
    world: World,
    baseless: &Positions,
) -> Assessment {
    let it = Assessing::new(known, related, set, world);
    let found = conflict::conflicts(&it);
    let disputes = fate::decide(&it, found);
    let it = it.with(disputes);
    let held = registers::held(&it);
    let mut opens = rounds::by_objection(&it);
    let mut recurring: Vec<usize> = Vec::new();
    // A finding opens a round only if an ending counts, and an ending counts only if no conflict concerns it, also one
    // about a transfer of the round. So this begins without such rounds and adds them until nothing changes.
    loop {
        let round = opens.greatest();
        let own = |at: usize| rounds::own(&it, &opens, at);
        let transfers = in_force::transfers(&it, |transfer| own(transfer) < round);
        let differing = registers::disagreements(&it, &held, &transfers);
        let (suspended, mut rejected) = suspend::out_of_count(&it, &differing);
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
        let values = registers::values(&it, &held);
        let mut conflicts = it.disputes;
        conflicts.extend(differing.open.into_iter().map(open));
        return Assessment {
            state: standing.state,
            round,
            opens,
            maximal: standing.maximal,
            conflicts,
            has_settled_values: !differing.settled.is_empty(),
            values,
            transfers,
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
