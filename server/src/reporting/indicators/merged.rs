//! Hazards that are merged: each group counts once, from the earliest finding of its documents, at the place of its
//! canonical document.

use sync_core::{
    catalogue::{Catalogue, StateCode},
    grouping::{Group, GroupMember, groups},
    history::TimeBounds,
    record::{AreaPath, DeviceTime, DocId},
};

use crate::storage::indicators::{Ask, Hazards, Linked};

/// What makes the count of documents that are merged into no other one the count of hazards: each group is added once,
/// and its documents that were counted for themselves are taken off.
pub(super) fn corrections(ask: &Ask, linked: &[Linked]) -> Vec<Hazards> {
    let rules = &Catalogue::embedded().rules;
    let members: Vec<GroupMember> = linked.iter().map(member).collect();
    let is_single =
        |one: &&Linked| one.span.targets.is_empty() && one.span.state != StateCode::MERGED;
    let single = linked.iter().filter(is_single);
    let mut found: Vec<Hazards> = single.filter_map(|one| counted(ask, one, -1)).collect();
    for group in groups(&members, rules) {
        found.extend(of_group(&group, &members, linked).and_then(|one| counted(ask, &one, 1)));
    }
    found
}

fn member(one: &Linked) -> GroupMember {
    GroupMember {
        doc: one.span.doc,
        when: TimeBounds {
            lower: None,
            upper: Some(one.span.found_at),
        },
        claimed: DeviceTime(one.span.found_at.0),
        state: one.span.state,
        observations: 0,
        duplicate_of: one.span.targets(),
    }
}

/// A group as one hazard.
fn of_group(group: &Group, members: &[GroupMember], linked: &[Linked]) -> Option<Linked> {
    let find = |doc: DocId| linked.iter().find(|one| one.span.doc == doc);
    let mut one = find(group.canonical)?.clone();
    if group.without_living {
        one.span.state = one.span.last_open;
    } else {
        let counts = find(group.counted(members, &Catalogue::embedded().rules))?;
        one.span.state = counts.span.state;
        one.span.due = counts.span.due;
    }
    let all = group.members.iter().filter_map(|doc| find(*doc));
    let hazards = all.filter(|one| one.span.state != StateCode::VOID);
    let earliest = hazards.map(|one| one.span.found_at).min();
    one.span.found_at = earliest.unwrap_or(one.span.found_at);
    Some(one)
}

/// A hazard as a count; `None` if it lies elsewhere.
fn counted(ask: &Ask, one: &Linked, count: i64) -> Option<Hazards> {
    let span = &one.span;
    let is_within = |area: &AreaPath| area.covers(&span.path);
    if !ask.areas.is_empty() && !ask.areas.iter().any(is_within) {
        return None;
    }
    let place = if ask.by_path { &span.path } else { &span.space };
    Some(Hazards {
        place: place.clone(),
        state: span.state,
        grade: span.grade.clone(),
        code: span.code.clone(),
        category: span.category.clone(),
        cycle: i64::from(span.cycle),
        overdue: span.due.is_some_and(|due| due.0 < ask.to),
        figures: one.figures,
        recent: span.found_at.0 >= ask.from,
        count,
    })
}
