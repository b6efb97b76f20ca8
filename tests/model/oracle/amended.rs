//! The state machine as docs/rules.md states it (section 3, "Transitions that differ from the table of the field" and
//! "Guards that these rules define"), made from the table of the catalogue.

use super::tables::{From, Row, To};

/// Every state of the catalogue but those named; HS00 is among them.
fn others(states: &[u16], named: &[u16]) -> From {
    let all = states.iter().copied().chain([0]);
    From::These(all.filter(|s| !named.contains(s)).collect())
}

fn add_guards(row: &mut Row, guards: &[&str]) {
    for guard in guards {
        if !row.guards.iter().any(|g| g == guard) {
            row.guards.push((*guard).to_owned());
        }
    }
}

/// The rows of the table where the rules state something else: every `recheck_fail` that changes the state
/// has the guards about claimants, "every other state" leaves out the states of the rows above it, and an unfounded
/// result is a proposal only outside HS35 and HS36.
pub(crate) fn as_the_rules_state(mut rows: Vec<Row>, states: &[u16]) -> Vec<Row> {
    for row in &mut rows {
        match (row.event.as_str(), row.to) {
            ("recheck_fail", To::State(_)) => {
                add_guards(row, &["not_claimant", "other_organ_than_claimant"]);
            }
            ("recheck_fail", To::Same) => row.from = others(states, &[15, 60, 70, 80, 95]),
            ("observe", To::Same) => row.from = others(states, &[80, 95]),
            ("transfer_result", To::Same) if row.proposal => {
                row.from = others(states, &[35, 36]);
            }
            _ => {}
        }
    }
    rows
}
