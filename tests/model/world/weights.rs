//! Which kinds of events the people of a world are likely to state in a state.

use std::collections::BTreeSet;

use sync_core::record::{EventBody, OrganId};

use crate::oracle::case::{Case, Register, View};

/// Kinds that may be stated in every state.
const ALWAYS: &[(&str, usize)] = &[
    ("observe", 4),
    ("note", 1),
    ("add_photo", 1),
    ("clearance", 2),
    ("correct_count", 3),
    ("recode", 4),
    ("relocate", 3),
    ("regrade", 6),
    ("penalty_link", 3),
    ("escalate", 1),
    ("mark_duplicate", 4),
    ("redact", 1),
    ("extend_deadline", 3),
    ("recheck_fail", 4),
    ("photo_role", 3),
    ("unknown", 1),
    ("activity", 0),
];

/// Kinds that people of a calm world state only where they lead the hazard on.
const DISPUTES: &[&str] = &[
    "escalate",
    "recheck_fail",
    "photo_role",
    "penalty_link",
    "regrade",
    "unknown",
];

/// Kinds that lead a hazard on from a state.
fn forward(state: u16) -> &'static [(&'static str, usize)] {
    match state {
        10 => &[
            ("assign", 16),
            ("fix_on_spot", 8),
            ("dissuade", 10),
            ("report", 6),
            ("order", 6),
            ("transfer", 10),
            ("claim_fixed", 8),
            ("void", 14),
        ],
        15 => &[
            ("confirm_spot_fix", 14),
            ("recheck_pass", 14),
            ("recheck_fail", 8),
            ("report", 4),
            ("dissuade", 4),
        ],
        20 => &[("dissuade", 12), ("report", 12), ("transfer", 10)],
        30 => &[
            ("transfer", 20),
            ("assign", 10),
            ("order", 8),
            ("claim_fixed", 10),
            ("void", 10),
        ],
        35 | 36 => &[("start_rectify", 4), ("claim_fixed", 3)],
        40 => &[
            ("start_rectify", 8),
            ("claim_fixed", 20),
            ("order", 8),
            ("official_number", 3),
        ],
        50 => &[("claim_fixed", 24), ("recheck_pass", 12), ("assign", 3)],
        60 => &[
            ("recheck_pass", 36),
            ("recheck_fail", 12),
            ("photo_role", 6),
            ("claim_fixed", 2),
        ],
        65 => &[
            ("claim_fixed", 20),
            ("dissuade", 5),
            ("report", 6),
            ("order", 8),
            ("recheck_fail", 4),
        ],
        70 => &[
            ("close", 50),
            ("recheck_fail", 10),
            ("photo_role", 6),
            ("recheck_pass", 6),
            ("escalate", 2),
            ("report", 3),
            ("dissuade", 3),
            ("order", 3),
        ],
        80 => &[
            ("reopen", 14),
            ("observe", 10),
            ("recheck_fail", 12),
            ("mark_duplicate", 10),
        ],
        90 => &[
            ("gov_decision", 12),
            ("gov_progress", 16),
            ("mark_duplicate", 4),
        ],
        95 => &[("observe", 10), ("reopen", 8), ("recheck_fail", 8)],
        96 => &[("unmerge", 24), ("observe", 4), ("reopen", 4)],
        _ => &[("observe", 30)],
    }
}

/// The organisations whose step a transfer waits for; empty for other kinds.
pub(crate) fn sides(case: &Case<'_>, v: &View, kind: &str) -> BTreeSet<OrganId> {
    if !kind.starts_with("transfer_") {
        return BTreeSet::new();
    }
    let transfers = v.values.get(&Register::Transfer).into_iter().flatten();
    let side = |t: &usize| match case.doc.body(*t) {
        EventBody::Transfer(transfer) if kind != "transfer_withdraw" => Some(transfer.to),
        _ => case.doc.organ(*t),
    };
    transfers.filter_map(side).collect()
}

/// Kinds with their weights for what an author has.
pub(crate) fn weights(case: &Case<'_>, v: &View, calm: bool) -> Vec<(&'static str, usize)> {
    let mut all: Vec<(&str, usize)> = ALWAYS.to_vec();
    if calm {
        all.retain(|(kind, _)| !DISPUTES.contains(kind));
    }
    all.extend_from_slice(forward(v.state));
    if v.is_conflicted() {
        all.extend([
            ("resolve", 60),
            ("recheck_pass", 16),
            ("claim_fixed", 10),
            ("recheck_fail", 8),
            ("close", 6),
        ]);
    } else {
        all.push(("resolve", 1));
    }
    let transfers = v
        .values
        .get(&Register::Transfer)
        .is_some_and(|all| !all.is_empty());
    if transfers {
        all.extend([
            ("transfer_sign", 4),
            ("transfer_accept", 24),
            ("transfer_return", 8),
            ("transfer_result", 20),
            ("transfer_withdraw", 16),
        ]);
    } else {
        all.extend([
            ("transfer_accept", 1),
            ("transfer_withdraw", 1),
            ("transfer_result", 1),
        ]);
    }
    let has = |kind: &str| v.live.iter().any(|e| case.doc.kind(*e) == kind);
    if has("penalty_link") {
        all.push(("penalty_link", 6));
    }
    if has("escalate") {
        all.extend([("gov_progress", 6), ("gov_decision", 3)]);
    }
    all
}
