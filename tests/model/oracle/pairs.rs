//! Objections and the decisions that they pair with, and the order that time proves (docs/rules.md, section 4.1).

use sync_core::record::{DissuasionResult, EventBody, TransferOutcome};

use super::{
    case::{Case, Mode, Pair, PairRow, View},
    classes::Class,
    doc::Set,
    roles, sequences,
    times::{is_before, looked_before},
};

/// Section 4.1: every live objection with every concurrent live decision that fits a row; time may order some of them.
pub(crate) fn find(case: &Case<'_>, v: &mut View) {
    let live = v.live.clone();
    for o in &live {
        for d in &live {
            if !case.doc.concurrent(*o, *d) {
                continue;
            }
            for row in rows(case, *o, *d) {
                let pair = Pair { o: *o, d: *d, row };
                if is_ordered(case, v, pair) {
                    v.in_order.push(pair);
                } else {
                    v.pairs.push(pair);
                }
            }
        }
    }
}

/// The table of section 4.1.
fn rows(case: &Case<'_>, o: usize, d: usize) -> Vec<PairRow> {
    let (kind_o, kind_d) = (case.doc.kind(o), case.doc.kind(d));
    let class_d = case.doc.class(d);
    let result = |e: usize| match case.doc.body(e) {
        EventBody::Dissuade(x) => Some(x.result),
        _ => None,
    };
    let complied = result(o) == Some(DissuasionResult::Complied);
    let refused = result(o) == Some(DissuasionResult::Refused);
    let ordered = matches!(case.doc.body(o), EventBody::TransferResult(t) if t.outcome == TransferOutcome::Ordered);
    let voids = kind_d == "void" || (kind_d == "transfer_result" && class_d == Class::Ending);
    let table = [
        (
            PairRow::C04,
            (refused || kind_o == "report") && kind_d == "fix_on_spot",
        ),
        (
            PairRow::C06,
            kind_o == "recheck_fail" && class_d == Class::Claim,
        ),
        (
            PairRow::C08,
            kind_o == "recheck_fail" && class_d == Class::Check,
        ),
        (
            PairRow::C10,
            ["recheck_fail", "observe", "reopen"].contains(&kind_o) && kind_d == "close",
        ),
        (
            PairRow::C16,
            kind_o == "transfer_accept"
                && kind_d == "transfer_withdraw"
                && sequences::concern_one_transfer(case, o, d),
        ),
        (PairRow::C21, voids && may_object_to_void(case, o, d)),
        (
            PairRow::C23,
            ["recheck_fail", "reopen", "unmerge"].contains(&kind_o) && kind_d == "mark_duplicate",
        ),
        (
            PairRow::C25,
            kind_o == "escalate" && ["close", "mark_duplicate"].contains(&kind_d),
        ),
        (
            PairRow::C26,
            kind_o == "penalty_link" && kind_d == "mark_duplicate",
        ),
        (
            PairRow::C33,
            kind_d == "recheck_pass" && is_about_evidence(case, o, d),
        ),
        (
            PairRow::C39,
            ["close", "mark_duplicate"].contains(&kind_d) && raises_grade(case, o, d),
        ),
        (
            PairRow::C41,
            (["report", "order"].contains(&kind_o)
                || (kind_o == "dissuade" && !complied)
                || ordered)
                && kind_d == "close",
        ),
    ];
    let fits = table.into_iter().filter(|(_, fits)| *fits);
    fits.map(|(row, _)| row).collect()
}

/// C-21: an event of another person, except silent kinds and the kinds that the row names.
fn may_object_to_void(case: &Case<'_>, o: usize, d: usize) -> bool {
    let excepted = ["void", "correct_count", "photo_role", "resolve"];
    !case.doc.same_person(o, d)
        && case.doc.class(o) != Class::Silent
        && !excepted.contains(&case.doc.kind(o))
}

