//! Verdicts on the kinds of inspections (docs/rules.md, section 10.2).

use std::collections::BTreeMap;

use sync_core::record::{
    Answers, Conclusion, EventBody, Finding, InspectionResult, InspectionStart, Signature, SignedAs,
};

use super::{
    answers::{self, Key, Register},
    case::{Case, Verdict},
    catalogue::Template,
    state::View,
    verdict::{is_plausible, knows_unknown},
};

/// Section 10.2, "Beginning", of an inspection.
pub(crate) fn begin(case: &Case<'_>, e: usize) -> Result<Verdict, &'static str> {
    let EventBody::Inspect(start) = case.doc.body(e) else {
        return Err("illegal-from-state");
    };
    let of = case.types.template(start.template.as_str());
    let Some(of) = of.filter(|of| of.version == start.template_version) else {
        return Ok(Verdict::Unknown);
    };
    if !has_role(case, e, of) {
        return Err("role-may-not");
    }
    if start.kind.name() != of.kind || !has_team(start) || !is_plausible(case, e, start.started) {
        return Err("data-invalid");
    }
    if start.compound.is_none() && !of.papers_only {
        return Err("incomplete");
    }
    Ok(Verdict::Accepted)
}

fn has_team(start: &InspectionStart) -> bool {
    let people = start.team.iter().map(|member| u64::from(member.people));
    let each = people.clone().all(|count| (1..=500).contains(&count));
    each && people.sum::<u64>() <= 1000
}

fn has_role(case: &Case<'_>, e: usize, of: &Template) -> bool {
    case.doc
        .role(e)
        .is_some_and(|role| of.roles.contains(&role))
}

fn template<'a>(case: &Case<'a>, begun: usize) -> Result<&'a Template, &'static str> {
    let EventBody::Inspect(start) = case.doc.body(begun) else {
        return Err("illegal-from-state");
    };
    let of = case.types.template(start.template.as_str());
    of.ok_or("type-unknown")
}

/// *illegal-from-state* if the document is closed and no supplement is open.
fn is_open(v: &View) -> Result<(), &'static str> {
    if v.is_closed() && v.supplement.is_empty() {
        return Err("illegal-from-state");
    }
    Ok(())
}

/// A role of the template that is not of the inspected side.
fn inspects(case: &Case<'_>, e: usize, begun: usize, of: &Template) -> bool {
    has_role(case, e, of) && !case.is_inspected_side(e, begun)
}

/// The verdict on an `answer`.
pub(crate) fn answer(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    v: &View,
    stated: &Answers,
) -> Result<Verdict, &'static str> {
    is_open(v)?;
    let of = template(case, begun)?;
    if !has_role(case, e, of) {
        return Err("role-may-not");
    }
    // The first answer that is void gives the reason.
    let mut is_known = true;
    for answer in &stated.answers {
        let asked = of.items.iter().any(|item| item == answer.item.as_str());
        let Some(item) = case.types.item(answer.item.as_str()) else {
            is_known = false;
            continue;
        };
        if !asked {
            return Err("target-unknown");
        }
        let given = answer.finding == Finding::Given && item.only_judged;
        let number = answer.milli.is_some_and(|n| !case.types.in_range(item, n));
        if given || number {
            return Err("data-invalid");
        }
    }
    if !is_known {
        Ok(Verdict::Unknown)
    } else if case.is_inspected_side(e, begun) {
        Ok(Verdict::Added)
    } else {
        Ok(Verdict::Accepted)
    }
}

/// The verdict on a `sign`.
pub(crate) fn sign(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    v: &View,
    signature: &Signature,
) -> Result<Verdict, &'static str> {
    is_open(v)?;
    let inspects = inspects(case, e, begun, template(case, begun)?);
    match signature.signed_as {
        SignedAs::Inspector if !inspects => Err("role-may-not"),
        SignedAs::Inspected if inspects && signature.photos.is_empty() => Err("photo-missing"),
        SignedAs::Refused => {
            let ids = case.doc.ids(e);
            let another = signature.witness.is_some_and(|who| !ids.contains(&who));
            another
                .then_some(Verdict::Added)
                .ok_or("second-person-missing")
        }
        _ => Ok(Verdict::Added),
    }
}

