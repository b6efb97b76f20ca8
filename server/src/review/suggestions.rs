//! Suggestions for reviewers: pairs of hazards that may be one, or evidence that may be false; the most urgent first.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sync_core::{
    catalogue::Catalogue,
    grouping::Advice,
    record::{AreaPath, DocId},
};

use super::{HazardView, ListCursor, Review, parameters, view};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{
        StorageError, Tx, hazards, spaces,
        suggestions::{self, Kept, Position},
    },
};

/// Filters of suggestions; all of them narrow the result.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Administrative path; includes all areas below it.
    pub area: Option<String>,
    /// `fake_evidence`, `link_itself`, `probable`, `look_alike`, `possible` or `same_place`.
    pub advice: Option<String>,
    /// Rows of a page, 1 to 500; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the previous page.
    pub after: Option<String>,
}

/// A suggestion about two hazards.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestionView {
    /// What the reviewer should consider.
    pub advice: &'static str,
    /// The same in Chinese.
    pub advice_zh: &'static str,
    /// How strong the signs are, in percent.
    pub score: i64,
    /// The signs that led to it.
    pub signs: Vec<String>,
    /// One hazard; the smaller id.
    pub one: String,
    /// The other hazard.
    pub other: String,
}

/// A suggestion with both hazards.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestedPair {
    /// The suggestion.
    #[serde(flatten)]
    pub suggestion: SuggestionView,
    /// Both rows of the ledger, the smaller id first.
    pub hazards: Vec<HazardView>,
}

/// One page of suggestions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestionPage {
    /// The suggestions.
    pub items: Vec<SuggestedPair>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
}

pub(super) fn shown(kept: &Kept) -> SuggestionView {
    let at = usize::try_from(kept.urgency).unwrap_or(usize::MAX);
    let advice = Advice::ALL.get(at).copied().unwrap_or(Advice::Possible);
    SuggestionView {
        advice: advice.name(),
        advice_zh: advice.zh(),
        score: kept.score,
        signs: serde_json::from_str(&kept.signs).unwrap_or_default(),
        one: kept.doc.to_string(),
        other: kept.other.to_string(),
    }
}

/// A checked query.
pub(super) struct Asked {
    areas: Vec<AreaPath>,
    urgency: Option<i64>,
    after: Option<Position>,
    limit: i64,
}

impl Wanted {
    pub(super) fn checked(self, reach: &Reach) -> Result<Asked, Refusal> {
        let named = |name: &str| {
            let mut all = Advice::ALL.iter();
            let found = all.find(|advice| advice.name() == name);
            found
                .map(|a| a.urgency())
                .ok_or_else(|| parameters::bad("advice", &Advice::ALL.map(Advice::name).join(", ")))
        };
        Ok(Asked {
            areas: parameters::areas(reach, self.area.as_deref())?,
            urgency: self.advice.as_deref().map(named).transpose()?,
            after: self.after.map(|t| ListCursor::suggested(&t)).transpose()?,
            limit: parameters::limit(self.limit)?,
        })
    }
}

fn order(kept: &Kept) -> (i64, i64, DocId, DocId) {
    (kept.urgency, -kept.score, kept.doc, kept.other)
}

/// A page of suggestions about pairs of hazards, both of which the caller may read.
pub(super) fn page(
    tx: &mut dyn Tx,
    asked: &Asked,
    catalogue: &Catalogue,
) -> Result<SuggestionPage, StorageError> {
    let mut found: Vec<(AreaPath, Kept)> = Vec::new();
    let areas = asked.areas.iter().cloned().collect();
    for space in spaces::touching(tx, &areas)? {
        found.extend(
            in_space(tx, &space, asked)?
                .into_iter()
                .map(|kept| (space.clone(), kept)),
        );
    }
    found.sort_by_key(|(_, kept)| order(kept));
    let full = found.len() as i64 > asked.limit;
    found.truncate(usize::try_from(asked.limit).unwrap_or(0));
    let last = found.last().filter(|_| full).map(|(_, s)| s);
    let next = last.map(|s| ListCursor::Suggested(s.urgency, s.score, s.doc, s.other).to_string());
    let mut items = Vec::new();
    for (space, kept) in found {
        let mut rows = Vec::new();
        for doc in [kept.doc, kept.other] {
            rows.extend(hazards::find(tx, &space, doc)?);
        }
        items.push(SuggestedPair {
            suggestion: shown(&kept),
            hazards: view::views(tx, &rows, catalogue)?,
        });
    }
    Ok(SuggestionPage { items, next })
}

/// The next suggestions of one space that the caller may read, one more than fits on a page.
fn in_space(tx: &mut dyn Tx, space: &AreaPath, asked: &Asked) -> Result<Vec<Kept>, StorageError> {
    let (mut after, mut found) = (asked.after, Vec::new());
    loop {
        let rows = suggestions::list(tx, space, asked.urgency, after, asked.limit + 1)?;
        let more = rows.len() as i64 > asked.limit;
        after = rows
            .last()
            .map(|(s, _)| (s.urgency, s.score, s.doc, s.other));
        let inside = |path: &AreaPath| asked.areas.iter().any(|area| area.covers(path));
        let visible = rows
            .into_iter()
            .filter(|(_, paths)| paths.iter().all(inside));
        found.extend(visible.map(|(kept, _)| kept));
        if !more || found.len() as i64 > asked.limit {
            return Ok(found);
        }
    }
}

impl Review {
    /// A page of suggestions about pairs of hazards, the most urgent first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn suggestions(
        &self,
        reach: &Reach,
        wanted: Wanted,
    ) -> Result<SuggestionPage, Refusal> {
        let asked = wanted.checked(reach)?;
        let catalogue = Arc::clone(&self.catalogue);
        let read = move |tx: &mut dyn Tx| Ok(page(tx, &asked, &catalogue)?);
        self.storage.read(read).await
    }
}
