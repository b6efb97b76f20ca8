//! Filters of the ledger, as query parameters.

use serde::Deserialize;
use sync_core::{
    catalogue::{Catalogue, Grade, StateCode},
    hazard::Flags,
};

use super::{
    ListCursor,
    parameters::{area, bad, limit, time},
    view::ONE_PERSON,
};
use crate::{access::Reach, refusal::Refusal, storage::ledger::Query};

/// Filters of the ledger; all of them narrow the result.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Administrative path; includes all areas below it.
    pub area: Option<String>,
    /// Hazard kind such as `EV-06`, or a category such as `EV`.
    pub kind: Option<String>,
    /// `G1`, `G2`, `G3_suspected` or `G3`.
    pub grade: Option<String>,
    /// State such as `HS10`.
    pub state: Option<String>,
    /// Only open (`true`) or only closed (`false`).
    pub open: Option<bool>,
    /// A flag such as `conflict_open`.
    pub flag: Option<String>,
    /// Found at or after: RFC 3339, or a day such as `2024-03-25` (from 00:00, UTC+8).
    pub found_from: Option<String>,
    /// Found before: as `found_from`.
    pub found_to: Option<String>,
    /// Text that the place, the description, the code or the name of the kind contains; at most 100 characters.
    pub q: Option<String>,
    /// Rows of a page, 1 to 500; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the previous page.
    pub after: Option<String>,
}

impl Filter {
    /// Checks every filter and limits the query to what the caller may read.
    pub(super) fn query(self, reach: &Reach) -> Result<Query, Refusal> {
        let area = self.area.map(|text| area(&text)).transpose()?;
        let state = match self.state.as_deref() {
            Some(text) => {
                let number = text.strip_prefix("HS").unwrap_or(text).parse::<u16>();
                let known = number.ok().map(StateCode);
                let known = known.filter(|s| Catalogue::embedded().rules.state(*s).is_some());
                Some(known.ok_or_else(|| bad("state", "a state such as HS10"))?)
            }
            None => None,
        };
        let one_person = self.flag.as_deref() == Some(ONE_PERSON);
        let flag = match self.flag.as_deref().filter(|_| !one_person) {
            Some(text) => {
                let bit = Flags::NAMES.iter().position(|name| *name == text);
                Some(
                    1 << bit.ok_or_else(|| {
                        bad(
                            "flag",
                            &[&Flags::NAMES[..], &[ONE_PERSON]].concat().join(", "),
                        )
                    })?,
                )
            }
            None => None,
        };
        let grade = self.grade;
        let grades: Vec<_> = Grade::ALL.iter().map(|g| g.name()).collect();
        if grade.as_deref().is_some_and(|g| !grades.contains(&g)) {
            return Err(bad("grade", &grades.join(", ")));
        }
        let (code, category) = match self.kind {
            Some(kind) if kind.contains('-') => (Some(kind), None),
            kind => (None, kind),
        };
        let text = self.q.filter(|q| !q.trim().is_empty());
        if text.as_ref().is_some_and(|q| q.chars().count() > 100) {
            return Err(bad("q", "at most 100 characters"));
        }
        if text.as_ref().is_some_and(|q| q.contains(char::is_control)) {
            return Err(bad("q", "no control characters"));
        }
        Ok(Query {
            within: reach.readable(),
            space: None,
            area,
            code,
            category,
            grade,
            state,
            open: self.open,
            flag,
            one_person,
            found_from: self
                .found_from
                .map(|t| time("found_from", &t))
                .transpose()?,
            found_to: self.found_to.map(|t| time("found_to", &t)).transpose()?,
            text,
            after: self.after.map(|t| ListCursor::found(&t)).transpose()?,
            changed_after: None,
            limit: limit(self.limit)?,
        })
    }
}
