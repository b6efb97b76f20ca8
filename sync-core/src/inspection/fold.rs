//! The fold of an inspection: one author begins it, several answer and sign, and an author who had every answer
//! finishes it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    answers::{AnswerValue, Answered, answered},
    conclude::{conclude, inspectors},
    outcome::{Outcome, outcome},
    side::Side,
};
use crate::{
    activity::{
        State,
        engine::{Asked, Family, Judging, Ruling},
        standing::Standing,
        took_place,
        withdrawal::{keep, withdraw},
    },
    catalogue::{AnswerType, Catalogue, Inspections, Item, Template, UnitRange},
    hazard::quantity::Quantity,
    history::{EventEntry, FoldContext, History, JudgedEvent, Positions, Redacted, VoidReason},
    record::{
        Answer, Answers, AreaPath, CompoundId, DeviceTime, DocId, EventBody, EventId, Finding,
        InspectionKind, InspectionStart, OrganId, PersonId, PhotoHash, Role, Signature, SignedAs,
        TeamMember, TemplateCode,
    },
};

/// People that one organisation sends to an inspection at most.
const MAX_SENT: u16 = 500;
/// People of one inspection at most.
const MAX_PEOPLE: u32 = 1000;

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
    /// The state. `Confirmed`: an author who had every answer finished the inspection; it stays finished.
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
    /// The answers, by building, entrance and item; of a finished inspection those that its conclusions cover.
    pub answers: Vec<Answered>,
    /// Answers to a finished inspection that no conclusion covers.
    pub supplement: Vec<Answered>,
    /// Signatures and refusals.
    pub signatures: Vec<Signed>,
    /// The outcome, once it is finished.
    pub result: Option<Outcome>,
    /// Whether it counts: finished, and neither broken off nor refused entry everywhere.
    pub counts: bool,
    /// Whether it counts as an attempt: finished, and no answer reached its place.
    pub attempted: bool,
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
        if self.attempted {
            return vec![quantity("inspection.attempted", 1000)];
        }
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
            let item = catalogue.item(a.item.as_str());
            item.is_some_and(|item| !item.hazards.is_empty())
        };
        let without =
            |a: &&Answered| a.finding == Finding::Problem && a.every().all(|v| v.hazard.is_none());
        self.answers.iter().filter(without).filter(opens).collect()
    }

    /// The documents of the hazards that its answers opened.
    pub fn hazards(&self) -> Vec<DocId> {
        let answers = self.answers.iter().chain(&self.supplement);
        let values = answers.flat_map(Answered::every);
        let mut hazards: Vec<_> = values.filter_map(|v: &AnswerValue| v.hazard).collect();
        hazards.sort_unstable();
        hazards.dedup();
        hazards
    }
}

/// Folds the events of an inspection.
///
/// # Properties
/// As [`crate::activity::fold_activity`]. A conclusion finishes exactly the answers that happened before it: merging
/// concurrent events never finishes an inspection, and a finished one stays finished.
pub(crate) fn fold_inspection(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> InspectionState {
    let history = History::new(events, context, catalogue);
    let (judging, now) = Judging::run(history, &FAMILY);
    summarise(&judging, &now)
}

const FAMILY: Family = Family {
    judge,
    agree: one_beginning,
};

/// Whether the content belongs to only one beginning. Concurrent answers are no dispute of the inspection: each item
/// shows its own.
fn one_beginning(j: &Judging<'_>, content: &Positions) -> bool {
    let mut begun = content.iter().map(|at| j.beginning(at).unwrap_or(at));
    let first = begun.next();
    begun.all(|other| Some(other) == first)
}

fn judge(j: &Judging<'_>, asked: Asked<'_>) -> Result<Ruling, VoidReason> {
    let Asked { at, knew, grant } = asked;
    let body = j.history.body(at);
    if let EventBody::Inspect(start) = body {
        return begin(j, asked, start);
    }
    let start = j.beginning(at).and_then(|at| start_of(j.history.body(at)));
    let Some(start) = start else {
        return j.without_beginning(at);
    };
    if knew.is_ended() {
        return Err(VoidReason::IllegalFromState);
    }
    // Only a template that is known begins an inspection.
    let (template, inspections) = template_of(j, start).ok_or(VoidReason::TypeUnknown)?;
    match body {
        EventBody::Answer(a) if knew.is_open() => answer(j, asked, (template, inspections), a),
        EventBody::Sign(s) if knew.is_open() => sign(j, asked, template, s).map(|()| Ruling::Adds),
        EventBody::FinishInspection(c) if knew.is_open() => {
            conclude(j, asked, (template, start), c).map(|()| Ruling::Closes)
        }
        EventBody::Withdraw(reason) => withdraw(j, asked, reason, decides(grant.role)),
        EventBody::Confirm(_) if !knew.disputed.is_empty() => {
            keep(j, asked, decides(grant.role), false)
        }
        EventBody::Redact(_) if grant.role != Role::Dpo => Err(VoidReason::RoleMayNot),
        EventBody::Redact(_) | EventBody::Note(_) | EventBody::AddPhoto(_) => Ok(Ruling::Adds),
        _ => Err(VoidReason::IllegalFromState),
    }
}

/// Whether a role decides about withdrawals of inspections.
fn decides(role: Role) -> bool {
    matches!(
        role,
        Role::StreetOfficer | Role::CountyReviewer | Role::CityReviewer | Role::ProvinceReviewer
    )
}

fn start_of(body: &EventBody) -> Option<&InspectionStart> {
    match body {
        EventBody::Inspect(start) => Some(start),
        _ => None,
    }
}

/// The template in the version that the inspection names, and the items among which it is.
fn template_of<'a>(
    j: &Judging<'a>,
    start: &InspectionStart,
) -> Option<(&'a Template, &'a Inspections)> {
    let (code, version) = (start.template.as_str(), start.template_version);
    let inspections = j.history.catalogue.inspections_of(code, version)?;
    Some((inspections.template_of(code, version)?, inspections))
}

