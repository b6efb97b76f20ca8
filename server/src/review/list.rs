//! The ledger as a list, and what changed in it since a list cursor.

use std::{collections::BTreeMap, sync::Arc};

use sync_core::record::AreaPath;

use super::{Filter, HazardView, ListCursor, Review, parameters::limit, view::views};
use crate::{
    access::Reach,
    refusal::Refusal,
    storage::{ledger, spaces},
};

/// One page of the ledger.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct HazardPage {
    /// The rows.
    pub items: Vec<HazardView>,
    /// Pass this as `after` for the next page; absent on the last page.
    pub next: Option<String>,
}

impl Review {
    /// A page of the ledger, newest found first.
    ///
    /// # Errors
    /// `bad-filter` naming the parameter.
    pub async fn list(&self, reach: &Reach, filter: Filter) -> Result<HazardPage, Refusal> {
        let query = filter.query(reach)?;
        let catalogue = Arc::clone(&self.catalogue);
        self.storage
            .read(move |tx| {
                let rows = ledger::list(tx, &query)?;
                let full = rows.len() as i64 == query.limit;
                let next = rows
                    .last()
                    .filter(|_| full)
                    .map(|r| ListCursor::Found(r.found_at, r.doc).to_string());
                let items = views(tx, &rows, &catalogue)?;
                Ok(HazardPage { items, next })
            })
            .await
    }

    /// What changed in the ledger since a list cursor, in the order of changes. Without one: from the beginning.
    ///
    /// # Errors
    /// `bad-filter` for a damaged list cursor.
    pub async fn changes(
        &self,
        reach: &Reach,
        since: Option<String>,
        limit: Option<i64>,
    ) -> Result<HazardPage, Refusal> {
        let position = match since {
            Some(text) => ListCursor::changed(&text)?,
            None => BTreeMap::new(),
        };
        let limit = self::limit(limit)?;
        let within = reach.readable();
        let catalogue = Arc::clone(&self.catalogue);
        self.storage
            .read(move |tx| {
                let (mut position, mut items) = (position, Vec::new());
                for space in spaces::list(tx)? {
                    let areas = inside(&within, &space.id);
                    if areas.is_empty() {
                        continue;
                    }
                    let after = position.get(space.id.as_str()).copied().unwrap_or(0);
                    let query = ledger::Query {
                        within: areas,
                        space: Some(space.id.clone()),
                        changed_after: Some(after),
                        limit: limit - items.len() as i64,
                        ..ledger::Query::default()
                    };
                    if query.limit <= 0 {
                        break;
                    }
                    let rows = ledger::list(tx, &query)?;
                    if let Some(last) = rows.last() {
                        position.insert(space.id.to_string(), last.changed);
                    }
                    items.extend(views(tx, &rows, &catalogue)?);
                }
                Ok(HazardPage {
                    items,
                    next: Some(ListCursor::Changed(position).to_string()),
                })
            })
            .await
    }
}

/// The areas as far as they lie in a space.
fn inside(areas: &[AreaPath], space: &AreaPath) -> Vec<AreaPath> {
    let part = |area: &AreaPath| match area.covers(space) {
        true => Some(space.clone()),
        false => space.covers(area).then(|| area.clone()),
    };
    areas.iter().filter_map(part).collect()
}