/// C-33: `photo_role` of a photo of d, or of a newest claim in P(d).
fn is_about_evidence(case: &Case<'_>, o: usize, d: usize) -> bool {
    let EventBody::PhotoRole(change) = case.doc.body(o) else {
        return false;
    };
    let claims: Set = claims_before(case, d);
    let evidence = case.doc.newest(&claims);
    case.doc.has_photo(d, change.photo)
        || evidence
            .iter()
            .any(|c| case.doc.has_photo(*c, change.photo))
}

/// The accepted claims in P(e).
pub(crate) fn claims_before(case: &Case<'_>, e: usize) -> Set {
    let is_claim = |c: &&usize| case.is_accepted(**c) && case.doc.class(**c) == Class::Claim;
    case.doc.past[e].iter().filter(is_claim).copied().collect()
}

/// C-39: `regrade`, or `recode` to a kind, of a grade that the author of d may not end.
fn raises_grade(case: &Case<'_>, o: usize, d: usize) -> bool {
    let grade = match case.doc.body(o) {
        EventBody::Regrade(r) => Some(r.grade),
        EventBody::Recode(r) => case.tables.default_grade(r.code.as_str()),
        _ => return false,
    };
    case.doc
        .role(d)
        .is_some_and(|role| !roles::may_end(role, grade))
}

/// Section 4.1, "Order by time": the pair is no conflict.
fn is_ordered(case: &Case<'_>, v: &View, pair: Pair) -> bool {
    let Pair { o, d, row } = pair;
    match row {
        PairRow::C06 | PairRow::C08 => v.live.iter().any(|c| {
            let before_or_after = d == *c || case.doc.before(*c, d) || case.doc.before(d, *c);
            before_or_after && is_c05(case, v, o, *c)
        }),
        PairRow::C41 => match v.mode {
            Mode::Contested => false,
            Mode::Ordered => true,
            Mode::Actual => is_before(&case.bounds[o], &case.bounds[d]),
        },
        _ => false,
    }
}

/// Section 4.1 and 3: the `recheck_fail` o is before the live claim c, concurrent with it, by the order of the mode.
pub(crate) fn is_c05(case: &Case<'_>, v: &View, o: usize, c: usize) -> bool {
    let fits = case.doc.kind(o) == "recheck_fail"
        && case.doc.class(c) == Class::Claim
        && v.live.contains(&c)
        && case.doc.concurrent(o, c);
    fits && match v.mode {
        Mode::Contested => false,
        Mode::Ordered => true,
        Mode::Actual => looked_before(&case.bounds[o], &case.bounds[c]),
    }
}

/// Section 4.1: o is superseded by d, because it is provably before it (C-41).
pub(crate) fn is_ordered_before(v: &View, o: usize, d: usize) -> bool {
    let ordered = |p: &Pair| (p.o, p.d, p.row) == (o, d, PairRow::C41);
    v.in_order.iter().any(ordered)
}

/// The column "Lead" of section 4.1.
pub(crate) fn lead(case: &Case<'_>, pair: Pair) -> Option<u16> {
    match pair.row {
        PairRow::C04 | PairRow::C16 | PairRow::C41 => case.leads_to(pair.o),
        PairRow::C06 | PairRow::C08 => Some(65),
        PairRow::C10 if case.doc.kind(pair.o) == "recheck_fail" => Some(65),
        PairRow::C10 => Some(10),
        PairRow::C23 => (case.doc.kind(pair.o) == "recheck_fail").then_some(65),
        PairRow::C25 => Some(90),
        PairRow::C21 | PairRow::C26 | PairRow::C33 | PairRow::C39 => None,
    }
}

/// The column "Settled by `resolve` of level" of section 4.1, and section 5.3 for C-39.
pub(crate) fn decided_by(row: PairRow) -> u8 {
    match row {
        PairRow::C04 | PairRow::C06 | PairRow::C08 | PairRow::C10 | PairRow::C41 => 1,
        PairRow::C33 => 2,
        PairRow::C16 | PairRow::C21 | PairRow::C23 | PairRow::C26 | PairRow::C39 => 3,
        PairRow::C25 => 4,
    }
}
