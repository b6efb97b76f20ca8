//! The fold of an activity: one author states it, the same author corrects it, a second author confirms it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    engine::{Asked, Family, Judging, Ruling},
    standing::Standing,
    state::State,
    withdrawal::{keep, withdraw},
};
use crate::{
    catalogue::{ActivityType, Catalogue},
    history::{EventEntry, FoldContext, History, JudgedEvent, Positions, Redacted, VoidReason},
    record::{
        ActivityEntry, AreaPath, CompoundId, DAY_MS, Data, DeviceTime, Edition, EventBody, EventId,
        OrganId, PersonId, PhotoHash, Role, Short, TypeCode,
    },
};

/// 2000-01-01T00:00Z: nothing that is registered took place before.
const FIRST_TIME: i64 = 946_684_800_000;

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
    /// The edition of the catalogue that judges its first event: its type holds as it is there.
    pub edition: Edition,
    /// The person who stated it.
    pub author: Option<PersonId>,
    /// The author's organisation.
    pub organ: Option<OrganId>,
    /// The multi-value register of the content: of a confirmed activity, the confirmed content that no other confirmed
    /// content supersedes; otherwise all content that none supersedes. In causal order. Several that differ are a dispute.
    pub versions: Vec<Version>,
    /// Corrections of a confirmed activity that wait for a second person. They do not count.
    pub supplement: Vec<Version>,
    /// Whether its quantities count.
    pub counts: bool,
    /// The event of the version that counts.
    pub counted: Option<EventId>,
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

impl ActivityState {
    /// The version for lists: the one that counts, otherwise the last.
    pub fn shown(&self) -> Option<&Version> {
        let mut versions = self.versions.iter();
        let counted = versions.find(|version| Some(version.by) == self.counted);
        counted.or_else(|| self.versions.last())
    }
}

/// Folds the events of an activity.
///
/// # Properties
/// The result depends neither on the order of `events` nor on duplicates, and the function never panics. A confirmation
/// covers exactly the content that happened before it: merging concurrent events never confirms an activity. What was
/// confirmed is changed or withdrawn only by two persons.
pub(crate) fn fold_activity(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> ActivityState {
    let history = History::new(events, context, catalogue);
    let (judging, now) = Judging::run(history, &FAMILY);
    summarise(&judging, &now)
}

/// The quantities that an activity contributes to indicators, in thousandths of a unit; none unless it counts.
pub(crate) fn counts(record: &ActivityState, catalogue: &Catalogue) -> Vec<(String, i64)> {
    let of = record.r#type.as_ref().filter(|_| record.counts);
    let of = of.and_then(|code| catalogue.activity_type(code.as_str(), record.edition));
    let (Some(of), Some(version)) = (of, record.shown()) else {
        return Vec::new();
    };
    let data: Value = serde_json::from_str(version.data.as_str()).unwrap_or_default();
    let feeds = |f: &crate::catalogue::Figure| Some((f.name.clone(), f.milli(&data)?));
    of.counts.iter().filter_map(feeds).collect()
}

const FAMILY: Family = Family { judge, agree };

fn judge(j: &Judging<'_>, asked: Asked<'_>) -> Result<Ruling, VoidReason> {
    let Asked { at, knew, grant } = asked;
    let body = j.history.body(at);
    if let EventBody::Activity(entry) = body {
        return begin(j, asked, entry);
    }
    let first = j.beginning(at).and_then(|at| entry_of(j.history.body(at)));
    let Some(first) = first else {
        return j.without_beginning(at);
    };
    if knew.is_ended() {
        return Err(VoidReason::IllegalFromState);
    }
    // Only a type that is known begins an activity.
    let of = type_of(j, at, first).ok_or(VoidReason::TypeUnknown)?;
    match body {
        EventBody::Amend(_) if !j.is_own(at) => Err(VoidReason::RoleMayNot),
        EventBody::Amend(amendment) => {
            let fits = fits(of, &amendment.data).map(|()| Ruling::Content);
            let ruling = unless_newer(j, at, fits)?;
            took_place(amendment.held, j.history.entry(at).event.claimed)?;
            Ok(ruling)
        }
        EventBody::Withdraw(reason) => {
            withdraw(j, asked, reason, of.confirm_roles.contains(grant.role))
        }
        EventBody::Confirm(_) => confirm(j, asked, of),
        EventBody::Receive(_) | EventBody::Respond(_) if !of.task => {
            Err(VoidReason::IllegalFromState)
        }
        EventBody::Receive(_) | EventBody::Respond(_) if j.is_own(at) => {
            Err(VoidReason::SamePerson)
        }
        EventBody::Redact(_) if grant.role != Role::Dpo => Err(VoidReason::RoleMayNot),
        EventBody::Receive(_)
        | EventBody::Respond(_)
        | EventBody::Redact(_)
        | EventBody::Note(_)
        | EventBody::AddPhoto(_) => Ok(Ruling::Adds),
        _ => Err(VoidReason::IllegalFromState),
    }
}

fn entry_of(body: &EventBody) -> Option<&ActivityEntry> {
    match body {
        EventBody::Activity(entry) => Some(entry),
        _ => None,
    }
}

/// The type of an activity as it was when the activity was stated. `at`: the beginning, or an event after it.
fn type_of<'a>(j: &Judging<'a>, at: usize, entry: &ActivityEntry) -> Option<&'a ActivityType> {
    let begun = j.beginning(at).unwrap_or(at);
    let edition = j.history.edition(begun);
    let catalogue = j.history.catalogue;
    catalogue.activity_type(entry.r#type.as_str(), edition)
}

