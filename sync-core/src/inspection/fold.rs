//! The fold of an inspection: begun by one, answered and signed by several, finished by one who saw it all.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    answers::{Answered, answered},
    conclude::{conclude, inspectors},
};
use crate::{
    activity::{
        State,
        engine::{Frontier, Judging},
    },
    catalogue::{AnswerType, Catalogue, Template},
    hazard::quantity::Quantity,
    history::{EventEntry, FoldContext, History, JudgedEvent, Redacted, Verdict, VoidReason},
    record::{
        Answers, AreaPath, BlobHash, CompoundId, DeviceTime, DocId, EventBody, EventId, Finding,
        Grant, InspectionKind, InspectionResult, InspectionStart, OrganId, PersonId, Role,
        Signature, SignedAs, TeamMember, TemplateCode,
    },
};

/// A signature, or the refusal of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Signed {
    /// The event.
    pub by: EventId,
    /// As what.
    pub signed_as: SignedAs,
    /// Who made the event.
    pub author: PersonId,
    /// The organisation that signed or refused.
    pub organ: Option<OrganId>,
}

/// An inspection as its events make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InspectionState {
    /// How it stands; confirmed: finished by somebody who had seen every answer.
    pub state: State,
    /// The template.
    pub template: Option<TemplateCode>,
    /// The kind.
    pub kind: Option<InspectionKind>,
    /// Where it lies.
    pub area: Option<AreaPath>,
    /// The compound.
    pub compound: Option<CompoundId>,
    /// Who took part, as stated at the beginning.
    pub team: Vec<TeamMember>,
    /// When it began, by its author's clock.
    pub started: DeviceTime,
    /// Who began it.
    pub author: Option<PersonId>,
    /// That person's organisation.
    pub organ: Option<OrganId>,
    /// Who began, answered or signed as inspector.
    pub inspectors: Vec<PersonId>,
    /// The answers, by building, unit and item.
    pub answers: Vec<Answered>,
    /// Signatures and refusals.
    pub signatures: Vec<Signed>,
    /// What came of it, once it is finished.
    pub result: Option<InspectionResult>,
    /// Whether it counts: finished, and not broken off.
    pub counts: bool,
    /// Photos of events that took effect.
    pub photos: Vec<BlobHash>,
    /// What must not be displayed.
    pub redacted: Redacted,
    /// An event of a newer version is there.
    pub unknown_events: bool,
    /// Last event, by its author's clock.
    pub updated_at: DeviceTime,
    /// Every event with its verdict, causes before effects.
    pub history: Vec<JudgedEvent>,
}

impl InspectionState {
    /// People of the inspection: as many as were named, or more if more stated something.
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

    /// Items with a problem for which no hazard record was opened although the item opens one.
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

    /// The hazard records that its answers opened.
    pub fn hazards(&self) -> Vec<DocId> {
        let values = self.answers.iter().flat_map(|a| &a.values);
        let mut hazards: Vec<_> = values.filter_map(|v| v.hazard).collect();
        hazards.sort_unstable();
        hazards.dedup();
        hazards
    }
}

/// What an inspection's events mean together.
///
/// # Properties
/// As [`super::fold_activity`]: a conclusion finishes exactly what its author had seen; no merge finishes an inspection.
pub(crate) fn fold_inspection(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> InspectionState {
    let history = History::new(events, context, catalogue);
    // Answers side by side are no dispute of the whole: each item shows its own.
    let (judging, now, state) =
        Judging::run(history, judge, |j, content| one_beginning(j, content));
    summarise(&judging, &now, state)
}

/// Whether only one inspection was begun here.
fn one_beginning(j: &Judging<'_>, content: &[usize]) -> bool {
    let begun = content.iter().map(|at| j.beginning(*at).unwrap_or(*at));
    let mut begun: Vec<_> = begun.collect();
    begun.dedup();
    begun.len() <= 1
}

fn judge(
    j: &Judging<'_>,
    at: usize,
    known: &Frontier,
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
        EventBody::Withdraw(_) => match first.map(|at| j.history.entry(at).event.author) {
            Some(author) if author == grant.person => Ok(Verdict::ACCEPTED),
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
    known: &Frontier,
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
        // The inspected party signs on its own phone, or on paper that the photo shows.
        SignedAs::Inspected if inspects && s.photos.is_empty() => Err(VoidReason::PhotoMissing),
        SignedAs::Refused if s.witness.is_none_or(|w| w == grant.person) => {
            Err(VoidReason::SecondPersonMissing)
        }
        _ => Ok(Verdict::Added),
    }
}

fn summarise(j: &Judging<'_>, now: &Frontier, state: State) -> InspectionState {
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

/// What came of it: of two who finished apart, the one who says worse.
fn result(j: &Judging<'_>, now: &Frontier) -> Option<InspectionResult> {
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
