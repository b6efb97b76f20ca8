//! Filters of activities and inspections, as query parameters.

use serde::Deserialize;
use sync_core::{
    activity::State,
    catalogue::{Catalogue, INSPECTION},
    record::CompoundId,
};

use crate::review::{
    ListCursor,
    parameters::{area, bad, limit, time},
};
use crate::{access::Reach, refusal::Refusal, storage::activity_queries::Query};

/// Filters of the list of activities and inspections; all of them narrow the result.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivityFilter {
    /// Activity type such as `training`; `inspection` for inspections.
    pub r#type: Option<String>,
    /// Administrative path; includes all areas below it.
    pub area: Option<String>,
    /// The compound's id.
    pub compound: Option<String>,
    /// `stated`, `confirmed`, `disputed`, `withdrawn` or `unknown`. A `void` one is in no list.
    pub state: Option<String>,
    /// Took place at or after: RFC 3339, or a day such as `2024-03-25` (from 00:00, UTC+8).
    pub held_from: Option<String>,
    /// Took place before: as `held_from`.
    pub held_to: Option<String>,
    /// Rows of a page, 1 to 500; 50 if absent.
    pub limit: Option<i64>,
    /// `next` of the previous page.
    pub after: Option<String>,
}

impl ActivityFilter {
    /// Checks every filter and limits the query to what the caller may read.
    pub(super) fn query(self, reach: &Reach, catalogue: &Catalogue) -> Result<Query, Refusal> {
        let is_type = |code: &str| catalogue.type_versions(code).next().is_some();
        let known = |code: &String| code == INSPECTION || is_type(code);
        if self.r#type.as_ref().is_some_and(|code| !known(code)) {
            return Err(bad("type", "a type of the catalogue, or inspection"));
        }
        let listed = State::ALL.iter().filter(|s| **s != State::Void);
        let states: Vec<_> = listed.map(|s| s.name()).collect();
        if self.state.as_deref().is_some_and(|s| !states.contains(&s)) {
            return Err(bad("state", &states.join(", ")));
        }
        let compound = |text: String| match text.parse::<CompoundId>() {
            Ok(id) => Ok(id),
            Err(_) => Err(bad("compound", "a compound's number")),
        };
        Ok(Query {
            within: reach.readable(),
            area: self.area.map(|text| area(&text)).transpose()?,
            r#type: self.r#type,
            compound: self.compound.map(compound).transpose()?,
            state: self.state,
            held_from: self.held_from.map(|t| time("held_from", &t)).transpose()?,
            held_to: self.held_to.map(|t| time("held_to", &t)).transpose()?,
            after: self.after.map(|t| ListCursor::found(&t)).transpose()?,
            limit: limit(self.limit)?,
        })
    }
}
