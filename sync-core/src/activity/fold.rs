//! The fold of an activity: one author states it, the same author corrects it, a second author confirms it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    engine::{ActivityFrontier, Judging},
    state::State,
};
use crate::{
    catalogue::{ActivityType, Catalogue},
    history::{EventEntry, FoldContext, History, JudgedEvent, Redacted, Verdict, VoidReason},
    record::{
        ActivityEntry, AreaPath, CompoundId, Data, DeviceTime, EventBody, EventId, Grant, OrganId,
        PersonId, PhotoHash, Role, Short, TypeCode,
    },
};

/// One value of the content of an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Version {
    /// The event that states it.
    pub by: EventId,
    /// The title.
    pub title: Short,
    /// When the activity took place, as its author stated.
    pub held: DeviceTime,
    /// The type-specific fields as JSON.
    pub data: Data,
}

/// The acknowledgement of a task, or a response to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Receipt {
    /// The event.
    pub by: EventId,
    /// The organisation.
    pub organ: OrganId,
    /// The claimed time.
    pub at: DeviceTime,
}

/// The state that the events of an activity fold to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActivityState {
    /// The state.
    pub state: State,
    /// The activity type, as stated.
    pub r#type: Option<TypeCode>,
    /// The area of the activity.
    pub area: Option<AreaPath>,
    /// The compound, if the activity concerns one.
    pub compound: Option<CompoundId>,
    /// The person who stated it.
    pub author: Option<PersonId>,
    /// The author's organisation.
    pub organ: Option<OrganId>,
    /// The multi-value register of the content: every content that no event supersedes, in causal order. Several that
    /// differ are a dispute.
    pub versions: Vec<Version>,
    /// Whether its quantities count.
    pub counts: bool,
    /// Acknowledgements of a task.
    pub received: Vec<Receipt>,
    /// Responses to a task.
    pub responses: Vec<Receipt>,
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

/// Folds the events of an activity.
///
/// # Properties
/// The result depends neither on the order of `events` nor on duplicates, and the function never panics. A confirmation
/// covers exactly the content that happened before it: merging concurrent events never confirms an activity.
pub(crate) fn fold_activity(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> ActivityState {
    let history = History::new(events, context, catalogue);
    let (judging, now, state) = Judging::run(history, judge, agree);
    summarise(&judging, &now, state)
}

/// The quantities that an activity contributes to indicators, in thousandths of a unit; none unless it counts.
pub(crate) fn counts(record: &ActivityState, catalogue: &Catalogue) -> Vec<(String, i64)> {
    let of = record.r#type.as_ref().filter(|_| record.counts);
    let of = of.and_then(|code| catalogue.activity_types.find(code.as_str()));
    let (Some(of), Some(version)) = (of, record.versions.last()) else {
        return Vec::new();
    };
    let data: Value = serde_json::from_str(version.data.as_str()).unwrap_or_default();
    let feeds = |f: &crate::catalogue::Figure| Some((f.name.clone(), f.milli(&data)?));
    of.counts.iter().filter_map(feeds).collect()
}

fn judge(
    j: &Judging<'_>,
    at: usize,
    known: &ActivityFrontier,
    grant: &Grant,
) -> Result<Verdict, VoidReason> {
    let body = j.history.body(at);
    if let EventBody::Activity(entry) = body {
        return begin(j, grant, entry, known);
    }
    let state = j.state(known, |content| agree(j, content));
    let first = j.beginning(at).and_then(|at| entry_of(j.history.body(at)));
    let (Some(first), false) = (first, matches!(state, State::Void | State::Withdrawn)) else {
        return Err(VoidReason::IllegalFromState);
    };
    let of = type_of(j, first)?;
    let own = j
        .known(at, |body| entry_of(body).is_some())
        .all(|at| j.history.is_by(at, grant));
    match body {
        EventBody::Amend(_) | EventBody::Withdraw(_) if !own => Err(VoidReason::RoleMayNot),
        EventBody::Amend(amendment) => fits(of, &amendment.data).map(|()| Verdict::ACCEPTED),
        EventBody::Withdraw(_) => Ok(Verdict::ACCEPTED),
        EventBody::Confirm(_) => confirm(of, grant, own, state, known),
        EventBody::Receive(_) | EventBody::Respond(_) if !of.task => {
            Err(VoidReason::IllegalFromState)
        }
        EventBody::Receive(_) | EventBody::Respond(_) if own => Err(VoidReason::SamePerson),
        EventBody::Redact(_) if grant.role != Role::Dpo => Err(VoidReason::RoleMayNot),
        EventBody::Receive(_)
        | EventBody::Respond(_)
        | EventBody::Redact(_)
        | EventBody::Note(_)
        | EventBody::AddPhoto(_) => Ok(Verdict::Added),
        _ => Err(VoidReason::IllegalFromState),
    }
}

fn entry_of(body: &EventBody) -> Option<&ActivityEntry> {
    match body {
        EventBody::Activity(entry) => Some(entry),
        _ => None,
    }
}

fn type_of<'a>(j: &Judging<'a>, entry: &ActivityEntry) -> Result<&'a ActivityType, VoidReason> {
    let types = &j.history.catalogue.activity_types;
    types
        .find(entry.r#type.as_str())
        .ok_or(VoidReason::TypeUnknown)
}