fn begin(j: &Judging<'_>, asked: Asked<'_>, start: &InspectionStart) -> Result<Ruling, VoidReason> {
    if !asked.knew.content.is_empty() {
        return Err(VoidReason::IllegalFromState);
    }
    let Some((template, _)) = template_of(j, start) else {
        return Ok(Ruling::Unknown);
    };
    if !template.roles.contains(asked.grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    let people: u32 = start.team.iter().map(|m| u32::from(m.people)).sum();
    let is_sent = |m: &TeamMember| (1..=MAX_SENT).contains(&m.people);
    if template.kind != start.kind || people > MAX_PEOPLE || !start.team.iter().all(is_sent) {
        return Err(VoidReason::DataInvalid);
    }
    took_place(start.started, j.history.entry(asked.at).event.claimed)?;
    if start.compound.is_none() && !template.papers_only {
        return Err(VoidReason::Incomplete);
    }
    Ok(Ruling::Content)
}

fn answer(
    j: &Judging<'_>,
    asked: Asked<'_>,
    (template, inspections): (&Template, &Inspections),
    answers: &Answers,
) -> Result<Ruling, VoidReason> {
    if !template.roles.contains(asked.grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    let mut is_unknown = false;
    for answer in &answers.answers {
        let code = answer.item.as_str();
        let item = inspections.item(code).filter(|_| template.asks(code));
        let Some(item) = item else {
            if j.history.catalogue.item(code).is_some() {
                return Err(VoidReason::TargetUnknown);
            }
            is_unknown = true;
            continue;
        };
        if !fits(item, answer, inspections.range_of(item)) {
            return Err(VoidReason::DataInvalid);
        }
    }
    Ok(match Side::of(j, asked.at, asked.grant.role) {
        _ if is_unknown => Ruling::Unknown,
        Side::Inspecting => Ruling::Content,
        Side::Inspected => Ruling::Adds,
    })
}

/// Whether an answer fits its item. `range`: that of the item's unit, if it has one.
fn fits(item: &Item, answer: &Answer, range: Option<&UnitRange>) -> bool {
    let is_given = answer.finding == Finding::Given;
    let number = answer.milli;
    !(is_given && item.answer == AnswerType::Judged)
        && number.is_none_or(|milli| range.is_some_and(|range| range.has(milli)))
}

fn sign(
    j: &Judging<'_>,
    asked: Asked<'_>,
    template: &Template,
    s: &Signature,
) -> Result<(), VoidReason> {
    let grant = asked.grant;
    let inspects = template.roles.contains(grant.role)
        && Side::of(j, asked.at, grant.role) == Side::Inspecting;
    match s.signed_as {
        SignedAs::Inspector if !inspects => Err(VoidReason::RoleMayNot),
        // The inspected party signs on its own device, or on paper that a photo shows.
        SignedAs::Inspected if inspects && s.photos.is_empty() => Err(VoidReason::PhotoMissing),
        SignedAs::Refused if s.witness.is_none_or(|w| grant.is_id(w)) => {
            Err(VoidReason::SecondPersonMissing)
        }
        _ => Ok(()),
    }
}

fn summarise(j: &Judging<'_>, now: &Standing) -> InspectionState {
    let effective = || j.effective().map(|(at, _)| at);
    let first = j.first_beginning(now);
    let start = first.and_then(|at| start_of(j.history.body(at)));
    let outcome = outcome(j, now).filter(|_| !now.is_ended());
    InspectionState {
        state: now.state,
        template: start.map(|s| s.template.clone()),
        kind: start.map(|s| s.kind),
        area: start.map(|s| s.area.clone()),
        compound: start.and_then(|s| s.compound),
        team: start.map(|s| s.team.clone()).unwrap_or_default(),
        started: start.map(|s| s.started).unwrap_or_default(),
        author: first.map(|at| j.history.entry(at).event.author),
        organ: first.and_then(|at| j.history.grants[at]).map(|g| g.organ),
        inspectors: inspectors(j, effective()),
        answers: answered(j, &now.relevant),
        supplement: answered(j, &now.supplement),
        signatures: j
            .effective()
            .filter_map(|(at, s)| signed(j, at, s))
            .collect(),
        result: outcome,
        counts: outcome.is_some_and(Outcome::counts),
        attempted: outcome == Some(Outcome::NotReached),
        photos: j.photos(),
        redacted: j.redacted(),
        unknown_events: j.has_unknown(),
        updated_at: j.updated_at(),
        history: j.judged_events(),
    }
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