/// The added signatures of a set, with what they are signed as.
pub(crate) fn signatures(case: &Case<'_>, set: &crate::oracle::doc::Set) -> Vec<(usize, SignedAs)> {
    let signed = |e: &usize| match case.doc.body(*e) {
        EventBody::Sign(s) if case.verdicts[*e] == Verdict::Added => Some((*e, s.signed_as)),
        _ => None,
    };
    set.iter().filter_map(signed).collect()
}

/// The verdict on a `finish_inspection`.
pub(crate) fn finish(
    case: &Case<'_>,
    e: usize,
    begun: usize,
    v: &View,
    conclusion: &Conclusion,
) -> Result<Verdict, &'static str> {
    is_open(v)?;
    let of = template(case, begun)?;
    if !inspects(case, e, begun, of) {
        return Err("role-may-not");
    }
    if knows_unknown(case, e) {
        return Err("unknown-event");
    }
    if conclusion.result == InspectionResult::Stopped {
        return Ok(Verdict::Accepted);
    }
    let past = &case.doc.past[e];
    let answered = answers::accepted(case, past);
    let registers = answers::registers(case, &answered);
    if registers.values().any(|r| r.contested) {
        return Err("conflict-open");
    }
    let has_problem = registers.values().any(|r| r.finding == Finding::Problem);
    let states_problems = conclusion.result == InspectionResult::Problems;
    if registers.is_empty() || states_problems != has_problem {
        return Err("incomplete");
    }
    let mut inspectors = answered.clone();
    inspectors.extend(case.begun(past));
    let signed = signatures(case, past);
    let as_inspector = signed
        .iter()
        .filter(|(_, r#as)| *r#as == SignedAs::Inspector);
    let as_inspector: Vec<usize> = as_inspector.map(|(s, _)| *s).collect();
    inspectors.extend(&as_inspector);
    // The text leaves open who makes up the number of the template: here the stated team, or those who took part.
    inspectors.push(e);
    let persons = case.persons(&inspectors).len();
    if persons.max(team(case, begun)) < of.inspectors {
        return Err("second-person-missing");
    }
    let by_inspected = signed.iter().any(|(_, r#as)| *r#as != SignedAs::Inspector);
    if case.persons(&as_inspector).len() < of.inspector_signatures
        || (of.inspected_signature && !by_inspected)
    {
        return Err("signature-missing");
    }
    if of.photo_when_all_ok && !has_photos(case, &answered, &registers) {
        return Err("photo-missing");
    }
    Ok(Verdict::Accepted)
}

/// The people of the team that a beginning states.
fn team(case: &Case<'_>, begun: usize) -> usize {
    match case.doc.body(begun) {
        EventBody::Inspect(start) => start.team.iter().map(|m| usize::from(m.people)).sum(),
        _ => 0,
    }
}

/// Whether every building that was reached and is without a problem has a photo.
fn has_photos(case: &Case<'_>, answered: &[usize], registers: &BTreeMap<Key, Register>) -> bool {
    let has_photo = |building: &str| {
        let mut of = answered
            .iter()
            .filter(|a| answers::building(case, **a) == building);
        of.any(|a| !case.doc.body(*a).photos().is_empty())
    };
    let has_problem = |building: &str| {
        let mut of = registers.iter().filter(|(key, _)| key.building == building);
        of.any(|(_, register)| register.finding == Finding::Problem)
    };
    let reached = registers
        .iter()
        .filter(|(_, register)| register.finding != Finding::NotReached);
    let mut buildings = reached.map(|(key, _)| key.building.as_str());
    buildings.all(|building| has_problem(building) || has_photo(building))
}
