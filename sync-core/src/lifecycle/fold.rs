//! The fold: events in, state out.

use super::{
    guard::Situation,
    judge::judge,
    order::Ordered,
    state::{Conflict, Flags, Grants, HazardState, Judged, Stated, Verdict},
    view::View,
};
use crate::{
    catalogue::{Catalogue, Grade, StateCode},
    record::{DeviceTime, EventBody, Grant, Observation, PhotoSource},
};

/// What a hazard's events mean together.
///
/// # Properties
/// The result does not depend on the order of `events` nor on doubles; it never panics; no merge of what several
/// people did apart leads to a closed, voided or merged hazard unless one of them said so and nobody else objects.
pub fn fold(events: &[Stated], grants: &impl Grants, catalogue: &Catalogue) -> HazardState {
    let ordered = Ordered::new(events);
    let rules = &catalogue.rules;
    let grants: Vec<Option<&Grant>> = ordered
        .events
        .iter()
        .map(|s| grants.find(&s.event.grant))
        .collect();
    let has_unknown = ordered
        .events
        .iter()
        .any(|s| matches!(s.event.body, EventBody::Unknown { .. }));
    let mut views: Vec<View> = Vec::with_capacity(ordered.events.len());
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(ordered.events.len());
    let mut first: Option<&Observation> = None;
    for at in 0..ordered.events.len() {
        let seen = View::merge(
            ordered.parents[at].iter().map(|p| &views[*p]),
            rules,
            &ordered,
        );
        let grade = first.and_then(|o| grade_of(catalogue, o));
        let judgement = judge(
            &Situation {
                at,
                ordered: &ordered,
                rules,
                grant: grants[at],
                grants: &grants,
                verdicts: &verdicts,
                area: first.map(|o| &o.area),
                grade,
                has_unknown,
            },
            seen,
        );
        let accepted = matches!(judgement.verdict, Verdict::Accepted { .. });
        if let (true, None, EventBody::Observe(o)) =
            (accepted, first, &ordered.events[at].event.body)
        {
            first = Some(o);
        }
        views.push(judgement.view);
        verdicts.push(judgement.verdict);
    }
    let now = View::merge(ordered.heads.iter().map(|h| &views[*h]), rules, &ordered);
    summarise(&ordered, catalogue, first, &now, verdicts, has_unknown)
}

fn grade_of(catalogue: &Catalogue, observation: &Observation) -> Option<Grade> {
    catalogue
        .kinds
        .find(observation.code.as_str())
        .map(|kind| kind.grade)
}

fn summarise(
    ordered: &Ordered<'_>,
    catalogue: &Catalogue,
    first: Option<&Observation>,
    now: &View,
    verdicts: Vec<Verdict>,
    has_unknown: bool,
) -> HazardState {
    let accepted = || {
        let is_accepted =
            |(_, v): &(_, &Verdict)| matches!(v, Verdict::Accepted { .. } | Verdict::Added);
        ordered
            .events
            .iter()
            .zip(&verdicts)
            .filter(is_accepted)
            .map(|(s, _)| &s.event)
    };
    let observations = || accepted().filter(|e| matches!(e.body, EventBody::Observe(_)));
    let photos: Vec<_> = accepted().flat_map(|e| e.body.photos()).collect();
    let grade = first.and_then(|o| grade_of(catalogue, o));
    let flags = Flags {
        conflict_open: !now.open_conflicts().is_empty(),
        major_suspected: grade == Some(Grade::G3Suspected),
        evidence_weak: photos.is_empty() || photos.iter().any(|p| p.source != PhotoSource::InApp),
        unknown_events: has_unknown,
        reopened: now.cycle() > 1,
    };
    let deadline = accepted().filter_map(|e| match &e.body {
        EventBody::Order(order) => Some(order.deadline),
        EventBody::Assign(assignment) => assignment.deadline,
        _ => None,
    });
    let duplicate_of = accepted().find_map(|e| match &e.body {
        EventBody::MarkDuplicate(duplicate) => Some(duplicate.of),
        _ => None,
    });
    HazardState {
        state: now
            .effective(&catalogue.rules, ordered)
            .unwrap_or(StateCode(0)),
        cycle: now.cycle(),
        grade,
        code: first.map(|o| o.code.clone()),
        area: first.map(|o| o.area.clone()),
        found_at: observations()
            .map(|e| e.claimed)
            .min()
            .unwrap_or(DeviceTime(0)),
        updated_at: ordered
            .events
            .iter()
            .map(|s| s.event.claimed)
            .max()
            .unwrap_or(DeviceTime(0)),
        deadline: deadline.min(),
        duplicate_of,
        flags,
        conflicts: conflicts(ordered, catalogue, now),
        observation_count: observations().count().try_into().unwrap_or(u32::MAX),
        history: history(ordered, verdicts),
    }
}

fn history(ordered: &Ordered<'_>, verdicts: Vec<Verdict>) -> Vec<Judged> {
    ordered
        .events
        .iter()
        .zip(verdicts)
        .map(|(s, verdict)| Judged { id: s.id, verdict })
        .collect()
}

fn conflicts(ordered: &Ordered<'_>, catalogue: &Catalogue, now: &View) -> Vec<Conflict> {
    let conflict = |(a, b): &(usize, usize)| {
        let (x, y) = (ordered.events[*a], ordered.events[*b]);
        let rules = &catalogue.rules;
        let pair = rules
            .pair(x.event.body.name(), y.event.body.name())
            .unwrap_or(&rules.default);
        let resolved = now.resolved.iter().find(|(i, j, _)| (i, j) == (a, b));
        Conflict {
            rule: pair.id.clone(),
            class: Some(pair.class),
            one: x.id.min(y.id),
            other: x.id.max(y.id),
            resolved_by: resolved.map(|(_, _, by)| ordered.events[*by].id),
        }
    };
    let mut conflicts: Vec<_> = now.conflicts.iter().map(conflict).collect();
    conflicts.sort_by_key(|c| (c.one, c.other));
    conflicts
}
