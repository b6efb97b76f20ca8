//! The fold of a record of the campaign: stated by one person, corrected by the same, confirmed by a second.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    state::{Judged, State, Verdict},
    view::{Judging, View},
};
use crate::{
    catalogue::{Catalogue, RecordType},
    lifecycle::{Case, Grants, Stated, VoidReason},
    record::{
        AreaPath, BlobHash, CompoundId, Data, DeviceTime, EventBody, EventId, Grant, OrganId,
        PersonId, RecordEntry, Role, Short, TypeCode,
    },
};

/// One content of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Version {
    /// The event that says so.
    pub by: EventId,
    /// What it is called.
    pub title: Short,
    /// When it took place.
    pub held: DeviceTime,
    /// The type-specific fields as JSON.
    pub data: Data,
}

/// Somebody whom a task concerns has read it or responded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Receipt {
    /// The event.
    pub by: EventId,
    /// The organisation.
    pub organ: OrganId,
    /// When, by its author's clock.
    pub at: DeviceTime,
}

/// A record as its events make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CampaignRecord {
    /// How it stands.
    pub state: State,
    /// Its type, as stated.
    pub r#type: Option<TypeCode>,
    /// Where it lies.
    pub area: Option<AreaPath>,
    /// The compound, if it is about one.
    pub compound: Option<CompoundId>,
    /// Who stated it.
    pub author: Option<PersonId>,
    /// The author's organisation.
    pub organ: Option<OrganId>,
    /// The contents that nothing has overtaken, in the order of events; several are a dispute.
    pub versions: Vec<Version>,
    /// Whether its figures count.
    pub counts: bool,
    /// Who signed for it.
    pub received: Vec<Receipt>,
    /// Who responded to it.
    pub responses: Vec<Receipt>,
    /// Photos of events that took effect.
    pub photos: Vec<BlobHash>,
    /// Events whose words must not be shown.
    pub redacted: Vec<EventId>,
    /// Photos that must not be shown.
    #[serde(skip)]
    pub redacted_photos: Vec<BlobHash>,
    /// An event of a newer version is there.
    pub unknown_events: bool,
    /// Last event, by its author's clock.
    pub updated_at: DeviceTime,
    /// Every event with its verdict, causes before effects.
    pub history: Vec<Judged>,
}

/// What a record's events mean together.
///
/// # Properties
/// The result does not depend on the order of `events` nor on doubles; it never panics. A confirmation confirms
/// exactly what its author had seen: no merge of what several people did apart confirms a record.
pub fn fold_record(
    events: &[Stated],
    grants: &impl Grants,
    catalogue: &Catalogue,
) -> CampaignRecord {
    let case = Case::new(events, grants, catalogue);
    let (judging, now, state) = Judging::run(case, judge, agree);
    summarise(&judging, &now, state)
}

/// The figures a record feeds, in thousandths; none unless it counts.
pub fn counts(record: &CampaignRecord, catalogue: &Catalogue) -> Vec<(String, i64)> {
    let of = record.r#type.as_ref().filter(|_| record.counts);
    let of = of.and_then(|code| catalogue.record_types.find(code.as_str()));
    let (Some(of), Some(version)) = (of, record.versions.last()) else {
        return Vec::new();
    };
    let data: Value = serde_json::from_str(version.data.as_str()).unwrap_or_default();
    let feeds = |f: &crate::catalogue::Figure| Some((f.name.clone(), f.milli(&data)?));
    of.counts.iter().filter_map(feeds).collect()
}