fn fits(of: &ActivityType, data: &Data) -> Result<(), VoidReason> {
    let read = of.read(data.as_str());
    read.map(|_| ()).map_err(|_| VoidReason::DataInvalid)
}

/// Whether something can have taken place at a time that an author stated at `claimed`.
pub(crate) fn took_place(held: DeviceTime, claimed: DeviceTime) -> Result<(), VoidReason> {
    let possible = FIRST_TIME..=claimed.0.saturating_add(DAY_MS);
    if possible.contains(&held.0) {
        Ok(())
    } else {
        Err(VoidReason::DataInvalid)
    }
}

fn begin(j: &Judging<'_>, asked: Asked<'_>, entry: &ActivityEntry) -> Result<Ruling, VoidReason> {
    let Asked { at, knew, grant } = asked;
    if !knew.content.is_empty() {
        return Err(VoidReason::IllegalFromState);
    }
    let Some(of) = type_of(j, at, entry) else {
        return Ok(Ruling::Unknown);
    };
    let allowed = || {
        if !of.may_state(grant.role) {
            return Err(VoidReason::RoleMayNot);
        }
        if !of.may_lie_in(&entry.area) {
            return Err(VoidReason::LevelTooLow);
        }
        if of.photo && entry.photos.is_empty() {
            return Err(VoidReason::PhotoMissing);
        }
        fits(of, &entry.data).map(|()| Ruling::Content)
    };
    let ruling = unless_newer(j, at, allowed())?;
    took_place(entry.held, j.history.entry(at).event.claimed)?;
    Ok(ruling)
}

/// What the type allows; unknown instead of void if the event names an edition that is newer than this catalogue: the type
/// may allow it there.
fn unless_newer(
    j: &Judging<'_>,
    at: usize,
    allowed: Result<Ruling, VoidReason>,
) -> Result<Ruling, VoidReason> {
    let named = j.history.entry(at).event.edition;
    if allowed.is_err() && named > Some(j.history.catalogue.newest()) {
        return Ok(Ruling::Unknown);
    }
    allowed
}

fn confirm(j: &Judging<'_>, asked: Asked<'_>, of: &ActivityType) -> Result<Ruling, VoidReason> {
    let Asked { at, knew, grant } = asked;
    let is_decider = of.confirm_roles.contains(grant.role);
    if !is_decider {
        return Err(VoidReason::RoleMayNot);
    }
    let mut stated = j.known(at, &j.sets.content);
    stated.retain(|stated| j.history.same_person(stated, at));
    if !stated.is_empty() {
        return Err(VoidReason::SamePerson);
    }
    if !knew.disputed.is_empty() {
        return keep(j, asked, is_decider, true);
    }
    if !j.agree(&knew.content) {
        return Err(VoidReason::ConflictOpen);
    }
    if j.knew_unknown(at) {
        return Err(VoidReason::UnknownEvent);
    }
    Ok(Ruling::Closes)
}

/// Whether the maximal events of a set of content state the same.
fn agree(j: &Judging<'_>, content: &Positions) -> bool {
    let said = |at: usize| version(j.history.entry(at)).map(|v| (v.title, v.held, v.data));
    let maximal = j.history.order.newest(content);
    let mut each = maximal.iter().map(said);
    let first = each.next();
    each.all(|other| Some(other) == first)
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

fn summarise(j: &Judging<'_>, now: &Standing) -> ActivityState {
    let first = j.first_beginning(now);
    let entry = first.and_then(|at| entry_of(j.history.body(at)));
    let of = first
        .zip(entry)
        .and_then(|(at, entry)| type_of(j, at, entry));
    let needs = of.is_none_or(|of| of.needs_confirmation);
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
    let maximal = j.history.order.newest(&now.relevant);
    let counts = !now.is_ended() && (now.is_closed() || (!needs && agree(j, &now.relevant)));
    let counted = maximal.iter().next().filter(|_| counts);
    let versions = |of: &Positions| -> Vec<Version> {
        let of = of.iter();
        of.filter_map(|at| version(j.history.entry(at))).collect()
    };
    let mut shown = versions(&maximal);
    if shown.is_empty() {
        // Without content that counts, the first beginning shows what its author stated.
        shown.extend(first.and_then(|at| version(j.history.entry(at))));
    }
    ActivityState {
        state: now.state,
        r#type: entry.map(|e| e.r#type.clone()),
        area: entry.map(|e| e.area.clone()),
        compound: entry.and_then(|e| e.compound),
        edition: first.map(|at| j.history.edition(at)).unwrap_or_default(),
        author: first.map(|at| j.history.entry(at).event.author),
        organ: first.and_then(|at| j.history.grants[at]).map(|g| g.organ),
        versions: shown,
        supplement: versions(&j.history.order.newest(&now.supplement)),
        counts,
        counted: counted.map(|at| j.history.entry(at).id),
        received: receipt(|body| matches!(body, EventBody::Receive(_))),
        responses: receipt(|body| matches!(body, EventBody::Respond(_))),
        photos: j.photos(),
        redacted: j.redacted(),
        unknown_events: j.has_unknown(),
        updated_at: j.updated_at(),
        history: j.judged_events(),
    }
}
