//! List cursors: where the next page of a list begins, opaque to the caller.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sync_core::{
    record::{DeviceTime, DocId},
    wire::{Code, decode, encode},
};

use crate::{refusal::Refusal, storage::duties};

/// A position in a list of reviewers: what the parameters `after` and `since` contain. It is not the [`Cursor`] of a
/// device in the feed.
///
/// [`Cursor`]: sync_core::wire::pull::Cursor
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListCursor {
    /// After a row of the list by time found: the time and the document.
    Found(DeviceTime, DocId),
    /// After a change, for each space.
    Changed(BTreeMap<String, i64>),
    /// After a suggestion: urgency, score, both documents.
    Suggested(i64, i64, DocId, DocId),
    /// After a duty.
    Owed(duties::Position),
}

fn bad() -> Refusal {
    Refusal::new(
        Code::BadFilter,
        "after/since: not a list cursor of this list; leave it out to begin",
    )
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Found(at, doc) => [&[1], &at.0.to_be_bytes()[..], doc.as_bytes()].concat(),
            Self::Changed(position) => {
                let pairs: Vec<(String, i64)> =
                    position.iter().map(|(k, v)| (k.clone(), *v)).collect();
                [&[2], encode(&pairs).as_slice()].concat()
            }
            Self::Suggested(urgency, score, one, other) => {
                [&[3], encode(&(urgency, score, one, other)).as_slice()].concat()
            }
            Self::Owed(position) => [&[4], encode(position).as_slice()].concat(),
        };
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl ListCursor {
    /// Reads a position in the list by time found.
    ///
    /// # Errors
    /// `bad-filter`.
    pub fn found(text: &str) -> Result<(DeviceTime, DocId), Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        match bytes.split_first() {
            Some((1, rest)) if rest.len() == 24 => {
                let at = rest[..8].try_into().map_err(|_| bad())?;
                let doc = DocId::from_slice(&rest[8..]).map_err(|_| bad())?;
                Ok((DeviceTime(i64::from_be_bytes(at)), doc))
            }
            _ => Err(bad()),
        }
    }

    /// Reads a position among suggestions.
    ///
    /// # Errors
    /// `bad-filter`.
    pub fn suggested(text: &str) -> Result<(i64, i64, DocId, DocId), Refusal> {
        Self::read(text, 3)
    }

    /// Reads a position among duties.
    ///
    /// # Errors
    /// `bad-filter`.
    pub fn owed(text: &str) -> Result<duties::Position, Refusal> {
        Self::read(text, 4)
    }

    fn read<T: for<'b> minicbor::Decode<'b, ()>>(text: &str, of: u8) -> Result<T, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let own = bytes.split_first().filter(|(kind, _)| **kind == of);
        own.and_then(|(_, rest)| decode(rest)).ok_or_else(bad)
    }

    /// Reads a position in the feed of changes.
    ///
    /// # Errors
    /// `bad-filter`.
    pub fn changed(text: &str) -> Result<BTreeMap<String, i64>, Refusal> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let pairs = bytes.split_first().filter(|(kind, _)| **kind == 2);
        let pairs: Vec<(String, i64)> = pairs.and_then(|(_, rest)| decode(rest)).ok_or_else(bad)?;
        Ok(pairs.into_iter().collect())
    }
}
