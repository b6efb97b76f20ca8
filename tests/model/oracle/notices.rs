//! Cards and notices (docs/rules.md, section 4.4).

use std::collections::BTreeSet;

use sync_core::record::{CHINA_OFFSET_MS, DAY_MS, EventBody, FindingSource};

use super::case::{Case, PairRow, View};

/// A card or a notice: its row and its events.
pub(crate) type Remark = (&'static str, BTreeSet<usize>);

/// The pairs of live concurrent events.
fn concurrent(case: &Case<'_>, v: &View) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for a in &v.live {
        for b in &v.live {
            if case.doc.concurrent(*a, *b) {
                all.push((*a, *b));
            }
        }
    }
    all
}

/// Section 4.4: the row of a card about two events.
pub(crate) fn card(case: &Case<'_>, a: usize, b: usize) -> Option<&'static str> {
    if !case.doc.concurrent(a, b) {
        return None;
    }
    let public = |e| matches!(case.doc.body(e), EventBody::Observe(o) if o.source == FindingSource::PublicReport);
    let day = |e: usize| match case.doc.body(e) {
        EventBody::Clearance(_) => {
            let local = case.doc.events[e]
                .event
                .claimed
                .0
                .saturating_add(CHINA_OFFSET_MS);
            Some(local.div_euclid(DAY_MS))
        }
        _ => None,
    };
    if public(a) && public(b) {
        Some("C-27")
    } else if day(a).is_some() && day(a) == day(b) {
        Some("C-28")
    } else if case.doc.kind(a) == "correct_count" && case.doc.kind(b) == "close" {
        Some("C-38")
    } else {
        None
    }
}

/// Section 4.4: cards ask a reviewer about figures or names and suspend nothing, until a live `resolve` settles them.
pub(crate) fn cards(case: &Case<'_>, v: &View) -> BTreeSet<Remark> {
    let settled = |a: usize, b: usize| {
        v.live
            .iter()
            .any(|r| case.settles[*r].cards.contains(&(a, b)))
    };
    let pairs = concurrent(case, v).into_iter();
    pairs
        .filter(|(a, b)| !settled(*a, *b))
        .filter_map(|(a, b)| Some((card(case, a, b)?, [a, b].into())))
        .collect()
}

/// Section 4.4: notices show what a rule decided. Events yield by C-07, C-09, C-15, C-22 and C-TIME (section 4.5);
/// "everything else" has the name `more_open`.
pub(crate) fn notices(case: &Case<'_>, v: &View) -> BTreeSet<Remark> {
    let mut all = BTreeSet::new();
    for pair in &v.in_order {
        if matches!(pair.row, PairRow::C06 | PairRow::C08) {
            all.insert(("C-05", [pair.o, pair.d].into()));
        }
    }
    for (a, b) in concurrent(case, v) {
        if case.doc.kind(a) == "add_photo" && case.doc.kind(b) == "close" {
            all.insert(("C-11", [a, b].into()));
        }
        if are_without_row(case, v, a, b) {
            all.insert(("more_open", [a, b].into()));
        }
    }
    for ((x, y), row) in &v.yields {
        all.insert((row, [*x, *y].into()));
    }
    for (a, b, row) in v.register_pairs.values().flatten() {
        if row.decided_by.is_none() {
            all.insert((row.id, [*a, *b].into()));
        }
    }
    all
}

/// Section 4.5: two maximal state events of different states, of which none yields and that are no pair of a row.
fn are_without_row(case: &Case<'_>, v: &View, a: usize, b: usize) -> bool {
    let stays = |x| v.maximal.contains(&x) && !v.has_yielded(x);
    let is_pair = v
        .pairs
        .iter()
        .any(|p| [(a, b), (b, a)].contains(&(p.o, p.d)));
    stays(a) && stays(b) && !is_pair && case.leads_to(a) != case.leads_to(b)
}
