//! Suspension and rejection (docs/rules.md, section 5.6).

use super::{
    case::{Case, PairRow, Register, Status, View},
    classes::{Class, passes_or_ends},
    doc::Set,
    registers,
};

/// A conflict with what section 5.6 needs of it.
struct Dispute {
    /// The objection; none for a C-40.
    objection: Option<usize>,
    /// Objection and decision of each pair.
    pairs: Vec<(usize, usize)>,
    /// The fate.
    status: Status,
    /// Its settlements whose outcome is the fate.
    settlements: Set,
    /// Its other settlements.
    contrary: Set,
}

/// Section 5.1: the conflicts of a set, except those of registers.
fn disputes(v: &View) -> Vec<Dispute> {
    let mut all = Vec::new();
    for (o, status) in &v.fates {
        let settlements = v.settlements.get(o).into_iter().flatten();
        let (settlements, contrary): (Vec<_>, Vec<_>) = settlements
            .copied()
            .partition(|(_, outcome)| outcome == status);
        all.push(Dispute {
            objection: Some(*o),
            pairs: v.decisions(*o).into_iter().map(|d| (*o, d)).collect(),
            status: *status,
            settlements: settlements.into_iter().map(|(s, _)| s).collect(),
            contrary: contrary.into_iter().map(|(s, _)| s).collect(),
        });
    }
    for (y, status) in &v.same_fates {
        all.push(Dispute {
            objection: None,
            pairs: v.same[y].iter().map(|x| (*x, *y)).collect(),
            status: *status,
            settlements: v.same_settlements[y].clone(),
            contrary: Set::new(),
        });
    }
    all
}

/// Section 5.6: suspended and rejected events of a set.
pub(crate) fn find(case: &Case<'_>, v: &mut View) {
    let disputes = disputes(v);
    let mut suspended = Set::new();
    let mut rejected = Set::new();
    for dispute in &disputes {
        let hit = match dispute.status {
            Status::Open => &mut suspended,
            Status::Held => &mut rejected,
            Status::Overruled => continue,
        };
        for (o, d) in &dispute.pairs {
            hit.extend(built_on(case, v, *o, *d));
        }
    }
    let endings = v
        .live
        .iter()
        .filter(|z| case.doc.class(**z) == Class::Ending && !is_past(case, v, **z));
    for z in endings {
        for dispute in disputes
            .iter()
            .filter(|dispute| concerns(case, dispute, *z))
        {
            if dispute.status == Status::Open {
                suspended.insert(*z);
            } else if !saw_settlement(case, dispute, *z) {
                rejected.insert(*z);
            }
        }
        if is_suspended_by_register(case, v, *z) {
            suspended.insert(*z);
        }
        if is_rejected_by_register(case, v, *z) {
            rejected.insert(*z);
        }
    }
    v.suspended = suspended;
    v.rejected = rejected;
}

/// The decision d, if it is passing or ending or falls under C-16, and every passing or ending event after d whose
/// author had not seen o.
fn built_on(case: &Case<'_>, v: &View, o: usize, d: usize) -> Set {
    let after = |x: &&usize| {
        passes_or_ends(case.doc.body(**x))
            && (**x == d || (case.doc.before(d, **x) && !case.doc.before(o, **x)))
    };
    let mut hit: Set = v.live.iter().filter(after).copied().collect();
    let withdrawn = |p: &super::case::Pair| (p.o, p.d, p.row) == (o, d, PairRow::C16);
    if v.pairs.iter().any(withdrawn) {
        hit.insert(d);
    }
    hit
}

/// Whether the ending z is past: a live finding that opened a round by its verdict, and was not overruled, saw it. No
/// conflict concerns it.
fn is_past(case: &Case<'_>, v: &View, z: usize) -> bool {
    let opened =
        |f: &usize| case.doc.before(z, *f) && case.opens_by_verdict(*f) && !is_overruled(v, *f);
    v.live.iter().any(opened)
}

/// Whether the conflict concerns the ending z.
fn concerns(case: &Case<'_>, dispute: &Dispute, z: usize) -> bool {
    dispute.pairs.iter().any(|(o, _)| !case.doc.before(z, *o))
}

/// Whether an open conflict of a register concerns z: no value of the conflict saw z.
fn is_suspended_by_register(case: &Case<'_>, v: &View, z: usize) -> bool {
    let saw_z = |values: &Set| values.iter().any(|value| case.doc.before(z, *value));
    v.open_registers.values().any(|values| !saw_z(values))
}

/// Whether a settled pair (a, b) of a register rejects z: neither value saw z, not both are in P(z), and no `resolve`
/// after all three confirms z.
fn is_rejected_by_register(case: &Case<'_>, v: &View, z: usize) -> bool {
    let mut pairs = Register::ALL.into_iter().flat_map(|register| {
        let pairs = registers::conflicts(v, register);
        pairs.filter(move |(a, b, _)| !registers::is_open(case, v, register, *a, *b))
    });
    pairs.any(|(a, b, _)| {
        let saw_z = case.doc.before(z, a) || case.doc.before(z, b);
        let seen = case.doc.before(a, z) && case.doc.before(b, z);
        let confirms = |r: &usize| {
            let after_all = [a, b, z].iter().all(|e| case.doc.before(*e, *r));
            case.doc.kind(*r) == "resolve" && after_all && case.settles[*r].confirms.contains(&z)
        };
        !saw_z && !seen && !v.live.iter().any(confirms)
    })
}

/// Whether a settlement with the outcome that is the fate is in P(z) and no other one is concurrent with it, or one after z confirms z, or z is itself one, or
/// z is the objection and was held.
fn saw_settlement(case: &Case<'_>, dispute: &Dispute, z: usize) -> bool {
    let is_contradicted = |s: usize| dispute.contrary.iter().any(|t| case.doc.concurrent(*t, s));
    let was_held = dispute.objection == Some(z) && dispute.status == Status::Held;
    was_held
        || dispute.settlements.iter().any(|s| {
            *s == z
                || (case.doc.before(*s, z) && !is_contradicted(*s))
                || (case.doc.before(z, *s) && case.settles[*s].confirms.contains(&z))
        })
}

/// Whether an overruled objection no longer counts as a state.
pub(crate) fn is_overruled(v: &View, o: usize) -> bool {
    v.fates.get(&o) == Some(&Status::Overruled)
}
