//! The conditions for finishing an inspection, decided from the causal history of the conclusion.

use std::collections::BTreeMap;

use super::{
    answers::{Answered, answered},
    side::Side,
};
use crate::{
    activity::engine::{Asked, Judging},
    catalogue::Template,
    history::VoidReason,
    place_key,
    record::{
        Conclusion, EventBody, Finding, InspectionResult, InspectionStart, PersonId, SignedAs,
    },
};

/// Whether the inspection may be finished. One that is broken off needs only a permitted role and a causal history
/// without events of a newer version.
pub(super) fn conclude(
    j: &Judging<'_>,
    asked: Asked<'_>,
    (template, start): (&Template, &InspectionStart),
    conclusion: &Conclusion,
) -> Result<(), VoidReason> {
    let at = asked.at;
    if !template.roles.contains(asked.grant.role)
        || Side::of(j, at, asked.grant.role) == Side::Inspected
    {
        return Err(VoidReason::RoleMayNot);
    }
    if j.knew_unknown(at) {
        return Err(VoidReason::UnknownEvent);
    }
    if conclusion.result == InspectionResult::Stopped {
        return Ok(());
    }
    let answers = answered(j, &j.known(at, &j.sets.content));
    if answers.iter().any(|a| a.contested) {
        return Err(VoidReason::ConflictOpen);
    }
    let problems = answers.iter().any(|a| a.finding == Finding::Problem);
    if answers.is_empty() || problems != (conclusion.result == InspectionResult::Problems) {
        return Err(VoidReason::Incomplete);
    }
    let people = j
        .history
        .persons(working(j, j.seen(at, |_| true)).chain([at]));
    let named: usize = start.team.iter().map(|m| usize::from(m.people)).sum();
    if named.max(people.len()) < usize::from(template.inspectors) {
        return Err(VoidReason::SecondPersonMissing);
    }
    signatures(j, at, template)?;
    if template.photo_when_all_ok && !photographed(j, at, &answers) {
        return Err(VoidReason::PhotoMissing);
    }
    Ok(())
}

fn signatures(j: &Judging<'_>, at: usize, template: &Template) -> Result<(), VoidReason> {
    let signed = |which: fn(SignedAs) -> bool| {
        let is = move |body: &EventBody| matches!(body, EventBody::Sign(s) if which(s.signed_as));
        j.history.persons(j.seen(at, is)).len()
    };
    let inspectors = signed(|s| s == SignedAs::Inspector);
    let inspected = signed(|s| s != SignedAs::Inspector);
    if inspectors < usize::from(template.inspector_signatures)
        || (template.inspected_signature && inspected == 0)
    {
        return Err(VoidReason::SignatureMissing);
    }
    Ok(())
}

/// Whether every building that was reached and shows no problem has a photo.
fn photographed(j: &Judging<'_>, at: usize, answers: &[Answered]) -> bool {
    let mut ok: BTreeMap<&str, bool> = BTreeMap::new();
    for answer in answers.iter().filter(|a| a.is_reached()) {
        *ok.entry(&answer.building).or_insert(true) &= answer.finding != Finding::Problem;
    }
    let photo_of = |building: &str| {
        let shows = |body: &EventBody| {
            matches!(body, EventBody::Answer(a)
                if !a.photos.is_empty() && place_key::building(a.building.as_str()) == building)
        };
        let answers = j.known(at, &j.sets.content);
        answers.iter().any(|answer| shows(j.history.body(answer)))
    };
    ok.iter().all(|(building, ok)| !ok || photo_of(building))
}

/// The persons who began, answered or signed as inspector, among these events.
pub(super) fn inspectors(j: &Judging<'_>, events: impl Iterator<Item = usize>) -> Vec<PersonId> {
    j.history.persons(working(j, events))
}

/// The events of inspectors among these: remarks of the inspected side are none.
fn working<'j>(
    j: &'j Judging<'_>,
    events: impl Iterator<Item = usize> + 'j,
) -> impl Iterator<Item = usize> + 'j {
    events.filter(move |at| match j.history.body(*at) {
        EventBody::Inspect(_) | EventBody::Answer(_) => j.sets.content.has(*at),
        EventBody::Sign(s) => s.signed_as == SignedAs::Inspector,
        _ => false,
    })
}