fn judge(j: &Judging<'_>, at: usize, seen: &View) -> Result<Verdict, VoidReason> {
    let body = j.case.body(at);
    if matches!(body, EventBody::Unknown { .. }) {
        return j.authority(at).map(|_| Verdict::Unknown);
    }
    let grant = j.authority(at)?;
    if let EventBody::Record(entry) = body {
        return begin(j, grant, entry, seen);
    }
    let state = j.standing(seen, |content| agree(j, content));
    let first = j.beginning(at).and_then(|at| entry_of(j.case.body(at)));
    let (Some(first), false) = (first, matches!(state, State::Void | State::Withdrawn)) else {
        return Err(VoidReason::IllegalFromState);
    };
    let of = type_of(j, first)?;
    let own = j
        .seen(at, |body| entry_of(body).is_some())
        .all(|at| j.case.stated(at).event.author == grant.person);
    match body {
        EventBody::Amend(_) | EventBody::Withdraw(_) if !own => Err(VoidReason::RoleMayNot),
        EventBody::Amend(amendment) => fits(of, &amendment.data).map(|()| Verdict::Accepted),
        EventBody::Withdraw(_) => Ok(Verdict::Accepted),
        EventBody::Confirm(_) => confirm(of, grant, own, state, seen),
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

fn entry_of(body: &EventBody) -> Option<&RecordEntry> {
    match body {
        EventBody::Record(entry) => Some(entry),
        _ => None,
    }
}

fn type_of<'a>(j: &Judging<'a>, entry: &RecordEntry) -> Result<&'a RecordType, VoidReason> {
    let types = &j.case.catalogue.record_types;
    types
        .find(entry.r#type.as_str())
        .ok_or(VoidReason::TypeUnknown)
}

fn fits(of: &RecordType, data: &Data) -> Result<(), VoidReason> {
    let read = of.read(data.as_str());
    read.map(|_| ()).map_err(|_| VoidReason::DataInvalid)
}

fn begin(
    j: &Judging<'_>,
    grant: &Grant,
    entry: &RecordEntry,
    seen: &View,
) -> Result<Verdict, VoidReason> {
    if !seen.heads.is_empty() {
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
    fits(of, &entry.data).map(|()| Verdict::Accepted)
}

fn confirm(
    of: &RecordType,
    grant: &Grant,
    own: bool,
    state: State,
    seen: &View,
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
    if seen.unknown {
        return Err(VoidReason::UnknownEvent);
    }
    Ok(Verdict::Accepted)
}

/// Whether contents side by side say the same.
fn agree(j: &Judging<'_>, content: &[usize]) -> bool {
    let said = |at: &usize| version(j.case.stated(*at)).map(|v| (v.title, v.held, v.data));
    content.windows(2).all(|two| said(&two[0]) == said(&two[1]))
}

fn version(stated: &Stated) -> Option<Version> {
    let (title, held, data) = match &stated.event.body {
        EventBody::Record(r) => (&r.title, r.held, &r.data),
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

fn summarise(j: &Judging<'_>, now: &View, state: State) -> CampaignRecord {
    let begun = j
        .effective()
        .find_map(|(at, s)| Some((at, entry_of(&s.event.body)?)));
    // What never took effect still shows what it wanted to be.
    let all = || (0..j.case.len()).find_map(|at| Some((at, entry_of(j.case.body(at))?)));
    let first = begun.or_else(all);
    let of = first.and_then(|(_, e)| j.case.catalogue.record_types.find(e.r#type.as_str()));
    let needs = of.is_some_and(|of| of.needs_confirmation);
    let receipt = |which: fn(&EventBody) -> bool| {
        let of = j.effective().filter(move |(_, s)| which(&s.event.body));
        of.filter_map(|(at, s)| {
            Some(Receipt {
                by: s.id,
                organ: j.case.grants[at]?.organ,
                at: s.event.claimed,
            })
        })
        .collect()
    };
    let shown: Vec<usize> = match (now.content.is_empty(), first) {
        (true, Some((at, _))) => vec![at],
        _ => now.content.clone(),
    };
    CampaignRecord {
        state,
        r#type: first.map(|(_, e)| e.r#type.clone()),
        area: first.map(|(_, e)| e.area.clone()),
        compound: first.and_then(|(_, e)| e.compound),
        author: first.map(|(at, _)| j.case.stated(at).event.author),
        organ: first.and_then(|(at, _)| j.case.grants[at]).map(|g| g.organ),
        versions: shown
            .iter()
            .filter_map(|at| version(j.case.stated(*at)))
            .collect(),
        counts: state == State::Confirmed || (state == State::Stated && !needs),
        received: receipt(|body| matches!(body, EventBody::Receive(_))),
        responses: receipt(|body| matches!(body, EventBody::Respond(_))),
        photos: photos(j),
        redacted: redacted(j),
        redacted_photos: redacted_photos(j),
        unknown_events: now.unknown,
        updated_at: updated_at(j),
        history: history(j),
    }
}

pub(super) fn history(j: &Judging<'_>) -> Vec<Judged> {
    let judged = |(at, verdict): (usize, &Verdict)| Judged {
        id: j.case.stated(at).id,
        verdict: *verdict,
    };
    j.verdicts.iter().enumerate().map(judged).collect()
}

pub(super) fn photos(j: &Judging<'_>) -> Vec<BlobHash> {
    let all = j.effective().flat_map(|(_, s)| s.event.body.photos());
    let mut photos: Vec<_> = all.map(|photo| photo.hash).collect();
    photos.sort_unstable();
    photos.dedup();
    photos
}

pub(super) fn updated_at(j: &Judging<'_>) -> DeviceTime {
    let all = (0..j.case.len()).map(|at| j.case.stated(at).event.claimed);
    all.max().unwrap_or_default()
}

pub(super) fn redacted_photos(j: &Judging<'_>) -> Vec<BlobHash> {
    let of = |s: &Stated| match &s.event.body {
        EventBody::Redact(r) => r.photos.clone(),
        _ => Vec::new(),
    };
    let mut photos: Vec<_> = j.effective().flat_map(|(_, s)| of(s)).collect();
    photos.sort_unstable();
    photos.dedup();
    photos
}

pub(super) fn redacted(j: &Judging<'_>) -> Vec<EventId> {
    let of = |s: &Stated| match &s.event.body {
        EventBody::Redact(r) => r.events.clone(),
        _ => Vec::new(),
    };
    let mut events: Vec<_> = j.effective().flat_map(|(_, s)| of(s)).collect();
    events.sort_unstable();
    events.dedup();
    events
}