fn fits(of: &ActivityType, data: &Data) -> Result<(), VoidReason> {
    let read = of.read(data.as_str());
    read.map(|_| ()).map_err(|_| VoidReason::DataInvalid)
}

fn begin(
    j: &Judging<'_>,
    grant: &Grant,
    entry: &ActivityEntry,
    known: &ActivityFrontier,
) -> Result<Verdict, VoidReason> {
    if known.decisions().next().is_some() {
        return Err(VoidReason::IllegalFromState);
    }
    let of = type_of(j, entry)?;
    if !of.may_state(grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    if !of.may_lie_in(&entry.area) {
        return Err(VoidReason::LevelTooLow);
    }
    if of.photo && entry.photos.is_empty() {
        return Err(VoidReason::PhotoMissing);
    }
    fits(of, &entry.data).map(|()| Verdict::ACCEPTED)
}

fn confirm(
    of: &ActivityType,
    grant: &Grant,
    own: bool,
    state: State,
    known: &ActivityFrontier,
) -> Result<Verdict, VoidReason> {
    if !of.confirm_roles.contains(grant.role) {
        return Err(VoidReason::RoleMayNot);
    }
    if own {
        return Err(VoidReason::SamePerson);
    }
    if state == State::Disputed {
        return Err(VoidReason::ConflictOpen);
    }
    if known.unknown {
        return Err(VoidReason::UnknownEvent);
    }
    Ok(Verdict::ACCEPTED)
}

/// Whether concurrent contents are equal.
fn agree(j: &Judging<'_>, content: &[usize]) -> bool {
    let said = |at: &usize| version(j.history.entry(*at)).map(|v| (v.title, v.held, v.data));
    content.windows(2).all(|two| said(&two[0]) == said(&two[1]))
}

fn version(stated: &EventEntry) -> Option<Version> {
    let (title, held, data) = match &stated.event.body {
        EventBody::Activity(r) => (&r.title, r.held, &r.data),
        EventBody::Amend(a) => (&a.title, a.held, &a.data),
        _ => return None,
    };
    Some(Version {
        by: stated.id,
        title: title.clone(),
        held,
        data: data.clone(),
    })
}

fn summarise(j: &Judging<'_>, now: &ActivityFrontier, state: State) -> ActivityState {
    let begun = j
        .effective()
        .find_map(|(at, s)| Some((at, entry_of(&s.event.body)?)));
    // Without an effective beginning, the first void one shows what its author stated.
    let all = || (0..j.history.len()).find_map(|at| Some((at, entry_of(j.history.body(at))?)));
    let first = begun.or_else(all);
    let of = first.and_then(|(_, e)| j.history.catalogue.activity_types.find(e.r#type.as_str()));
    let needs = of.is_some_and(|of| of.needs_confirmation);
    let receipt = |which: fn(&EventBody) -> bool| {
        let of = j.effective().filter(move |(_, s)| which(&s.event.body));
        of.filter_map(|(at, s)| {
            Some(Receipt {
                by: s.id,
                organ: j.history.grants[at]?.organ,
                at: s.event.claimed,
            })
        })
        .collect()
    };
    let content = now.content();
    let shown: Vec<usize> = match (content.is_empty(), first) {
        (true, Some((at, _))) => vec![at],
        _ => content,
    };
    ActivityState {
        state,
        r#type: first.map(|(_, e)| e.r#type.clone()),
        area: first.map(|(_, e)| e.area.clone()),
        compound: first.and_then(|(_, e)| e.compound),
        author: first.map(|(at, _)| j.history.entry(at).event.author),
        organ: first
            .and_then(|(at, _)| j.history.grants[at])
            .map(|g| g.organ),
        versions: shown
            .iter()
            .filter_map(|at| version(j.history.entry(*at)))
            .collect(),
        counts: state == State::Confirmed || (state == State::Stated && !needs),
        received: receipt(|body| matches!(body, EventBody::Receive(_))),
        responses: receipt(|body| matches!(body, EventBody::Respond(_))),
        photos: j.photos(),
        redacted: j.redacted(),
        unknown_events: now.unknown,
        updated_at: j.updated_at(),
        history: j.judged_events(),
    }
}
