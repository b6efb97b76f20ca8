//! Suggestions: hazards on this device that may be one. They are found by their place in the list, and only these few
//! are loaded.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::{Device, DeviceError, load};
use crate::{
    catalogue::{Catalogue, StateCode},
    grouping::{Comparable, Suggestion, compare},
    record::{DAY_MS, DocId},
};

/// Hazards of one building that are loaded at most: the nearest in time.
const CANDIDATES: i64 = 32;

/// Another hazard that may be the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// The other hazard.
    pub doc: DocId,
    /// The advice and its reasons.
    pub suggestion: Suggestion,
}

impl Device {
    /// What a person should check before continuing with a hazard: similar hazards of the same building on this
    /// device, the most urgent first. Needs no network and changes nothing.
    ///
    /// # Errors
    /// [`DeviceError::UnknownDocument`] if it is not on this device.
    pub fn suggestions(&self, doc: DocId) -> Result<Vec<Suggested>, DeviceError> {
        let catalogue = &self.catalogue;
        let Some((own, marked)) = comparable(&self.connection, catalogue, doc)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for other in near(&self.connection, catalogue, &own)? {
            let Some((theirs, their_marks)) = comparable(&self.connection, catalogue, other)?
            else {
                continue;
            };
            if marked.contains(&other) || their_marks.contains(&doc) {
                continue;
            }
            if let Some(suggestion) = compare(&own, &theirs, catalogue) {
                found.push(Suggested {
                    doc: other,
                    suggestion,
                });
            }
        }
        let order = |s: &Suggested| {
            let score = std::cmp::Reverse(s.suggestion.score);
            (s.suggestion.advice.urgency(), score, s.doc)
        };
        found.sort_by_key(order);
        Ok(found)
    }
}

/// A record as it is compared; `None` if it was examined and is none, or is recorded elsewhere.
fn comparable(
    c: &Connection,
    catalogue: &Arc<Catalogue>,
    doc: DocId,
) -> Result<Option<(Comparable, Vec<DocId>)>, DeviceError> {
    let folded = load::fold(c, &mut load::load(c, catalogue, doc)?)?;
    let Some(hazard) = folded.hazard() else {
        return Ok(None);
    };
    let state = hazard.state();
    if matches!(
        state.state,
        StateCode::NONE | StateCode::VOID | StateCode::MERGED
    ) {
        return Ok(None);
    }
    let duplicate_of = hazard.group_member(doc).duplicate_of;
    Ok(hazard.comparable(doc).map(|own| (own, duplicate_of)))
}

/// Hazards of the same building in the list, found at most `campaign_days` before or after, the nearest in time first.
fn near(
    c: &Connection,
    catalogue: &Catalogue,
    own: &Comparable,
) -> Result<Vec<DocId>, DeviceError> {
    let building = own.place_key.split('/').next().unwrap_or_default();
    let days = i64::from(catalogue.weights.campaign_days);
    let campaign = days * DAY_MS;
    let mut statement = c.prepare_cached(
        "SELECT doc FROM hazard_row WHERE compound = ?1 AND place_key >= ?2 AND place_key < ?3 AND doc <> ?4
           AND found >= ?5 AND found <= ?6 ORDER BY abs(found - ?7), doc LIMIT ?8",
    )?;
    // In ASCII, `0` follows `/`: the range holds the keys that begin with the building.
    let rows = statement
        .query_map(
            params![
                own.compound.as_bytes(),
                format!("{building}/"),
                format!("{building}0"),
                own.doc.as_bytes(),
                own.found.0.saturating_sub(campaign),
                own.found.0.saturating_add(campaign),
                own.found.0,
                CANDIDATES
            ],
            |row| row.get::<_, Vec<u8>>(0),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|doc| Ok(DocId::from_slice(&doc)?))
        .collect()
}
