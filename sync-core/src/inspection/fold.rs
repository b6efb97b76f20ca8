//! The fold of an inspection: one author begins it, several answer and sign, and an author who had every answer
//! finishes it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    answers::{Answered, answered},
    conclude::{conclude, inspectors},
};
use crate::{
    activity::{
        State,
        engine::{ActivityFrontier, Judging},
    },
    catalogue::{AnswerType, Catalogue, Template},
    hazard::quantity::Quantity,
    history::{EventEntry, FoldContext, History, JudgedEvent, Redacted, Verdict, VoidReason},
    record::{
        Answers, AreaPath, CompoundId, DeviceTime, DocId, EventBody, EventId, Finding, Grant,
        InspectionKind, InspectionResult, InspectionStart, OrganId, PersonId, PhotoHash, Role,
        Signature, SignedAs, TeamMember, TemplateCode,
    },
};

/// A signature, or the refusal of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Signed {
    /// The event.
    pub by: EventId,
    /// The capacity in which it was signed, or a refusal.
    pub signed_as: SignedAs,
    /// The author of the event.
    pub author: PersonId,
    /// The organisation that signed or refused.
    pub organ: Option<OrganId>,
}

/// The state that the events of an inspection fold to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InspectionState {
    /// The state. `Confirmed`: an author who had every answer finished the inspection.
    pub state: State,
    /// The template.
    pub template: Option<TemplateCode>,
    /// The kind.
    pub kind: Option<InspectionKind>,
    /// The area of the inspection.
    pub area: Option<AreaPath>,
    /// The compound.
    pub compound: Option<CompoundId>,
    /// The team, as stated at the beginning.
    pub team: Vec<TeamMember>,
    /// When it began, as its author stated.
    pub started: DeviceTime,
    /// The person who began it.
    pub author: Option<PersonId>,
    /// That person's organisation.
    pub organ: Option<OrganId>,
    /// Persons who began, answered or signed as inspector.
    pub inspectors: Vec<PersonId>,
    /// The answers, by building, entrance and item.
    pub answers: Vec<Answered>,
    /// Signatures and refusals.
    pub signatures: Vec<Signed>,
    /// The result, once it is finished.
    pub result: Option<InspectionResult>,
    /// Whether it counts: finished, and not broken off.
    pub counts: bool,
    /// Photos of events that have an effect.
    pub photos: Vec<PhotoHash>,
    /// Events and photos that must not be displayed.
    pub redacted: Redacted,
    /// Whether the history has an event of a newer version.
    pub unknown_events: bool,
    /// The latest claimed time of an event.
    pub updated_at: DeviceTime,
    /// Every event with its verdict, causes before effects.
    pub history: Vec<JudgedEvent>,
}

impl InspectionState {
    /// Number of inspectors: as many as the team names, or as stated events if those are more.
    pub fn team_size(&self) -> u32 {
        let named: u32 = self.team.iter().map(|m| u32::from(m.people)).sum();
        named.max(u32::try_from(self.inspectors.len()).unwrap_or(u32::MAX))
    }

    /// What a finished inspection contributes to indicators.
    pub(crate) fn quantities(&self) -> Vec<Quantity> {
        let quantity = |name: &str, milli| Quantity {
            name: name.to_owned(),
            at: self.started,
            milli,
        };
        if !self.counts {
            return Vec::new();
        }
        vec![
            quantity("inspection.finished", 1000),
            quantity("inspection.team_size", i64::from(self.team_size()) * 1000),
        ]
    }

    /// Items with a problem for which no hazard was opened although the item opens one.
    pub fn failed_without_hazard(&self, catalogue: &Catalogue) -> Vec<&Answered> {
        let opens = |a: &&Answered| {
            let item = catalogue.inspections.item(a.item.as_str());
            item.is_some_and(|item| !item.hazards.is_empty())
        };
        let without = |a: &&Answered| {
            a.finding == Finding::Problem && a.values.iter().all(|v| v.hazard.is_none())
        };
        self.answers.iter().filter(without).filter(opens).collect()
    }

    /// The documents of the hazards that its answers opened.
    pub fn hazards(&self) -> Vec<DocId> {
        let values = self.answers.iter().flat_map(|a| &a.values);
        let mut hazards: Vec<_> = values.filter_map(|v| v.hazard).collect();
        hazards.sort_unstable();
        hazards.dedup();
        hazards
    }
}

