//! Makes the outcome of a folded document.

use std::collections::BTreeSet;

use sync_core::record::EventId;

use super::{
    case::{Case, Judgement, Register, Status, View},
    classes::{self, passes_or_ends},
    notices,
    outcome::{
        Conflict, ConflictName, ConflictStatus, EventOutcome, Outcome, RegisterOutcome, Remark,
        Standing, Verdict,
    },
    registers,
};

/// The ids of events, sorted.
fn ids(case: &Case<'_>, events: impl IntoIterator<Item = usize>) -> Vec<EventId> {
    let ids = events.into_iter().map(|e| case.doc.events[e].id);
    let sorted: BTreeSet<EventId> = ids.collect();
    sorted.into_iter().collect()
}

fn remarks(case: &Case<'_>, all: BTreeSet<notices::Remark>) -> Vec<Remark> {
    let remark = |(row, events)| Remark {
        row,
        events: ids(case, events),
    };
    let sorted: BTreeSet<Remark> = all.into_iter().map(remark).collect();
    sorted.into_iter().collect()
}

/// The outcome of the folded document.
pub(crate) fn outcome(case: &Case<'_>, v: &View) -> Outcome {
    let events = (0..case.doc.events.len()).map(|e| (case.doc.events[e].id, event(case, v, e)));
    let with_values = |r: &Register| *r != Register::Transfer && !v.values[r].is_empty();
    let registers = Register::ALL.into_iter().filter(with_values);
    let transfers = v.values[&Register::Transfer].iter().copied();
    Outcome {
        state: v.state,
        round: v.round,
        conflicted: v.is_conflicted(),
        events: events.collect(),
        conflicts: conflicts(case, v),
        cards: remarks(case, notices::cards(case, v)),
        notices: remarks(case, notices::notices(case, v)),
        registers: registers
            .map(|r| (r.name(), register(case, v, r)))
            .collect(),
        live_transfers: ids(case, transfers.filter(|e| case.doc.kind(*e) == "transfer")),
    }
}

fn event(case: &Case<'_>, v: &View, e: usize) -> EventOutcome {
    let accepted = case.is_accepted(e);
    let has_standing = case.leads_to(e).is_some() || passes_or_ends(case.doc.body(e));
    EventOutcome {
        verdict: match case.judgements[e].clone() {
            Judgement::Accepted { row, from, to, .. } => Verdict::Accepted { row, from, to },
            Judgement::Proposed { row } => Verdict::Proposed { row },
            Judgement::Void(reason) => Verdict::Void(reason),
            Judgement::Unknown => Verdict::Unknown,
        },
        effect: accepted.then(|| case.effects[e]),
        counts_while_pending: classes::counts_while_pending(case.doc.body(e)),
        suspended: v.suspended.contains(&e),
        rejected: v.rejected.contains(&e),
        without_basis: accepted && !case.has_basis[e],
        standing: (accepted && has_standing).then(|| standing(case, v, e)),
    }
}

fn standing(case: &Case<'_>, v: &View, e: usize) -> Standing {
    if !v.live.contains(&e) {
        Standing::NotLive
    } else if v.rejected.contains(&e) {
        Standing::Rejected
    } else if v.suspended.contains(&e) {
        Standing::Suspended
    } else if !case.has_basis[e] {
        Standing::WithoutBasis
    } else if registers::is_unmerged(case, v, e) {
        Standing::Unmerged
    } else if v.fates.get(&e) == Some(&Status::Overruled) {
        Standing::Overruled
    } else if case.leads_to(e).is_none() {
        Standing::Stateless
    } else if case.own_round(v, e) < v.round {
        Standing::EarlierRound
    } else if v.has_yielded(e) {
        Standing::Yielded
    } else if v.maximal.contains(&e) {
        Standing::Counted
    } else {
        Standing::Superseded
    }
}

fn register(case: &Case<'_>, v: &View, register: Register) -> RegisterOutcome {
    let values = &v.values[&register];
    RegisterOutcome {
        value: match values.len() {
            1 => values
                .first()
                .and_then(|e| registers::value(case, register, *e)),
            _ => registers::provisional(case, v, register, values),
        },
        maximal: ids(case, values.iter().copied()),
    }
}

fn status(status: Status) -> ConflictStatus {
    match status {
        Status::Open => ConflictStatus::Open,
        Status::Held => ConflictStatus::Held,
        Status::Overruled => ConflictStatus::Overruled,
    }
}

fn conflicts(case: &Case<'_>, v: &View) -> Vec<Conflict> {
    let mut all = BTreeSet::new();
    for (o, fate) in &v.fates {
        let rows: BTreeSet<_> = v.pairs.iter().filter(|p| p.o == *o).collect();
        let rows: BTreeSet<&str> = rows.iter().map(|p| p.row.id()).collect();
        let settlements = v.settlements.get(o).into_iter().flatten();
        let effective = settlements.filter(|(_, outcome)| outcome == fate);
        all.insert(Conflict {
            name: ConflictName::Objection(case.doc.events[*o].id),
            rows: rows.into_iter().collect(),
            others: ids(case, v.decisions(*o)),
            status: status(*fate),
            settled_by: ids(case, effective.map(|(s, _)| *s)),
        });
    }
    for (y, fate) in &v.same_fates {
        all.insert(Conflict {
            name: ConflictName::SamePerson(case.doc.events[*y].id),
            rows: vec!["C-40"],
            others: ids(case, v.same[y].iter().copied()),
            status: status(*fate),
            settled_by: ids(case, v.same_settlements[y].iter().copied()),
        });
    }
    all.extend(
        Register::ALL
            .into_iter()
            .filter_map(|r| of_register(case, v, r)),
    );
    all.into_iter().collect()
}

/// The conflict of a register.
fn of_register(case: &Case<'_>, v: &View, register: Register) -> Option<Conflict> {
    let is_open = |a: usize, b: usize| registers::is_open(case, v, register, a, b);
    let any_open = registers::conflicts(v, register).any(|(a, b, _)| is_open(a, b));
    let (mut rows, mut values) = (BTreeSet::new(), BTreeSet::new());
    for (a, b, row) in registers::conflicts(v, register) {
        if is_open(a, b) == any_open {
            rows.insert(row.id);
            values.extend([a, b]);
        }
    }
    let settles = |r: &&usize| {
        let settled = case.settles[**r].registers.get(&register);
        settled.is_some_and(|(all, _)| !all.is_disjoint(&values))
    };
    let settled_by = v.live.iter().filter(|r| !any_open && settles(r));
    (!values.is_empty()).then(|| Conflict {
        name: ConflictName::Register(register.name()),
        rows: rows.into_iter().collect(),
        others: ids(case, values.iter().copied()),
        status: if any_open {
            ConflictStatus::Open
        } else {
            ConflictStatus::Settled
        },
        settled_by: ids(case, settled_by.copied()),
    })
}
