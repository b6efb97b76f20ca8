//! The enrichment of one hazard as of now: suggestions, its group, duties of companies, and its deadline.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::{
    catalogue::Catalogue,
    lifecycle::{
        Grants, HazardState, Stated,
        across::Registered,
        deadline::{Standing, standing_of, trusted_due},
        duty_chain,
    },
    record::{DocId, OrganId, Role, ServerTime},
};

use super::{
    duties::{ChainView, chain, word},
    suggestions::{SuggestionView, shown},
    view,
};
use crate::{
    access::Reach,
    projection::groups,
    storage::{StorageError, Tx, docs, docs::Doc, suggestions},
};

/// The enrichment of a hazard.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BesideView {
    /// Suggestions about this hazard and another, the most urgent first; only those whose other hazard the caller may
    /// read.
    pub suggestions: Vec<SuggestionView>,
    /// The group of documents that declare to be the same hazard; absent if no other document does.
    pub group: Option<GroupView>,
    /// The duty chain of each company that showed knowledge of the violation.
    pub duty: Vec<ChainView>,
    /// The deadline for rectification; absent if there is none.
    pub due: Option<DueView>,
}

/// Documents that declare to be one hazard.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GroupView {
    /// The document that represents the group, which is the earliest trusted registration; absent if the caller may not
    /// read it.
    pub canonical: Option<String>,
    /// The documents of the group that the caller may read.
    pub members: Vec<String>,
    /// The sum of observations of all documents.
    pub observations: u32,
    /// Whether the hazard still needs work.
    pub open: bool,
    /// Whether one document is closed while another is open: a reviewer decides (C-23).
    pub contested: bool,
}

/// A deadline and its standing as of now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DueView {
    /// When it is due, RFC 3339.
    pub at: String,
    /// Whether the calendars of all years involved are known and the start of the term is not contradicted.
    pub certain: bool,
    /// `on_time`, `overdue` or `undetermined`; absent if the hazard needs no work.
    pub standing: Option<&'static str>,
    /// The same in Chinese.
    pub standing_zh: Option<&'static str>,
}

/// A folded hazard.
pub(super) struct Folded<'f, G: Grants> {
    pub(super) doc: &'f Doc,
    pub(super) state: &'f HazardState,
    pub(super) events: &'f [Stated],
    pub(super) grants: &'f G,
}

pub(super) fn beside<G: Grants>(
    tx: &mut dyn Tx,
    reach: &Reach,
    folded: &Folded<'_, G>,
    now: ServerTime,
) -> Result<BesideView, StorageError> {
    Ok(BesideView {
        suggestions: suggested(tx, reach, folded.doc)?,
        group: group(tx, reach, folded.doc)?,
        duty: duty(tx, folded, now)?,
        due: standing(folded, now),
    })
}

fn suggested(
    tx: &mut dyn Tx,
    reach: &Reach,
    doc: &Doc,
) -> Result<Vec<SuggestionView>, StorageError> {
    let mut kept = suggestions::about(tx, &doc.space, &[doc.id])?;
    let kept = kept.remove(&doc.id).unwrap_or_default();
    let others: Vec<_> = kept.iter().flat_map(|s| [s.doc, s.other]).collect();
    let visible = visible(tx, reach, doc, &others)?;
    let seen = kept
        .iter()
        .filter(|s| visible.contains(&s.doc) && visible.contains(&s.other));
    Ok(seen.map(shown).collect())
}

/// Those of these documents in a hazard's space that the caller may read.
fn visible(
    tx: &mut dyn Tx,
    reach: &Reach,
    doc: &Doc,
    others: &[DocId],
) -> Result<BTreeSet<DocId>, StorageError> {
    let found = docs::of(tx, &doc.space, others)?.into_iter();
    let seen = found.filter(|other| reach.covers(&other.path));
    Ok(seen.map(|other| other.id).collect())
}

fn group(tx: &mut dyn Tx, reach: &Reach, doc: &Doc) -> Result<Option<GroupView>, StorageError> {
    let (groups, _) = groups::around(tx, &doc.space, doc.id)?;
    let own = groups
        .into_iter()
        .find(|g| g.members.contains(&doc.id) && g.members.len() > 1);
    let Some(group) = own else { return Ok(None) };
    let visible = visible(tx, reach, doc, &group.members)?;
    let members = group.members.iter();
    let members = members.filter(|id| visible.contains(id));
    Ok(Some(GroupView {
        canonical: visible
            .contains(&group.canonical)
            .then(|| group.canonical.to_string()),
        members: members.map(ToString::to_string).collect(),
        observations: group.observations,
        open: group.open,
        contested: group.contested,
    }))
}

fn duty<G: Grants>(
    tx: &mut dyn Tx,
    folded: &Folded<'_, G>,
    now: ServerTime,
) -> Result<Vec<ChainView>, StorageError> {
    let staff = |role| matches!(role, Role::PropertyManager | Role::PropertyPatrol);
    let used = folded.events.iter();
    let used = used.filter_map(|s| folded.grants.find(&s.event.grant));
    let companies: BTreeSet<OrganId> = used
        .filter(|grant| staff(grant.role))
        .map(|grant| grant.organ)
        .collect();
    let mut chains = Vec::new();
    for company in companies {
        let (state, events, grants) = (folded.state, folded.events, folded.grants);
        let catalogue = Catalogue::embedded();
        if let Some(found) = duty_chain(state, events, grants, catalogue, company, now) {
            chains.push(chain(tx, company, &found)?);
        }
    }
    Ok(chains)
}

fn standing<G: Grants>(folded: &Folded<'_, G>, now: ServerTime) -> Option<DueView> {
    let (state, catalogue) = (folded.state, Catalogue::embedded());
    let found = Registered::of(folded.doc.id, state, folded.events, folded.grants).when;
    let due = trusted_due(state, catalogue, &found)?;
    let standing = standing_of(state, due, catalogue, now);
    Some(DueView {
        at: view::instant(due.at.0),
        certain: due.certain,
        standing: standing.map(word),
        standing_zh: standing.map(Standing::zh),
    })
}
