//! Duty chains: what a property company must do about a violation, found → dissuaded → reported. A missing or late link
//! is a finding.

use serde::Serialize;

use crate::{
    catalogue::{Catalogue, Due, Nature},
    hazard::{
        HazardState,
        deadline::{self, Standing},
    },
    history::{EventEntry, FoldContext, TimeBounds, edition_of},
    record::{
        DeviceTime, DissuasionResult, Edition, EventBody, EventId, OrganId, Role, ServerTime,
    },
};

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The event.
    pub event: EventId,
    /// The claimed time.
    pub claimed: DeviceTime,
    /// The time bounds.
    pub when: TimeBounds,
    /// The edition of the catalogue that judges the event: its calendar counts what is due from then on.
    pub edition: Edition,
}

/// A link that is missing or late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DutyFinding {
    /// The hazard kind of the finding, such as `MG-06`.
    pub code: String,
    /// When the link was due.
    pub due: DeviceTime,
    /// `Overdue` if the finding is certain; if it is `Undetermined`, a person decides.
    pub standing: Standing,
    /// Whether the link exists and is late; otherwise it is missing.
    pub late: bool,
}

/// The duty chain of one company for one violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DutyChain {
    /// The first event of the company's staff: it proves knowledge of the violation.
    pub known: Link,
    /// Every attempt to dissuade.
    pub dissuaded: Vec<Link>,
    /// Whether a dissuasion was heeded, or staff of the company fixed the violation on the spot.
    pub heeded: bool,
    /// The report.
    pub reported: Option<Link>,
    /// Links that are missing or late.
    pub findings: Vec<DutyFinding>,
}

/// The duty chain of a company; `None` if the hazard is no violation or the company showed no knowledge of it.
///
/// # Source
/// 民法典 942; 高层民用建筑消防安全管理规定 10(5).
pub(crate) fn duty_chain(
    state: &HazardState,
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
    company: OrganId,
    now: ServerTime,
) -> Option<DutyChain> {
    let code = state.code.as_ref()?.as_str();
    if catalogue.kind(code, state.edition)?.nature != Nature::Violation {
        return None;
    }
    let counted = |id: EventId| {
        let judged = state.history.iter().find(|j| j.id == id);
        judged.is_some_and(|j| j.has_effect())
    };
    let theirs = |stated: &&EventEntry| {
        let grant = context.grant(&stated.event.grant);
        let staff = |role| matches!(role, Role::PropertyManager | Role::PropertyPatrol);
        grant.is_some_and(|g| g.organ == company && staff(g.role)) && counted(stated.id)
    };
    let mut own: Vec<&EventEntry> = events.iter().filter(theirs).collect();
    own.sort_by_key(|s| (s.event.claimed, s.id));
    let link = |stated: &EventEntry| Link {
        event: stated.id,
        claimed: stated.event.claimed,
        when: TimeBounds::new(stated.event.beacon.as_ref(), context.received(&stated.id)),
        edition: edition_of(stated, context, catalogue),
    };
    let known = link(own.first()?);
    let attempts: Vec<(&EventEntry, DissuasionResult)> = own
        .iter()
        .filter_map(|s| match &s.event.body {
            EventBody::Dissuade(d) => Some((*s, d.result)),
            _ => None,
        })
        .collect();
    let fixed = |s: &&EventEntry| matches!(s.event.body, EventBody::FixOnSpot(_));
    let heeded = attempts
        .iter()
        .any(|(_, r)| *r == DissuasionResult::Complied)
        || own.iter().any(fixed);
    let report = own
        .iter()
        .find(|s| matches!(s.event.body, EventBody::Report(_)));
    let mut chain = DutyChain {
        known,
        dissuaded: attempts.iter().map(|(s, _)| link(s)).collect(),
        heeded,
        reported: report.map(|s| link(s)),
        findings: Vec::new(),
    };
    let duties = &catalogue.duties;
    let at_once = duties.report_at_once.iter().any(|kind| kind == code);
    let failed = failed(&attempts, duties.reminders_before_report);
    let danger =
        report.is_some_and(|s| matches!(&s.event.body, EventBody::Report(r) if r.immediate_danger));
    if !danger && !heeded {
        let calendar = catalogue.calendar_of(known.edition);
        let due = calendar.due(&duties.dissuade_within, known.claimed);
        chain.owe(
            &duties.not_dissuaded,
            due,
            chain.dissuaded.first().copied(),
            now,
        );
    }
    let report_from = if at_once {
        Some(known)
    } else {
        failed.map(link)
    };
    if let (Some(from), false) = (report_from, heeded && !at_once) {
        let calendar = catalogue.calendar_of(from.edition);
        let due = calendar.due(&duties.report_within, from.claimed);
        chain.owe(&duties.not_reported, due, chain.reported, now);
    }
    Some(chain)
}

/// By which event dissuasion failed: the first refusal or attempt number `reminders`, the one that was claimed earlier.
fn failed<'e>(
    attempts: &[(&'e EventEntry, DissuasionResult)],
    reminders: u32,
) -> Option<&'e EventEntry> {
    let refused = attempts
        .iter()
        .find(|(_, result)| *result == DissuasionResult::Refused);
    let reminded = usize::try_from(reminders)
        .ok()
        .and_then(|n| attempts.get(n.saturating_sub(1)));
    let both = [refused, reminded].into_iter().flatten();
    let events = both.map(|(stated, _)| *stated);
    events.min_by_key(|stated| (stated.event.claimed, stated.id))
}

impl DutyChain {
    /// Adds a finding if a link is missing after its due time, or is late.
    fn owe(&mut self, code: &str, due: Option<Due>, done: Option<Link>, now: ServerTime) {
        let Some(due) = due else { return };
        let happened = done.map_or(deadline::now(now), |link| {
            // Without time bounds there is only the claimed time, which makes a late link `Undetermined`.
            link.when
        });
        let mut standing = deadline::standing(due.at, happened);
        if standing == Standing::Overdue && !due.certain {
            standing = Standing::Undetermined;
        }
        let claimed_late = done.is_some_and(|link| link.claimed > due.at);
        let finding = match standing {
            Standing::OnTime => false,
            Standing::Overdue => true,
            Standing::Undetermined => done.is_none() || claimed_late,
        };
        if finding {
            self.findings.push(DutyFinding {
                code: code.to_owned(),
                due: due.at,
                standing,
                late: done.is_some(),
            });
        }
    }
}
