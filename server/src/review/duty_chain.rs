//! The duty chain of one company for one violation: found, dissuaded, reported.

use serde::Serialize;
use sync_core::{
    duty::{DutyChain, Link},
    hazard::deadline::Standing,
    record::{OrganId, ServerTime},
};

use super::time::instant;
use crate::storage::{StorageError, Tx, names};

/// The duty chain of one company for one violation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChainView {
    /// The company's id.
    pub company: String,
    /// Its name, if it is known.
    pub company_name: Option<String>,
    /// The first event that shows the company's knowledge.
    pub known: LinkView,
    /// Attempts to dissuade.
    pub dissuaded: Vec<LinkView>,
    /// Whether one of them was heeded.
    pub heeded: bool,
    /// The report.
    pub reported: Option<LinkView>,
    /// What is missing or late as of now.
    pub findings: Vec<FindingView>,
}

/// A link of a duty chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LinkView {
    /// The event.
    pub event: String,
    /// The time of its author's clock.
    pub claimed_at: String,
    /// The earliest possible time, by the server's clock.
    pub not_before: Option<String>,
    /// The latest possible time, by the server's clock.
    pub not_after: Option<String>,
}

/// What is missing or late in a duty chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FindingView {
    /// Kind of the finding.
    pub code: String,
    /// When it was due, RFC 3339.
    pub due: String,
    /// True: the company did it, but late. False: it is missing.
    pub late: bool,
    /// `overdue`, or `undetermined` if a reviewer must decide.
    pub standing: &'static str,
    /// The same in Chinese.
    pub standing_zh: &'static str,
}

/// The name of a standing in JSON.
pub(super) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::OnTime => "on_time",
        Standing::Overdue => "overdue",
        Standing::Undetermined => "undetermined",
    }
}

fn link(link: &Link) -> LinkView {
    let bound = |at: Option<ServerTime>| at.map(|at| instant(at.0));
    LinkView {
        event: link.event.to_string(),
        claimed_at: instant(link.claimed.0),
        not_before: bound(link.when.lower),
        not_after: bound(link.when.upper),
    }
}

pub(super) fn chain(
    tx: &mut dyn Tx,
    company: OrganId,
    chain: &DutyChain,
) -> Result<ChainView, StorageError> {
    let findings = chain.findings.iter().map(|finding| FindingView {
        code: finding.code.clone(),
        due: instant(finding.due.0),
        late: finding.late,
        standing: word(finding.standing),
        standing_zh: finding.standing.zh(),
    });
    Ok(ChainView {
        company: company.to_string(),
        company_name: names::organ(tx, company)?,
        known: link(&chain.known),
        dissuaded: chain.dissuaded.iter().map(link).collect(),
        heeded: chain.heeded,
        reported: chain.reported.as_ref().map(link),
        findings: findings.collect(),
    })
}
