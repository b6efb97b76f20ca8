//! Records that look like one, or like false evidence: for a reviewer to look at, the most urgent first.

use serde::{Deserialize, Serialize};
use sync_core::{
    lifecycle::duplicate::Advice,
    record::{AreaPath, DocId},
};

use super::{Cursor, HazardView, filter, view};
use crate::{
    access::{Reach, Refusal},
    storage::{
        StorageError, Tx, hazards, spaces,
        suggestions::{self, Kept, Position},
    },
};

/// Which suggestions somebody looks for; all of them narrow.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Administrative path; everything below it too.
    pub area: Option<String>,
    /// `fake_evidence`, `link_itself`, `probable`, `look_alike`, `possible` or `same_place`.
    pub advice: Option<String>,
    /// Rows of a page, 1 to 500; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// What is suggested about two records.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestionView {
    /// What to do.
    pub advice: &'static str,
    /// The same in Chinese.
    pub advice_zh: &'static str,
    /// How much speaks for it, in percent.
    pub score: i64,
    /// Why.
    pub signs: Vec<String>,
    /// One record; the smaller number.
    pub one: String,
    /// The other.
    pub other: String,
}

/// A suggestion with both records.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestedPair {
    /// What is suggested.
    #[serde(flatten)]
    pub suggestion: SuggestionView,
    /// Rows of the ledger, the smaller number first.
    pub hazards: Vec<HazardView>,
}

/// One page of suggestions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestionPage {
    /// The suggestions.
    pub items: Vec<SuggestedPair>,
    /// Give this as `after` for the next page; absent at the end.
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

/// What to read, checked.
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
                .ok_or_else(|| filter::bad("advice", &Advice::ALL.map(Advice::name).join(", ")))
        };
        Ok(Asked {
            areas: filter::areas(reach, self.area.as_deref())?,
            urgency: self.advice.as_deref().map(named).transpose()?,
            after: self.after.map(|t| Cursor::suggested(&t)).transpose()?,
            limit: filter::limit(self.limit)?,
        })
    }
}

fn order(kept: &Kept) -> (i64, i64, DocId, DocId) {
    (kept.urgency, -kept.score, kept.doc, kept.other)
}

/// A page of suggestions about records that the caller may both see.
pub(super) fn page(tx: &mut dyn Tx, asked: &Asked) -> Result<SuggestionPage, StorageError> {
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
    let next = last.map(|s| Cursor::Suggested(s.urgency, s.score, s.doc, s.other).to_string());
    let mut items = Vec::new();
    for (space, kept) in found {
        let mut rows = Vec::new();
        for doc in [kept.doc, kept.other] {
            rows.extend(hazards::find(tx, &space, doc)?);
        }
        items.push(SuggestedPair {
            suggestion: shown(&kept),
            hazards: view::views(tx, &rows)?,
        });
    }
    Ok(SuggestionPage { items, next })
}

/// The next suggestions of one space that the caller may see, one more than a page has.
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
