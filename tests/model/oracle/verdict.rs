//! Verdicts (docs/rules.md, section 3).

use sync_core::record::EventBody;

use super::{
    case::{Case, Judgement, Mode, View, target},
    classes::Class,
    guards, registers,
    tables::{From, Row},
};

/// Section 3: the verdict on an event whose causal history is folded in both candidates.
pub(crate) fn judge(case: &Case<'_>, e: usize) -> Judgement {
    if let Err(reason) = authority(case, e) {
        return Judgement::Void(reason);
    }
    if matches!(case.doc.body(e), EventBody::Unknown { .. }) {
        return Judgement::Unknown;
    }
    let (contested, ordered) = (case.view(e, Mode::Contested), case.view(e, Mode::Ordered));
    if contested.live.is_empty() {
        return begin(case, e);
    }
    if ordered.state == 0 {
        return choose(case, e, &[contested]);
    }
    choose(case, e, &[contested, ordered])
}

/// Section 3.1.
fn authority(case: &Case<'_>, e: usize) -> Result<(), &'static str> {
    let entry = &case.doc.events[e];
    let grant = entry.grant.as_ref().ok_or("grant-unknown")?;
    if grant.person != entry.event.author || grant.device != entry.event.device {
        return Err("grant-not-theirs");
    }
    if case.facts.unattested.contains(&entry.id) {
        return Err("unattested");
    }
    let v = case.view(e, Mode::Contested);
    let first = registers::first_observation(case, v).unwrap_or(e);
    let area = case.doc.body(first).begins_in();
    if area.is_some_and(|area| !grant.area.covers(area)) {
        return Err("grant-other-area");
    }
    let end = grant
        .until
        .map(|until| until.0.saturating_add(case.tables.grace_ms));
    let late = matches!((case.bounds[e].by_beacons, end), (Some(lower), Some(end)) if lower >= end);
    if late {
        Err("grant-other-time")
    } else {
        Ok(())
    }
}

/// Section 3.3.
fn begin(case: &Case<'_>, e: usize) -> Judgement {
    if case.doc.kind(e) != "observe" {
        return Judgement::Void("illegal-from-state");
    }
    let may = case
        .doc
        .role(e)
        .is_some_and(|role| case.tables.begins.contains(&role));
    if !may {
        return Judgement::Void("role-may-not");
    }
    Judgement::Accepted {
        row: "T01".to_owned(),
        from: 0,
        to: Some(10),
        starts: From::These(vec![0]),
    }
}

/// Section 3.4: the first row that fits in one of the candidate states.
fn choose(case: &Case<'_>, e: usize, candidates: &[&View]) -> Judgement {
    let (mut conflict, mut last_guard, mut role_failed) = (false, None, false);
    for row in rows_of(case, e) {
        for v in candidates {
            if !case.tables.starts(row, v.state) {
                conflict |= v.is_conflicted()
                    && has_role(case, row, e)
                    && row.guards.iter().any(|g| g == "no_open_conflict");
                continue;
            }
            if !has_role(case, row, e) {
                role_failed = true;
                continue;
            }
            match guarded(case, row, e, v) {
                Ok(()) => return taken(row, v),
                Err(reason) => {
                    conflict |= reason == "conflict-open";
                    last_guard = Some(reason);
                }
            }
        }
    }
    let reason = match last_guard {
        _ if conflict => "conflict-open",
        Some(reason) => reason,
        None if role_failed => "role-may-not",
        None => "illegal-from-state",
    };
    Judgement::Void(reason)
}

fn taken(row: &Row, v: &View) -> Judgement {
    if row.proposal {
        return Judgement::Proposed {
            row: row.id.clone(),
        };
    }
    Judgement::Accepted {
        row: row.id.clone(),
        from: v.state,
        to: target(row.to),
        starts: row.from.clone(),
    }
}

/// The rows of the event's kind and variant.
fn rows_of<'a>(case: &'a Case<'_>, e: usize) -> impl Iterator<Item = &'a Row> {
    let body = case.doc.body(e);
    let variant = body.variant().unwrap_or_default();
    case.tables.rows.iter().filter(move |row| {
        row.event == body.name() && (row.when.is_empty() || row.when.iter().any(|w| w == variant))
    })
}

fn has_role(case: &Case<'_>, row: &Row, e: usize) -> bool {
    let role = case.doc.role(e);
    let listed = row.roles.as_ref();
    listed.is_none_or(|roles| role.is_some_and(|role| roles.contains(&role)))
}

fn guarded(case: &Case<'_>, row: &Row, e: usize, v: &View) -> Result<(), &'static str> {
    let unchanged = target(row.to).is_none();
    let mut guards = row.guards.iter();
    guards.try_for_each(|guard| guards::check(case, v, e, guard, unchanged))
}

/// Section 3, "Effects": whether the transition that a check or an ending takes also starts from the state of its causal
/// history with effects and receipts, and for an ending whether no conflict is open there that it does not answer.
pub(crate) fn has_basis(case: &Case<'_>, e: usize) -> bool {
    let v = case.view(e, Mode::Actual);
    let blocked = case.doc.class(e) == Class::Ending && guards::blocks(case, v, e);
    match &case.judgements[e] {
        Judgement::Accepted { starts, .. } => case.tables.starts_from(starts, v.state) && !blocked,
        _ => false,
    }
}
