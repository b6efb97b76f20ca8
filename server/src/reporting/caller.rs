//! What the caller of a report must be, and what it must state.

use sync_core::{catalogue::Catalogue, wire::Code};

use crate::{access::Reach, refusal::Refusal};

/// Characters of a reason at most.
const REASON: usize = 500;

/// Whether the caller is a reviewer: a person in a role that may take a step with a report.
pub(crate) fn is_reviewer(reach: &Reach) -> bool {
    let steps = &Catalogue::embedded().indicators.report_steps;
    reach.person().is_some()
        && reach
            .role()
            .is_some_and(|role| steps.iter().any(|step| step.roles.contains(&role)))
}

/// Checks a reason: 1 to 500 characters.
pub(crate) fn reason(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > REASON {
        let expected = "reason: expected 1 to 500 characters";
        return Err(Refusal::new(Code::BadFilter, expected));
    }
    Ok(text.to_owned())
}