/// Folds the events of an inspection.
///
/// # Properties
/// As [`crate::activity::fold_activity`]. A conclusion finishes exactly the answers that happened before it: merging
/// concurrent events never finishes an inspection.
pub(crate) fn fold_inspection(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> InspectionState {
    let history = History::new(events, context, catalogue);
    // Concurrent answers are no dispute of the inspection: each item shows its own.
    let (judging, now, state) =
        Judging::run(history, judge, |j, content| one_beginning(j, content));
    summarise(&judging, &now, state)
}

/// Whether the content belongs to only one beginning.
fn one_beginning(j: &Judging<'_>, content: &[usize]) -> bool {
    let begun = content.iter().map(|at| j.beginning(*at).unwrap_or(*at));
    let mut begun: Vec<_> = begun.collect();
    begun.dedup();
    begun.len() <= 1
}

fn judge(
    j: &Judging<'_>,
    at: usize,
    known: &ActivityFrontier,
    grant: &Grant,
) -> Result<Verdict, VoidReason> {
    let body = j.history.body(at);
    if let EventBody::Inspect(start) = body {
        return begin(j, grant, start, known);
    }
    let state = j.state(known, |content| one_beginning(j, content));
    let first = j.beginning(at);
    let start = first.and_then(|at| start_of(j.history.body(at)));
    let (Some(start), false) = (start, matches!(state, State::Void | State::Withdrawn)) else {
        return Err(VoidReason::IllegalFromState);
    };
    let template = template_of(j, start)?;
    let open = state != State::Confirmed;
    match body {
        EventBody::Answer(a) if open => answer(j, grant, template, a),
        EventBody::Sign(s) if open => sign(grant, template, s),
        EventBody::FinishInspection(c) if open => {
            conclude(j, at, known, (grant, template, start), c).map(|()| Verdict::ACCEPTED)
        }
        EventBody::Withdraw(_) => match first {
            Some(at) if j.history.is_by(at, grant) => Ok(Verdict::ACCEPTED),
            _ => Err(VoidReason::RoleMayNot),
        },
        EventBody::Redact(_) if grant.role != Role::Dpo => Err(VoidReason::RoleMayNot),
        EventBody::Redact(_) | EventBody::Note(_) | EventBody::AddPhoto(_) => Ok(Verdict::Added),
        _ => Err(VoidReason::IllegalFromState),
    }
}

fn start_of(body: &EventBody) -> Option<&InspectionStart> {
    match body {
        EventBody::Inspect(start) => Some(start),
        _ => None,
    }
}

fn template_of<'a>(j: &Judging<'a>, start: &InspectionStart) -> Result<&'a Template, VoidReason> {
    let inspections = &j.history.catalogue.inspections;
    let found = inspections.template(start.template.as_str());
    found.ok_or(VoidReason::TypeUnknown)
}

fn begin(
    j: &Judging<'_>,
    grant: &Grant,
    start: &InspectionStart,
    known: &ActivityFrontier,
) -> Result<Verdict, VoidReason> {
    if known.decisions().next().is_some() {
        return Err(VoidReason::IllegalFromState);
    }
    let template = template_of(j, start)?;
    if !template.roles.contains(grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    if template.kind != start.kind {
        return Err(VoidReason::DataInvalid);
    }
    if start.compound.is_none() && !template.papers_only {
        return Err(VoidReason::Incomplete);
    }
    Ok(Verdict::ACCEPTED)
}

fn answer(
    j: &Judging<'_>,
    grant: &Grant,
    template: &Template,
    answers: &Answers,
) -> Result<Verdict, VoidReason> {
    if !template.roles.contains(grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    for answer in &answers.answers {
        let item = j.history.catalogue.inspections.item(answer.item.as_str());
        let item = item.filter(|item| template.asks(&item.code));
        let item = item.ok_or(VoidReason::TargetUnknown)?;
        if answer.finding == Finding::Given && item.answer == AnswerType::Judged {
            return Err(VoidReason::DataInvalid);
        }
    }
    Ok(Verdict::ACCEPTED)
}

fn sign(grant: &Grant, template: &Template, s: &Signature) -> Result<Verdict, VoidReason> {
    let inspects = template.roles.contains(grant.role);
    match s.signed_as {
        SignedAs::Inspector if !inspects => Err(VoidReason::RoleMayNot),
        // The inspected party signs on its own device, or on paper that a photo shows.
        SignedAs::Inspected if inspects && s.photos.is_empty() => Err(VoidReason::PhotoMissing),
        SignedAs::Refused if s.witness.is_none_or(|w| grant.is_id(w)) => {
            Err(VoidReason::SecondPersonMissing)
        }
        _ => Ok(Verdict::Added),
    }
}

fn summarise(j: &Judging<'_>, now: &ActivityFrontier, state: State) -> InspectionState {
    let effective = || j.effective().map(|(at, _)| at);
    let begun = effective().find_map(|at| Some((at, start_of(j.history.body(at))?)));
    let all = || (0..j.history.len()).find_map(|at| Some((at, start_of(j.history.body(at))?)));
    let first = begun.or_else(all);
    let start = first.map(|(_, start)| start);
    let result = (state == State::Confirmed)
        .then(|| result(j, now))
        .flatten();
    InspectionState {
        state,
        template: start.map(|s| s.template.clone()),
        kind: start.map(|s| s.kind),
        area: start.map(|s| s.area.clone()),
        compound: start.and_then(|s| s.compound),
        team: start.map(|s| s.team.clone()).unwrap_or_default(),
        started: start.map(|s| s.started).unwrap_or_default(),
        author: first.map(|(at, _)| j.history.entry(at).event.author),
        organ: first
            .and_then(|(at, _)| j.history.grants[at])
            .map(|g| g.organ),
        inspectors: inspectors(j, effective()),
        answers: answered(j, effective()),
        signatures: j
            .effective()
            .filter_map(|(at, s)| signed(j, at, s))
            .collect(),
        result,
        counts: result.is_some_and(|r| r != InspectionResult::Stopped),
        photos: j.photos(),
        redacted: j.redacted(),
        unknown_events: now.unknown,
        updated_at: j.updated_at(),
        history: j.judged_events(),
    }
}

/// The result; of two concurrent conclusions, the worse one.
fn result(j: &Judging<'_>, now: &ActivityFrontier) -> Option<InspectionResult> {
    let of = |at: usize| match j.history.body(at) {
        EventBody::FinishInspection(c) => Some(c.result),
        _ => None,
    };
    now.decisions().filter_map(of).max()
}

fn signed(j: &Judging<'_>, at: usize, stated: &EventEntry) -> Option<Signed> {
    let EventBody::Sign(s) = &stated.event.body else {
        return None;
    };
    Some(Signed {
        by: stated.id,
        signed_as: s.signed_as,
        author: stated.event.author,
        organ: s.organ.or(j.history.grants[at].map(|g| g.organ)),
    })
}
