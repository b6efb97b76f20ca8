//! The enrichment of one hazard as of now: suggestions, its group, duties of companies, and its deadline.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::{
    document::FoldedHazard,
    hazard::deadline::{Standing, standing_of},
    record::{DocId, ServerTime},
};

use super::{
    duty_chain::{ChainView, chain, word},
    suggestions::{SuggestionView, shown},
    time::instant,
};
use crate::{
    access::Reach,
    projection::groups,
    storage::{StorageError, Tx, docs, docs::Doc, suggestions},
};

/// The enrichment of a hazard.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Enrichment {
    /// Suggestions about this hazard and another, the most urgent first; only those whose other hazard the caller may
    /// read.
    pub suggestions: Vec<SuggestionView>,
    /// The group of documents that declare to be the same hazard; absent if no other document does and this one counts
    /// itself.
    pub group: Option<GroupView>,
    /// The duty chain of each company that showed knowledge of the violation.
    pub duty: Vec<ChainView>,
    /// The deadline for rectification; absent if there is none.
    pub due: Option<DueView>,
}

/// Documents that declare to be one hazard.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GroupView {
    /// The document that represents the group: the earliest trusted registration of those that are neither merged nor
    /// void, or else of the merged ones; absent if the caller may not read it.
    pub canonical: Option<String>,
    /// The documents of the group that the caller may read.
    pub members: Vec<String>,
    /// The sum of observations of all documents.
    pub observations: u32,
    /// Whether the hazard still needs work.
    pub open: bool,
    /// Whether one document is closed while another is open: a reviewer decides (C-23).
    pub contested: bool,
    /// Whether a document is merged and none is a hazard of its own: it counts as open, and a reviewer decides (C-22).
    pub without_living: bool,
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

pub(super) fn enrichment(
    tx: &mut dyn Tx,
    reach: &Reach,
    doc: &Doc,
    of: FoldedHazard<'_>,
    now: ServerTime,
) -> Result<Enrichment, StorageError> {
    Ok(Enrichment {
        suggestions: suggested(tx, reach, doc)?,
        group: group(tx, reach, doc)?,
        duty: duty(tx, of, now)?,
        due: standing(doc, of, now),
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
        .find(|g| g.members.contains(&doc.id) && (g.members.len() > 1 || g.without_living));
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
        without_living: group.without_living,
    }))
}

fn duty(
    tx: &mut dyn Tx,
    of: FoldedHazard<'_>,
    now: ServerTime,
) -> Result<Vec<ChainView>, StorageError> {
    let mut chains = Vec::new();
    for company in of.companies() {
        if let Some(found) = of.duty_chain(company, now) {
            chains.push(chain(tx, company, &found)?);
        }
    }
    Ok(chains)
}

fn standing(doc: &Doc, of: FoldedHazard<'_>, now: ServerTime) -> Option<DueView> {
    let due = of.trusted_due(doc.id)?;
    let standing = standing_of(of.state(), due, of.catalogue(), now);
    Some(DueView {
        at: instant(due.at.0),
        certain: due.certain,
        standing: standing.map(word),
        standing_zh: standing.map(Standing::zh),
    })
}
