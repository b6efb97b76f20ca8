//! Notices: what the rules decided without a conflict. They are for display; nothing depends on them.

use super::{
    assessing::Assessing,
    assessment::Assessment,
    conflict,
    known::{Known, World},
    registers,
    related::Related,
    standing,
};
use crate::{catalogue::ByTime, history::Positions};

/// The most notices of a hazard. More of them tell a reader nothing new.
const MOST: usize = 200;

/// A pair that a rule decided: its row, and both events.
pub(super) type Decided = (usize, usize, usize);

/// The pairs of all events that rules decided, of which `now` is the assessment.
pub(super) fn of<'a>(
    known: &Known<'_, 'a>,
    related: &Related<'a>,
    all: &Positions,
    now: &Assessment,
) -> Vec<Decided> {
    let it = Assessing::new(known, related, all, World::Effective);
    let mut found = registers::notices(&it, &now.held, MOST);
    found.extend(standing::notices(&it, &now.maximal, MOST - found.len()));
    sequences(&it, &mut found);
    found
}

/// Adds the failed rechecks that trusted times order before a claim (C-05).
fn sequences(it: &Assessing<'_, '_, '_>, found: &mut Vec<Decided>) {
    let rules = &it.known.history.rules.concurrent;
    let Some(row) = rules.iter().position(|rule| rule.id == "C-05") else {
        return;
    };
    for objection in it.live(&it.pairs.objecting).iter() {
        for against in it.pairs.against(objection) {
            if rules[against.row].by_time != Some(ByTime::Claim) {
                continue;
            }
            let Some(ordered) = conflict::in_order(it, objection, against) else {
                continue;
            };
            let left = MOST - found.len();
            found.extend(ordered.iter().take(left).map(|at| (row, objection, at)));
        }
    }
}
