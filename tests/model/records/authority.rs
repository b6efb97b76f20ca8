//! Section 3, step 1, with the area of section 10.

use super::case::Case;

/// Whether the author had authority; `begun` is the first accepted beginning in P(e), or else the first unknown one.
pub(crate) fn check(case: &Case<'_>, e: usize, begun: Option<usize>) -> Result<(), &'static str> {
    let entry = &case.doc.events[e];
    let grant = entry.grant.as_ref().ok_or("grant-unknown")?;
    if grant.person != entry.event.author || grant.device != entry.event.device {
        return Err("grant-not-theirs");
    }
    if case.facts.unattested.contains(&entry.id) {
        return Err("unattested");
    }
    let area = case.doc.body(begun.unwrap_or(e)).begins_in();
    if area.is_some_and(|area| !grant.area.covers(area)) {
        return Err("grant-other-area");
    }
    let end = grant
        .until
        .map(|until| until.0.saturating_add(case.types.grace_ms));
    let late = matches!((case.bounds[e].by_beacons, end), (Some(lower), Some(end)) if lower >= end);
    if late {
        return Err("grant-other-time");
    }
    Ok(())
}
