//! The list row: what a list shows of a document.

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::Serialize;

use super::{CompoundId, Edition};

/// The list row of a hazard, an activity or an inspection, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize)]
pub struct ListRow {
    /// State number, for example 10 for HS10.
    #[n(0)]
    pub state: u16,
    /// Flags, as `hazard::Flags::bits`.
    #[n(1)]
    pub flags: u16,
    /// Hazard kind.
    #[n(2)]
    pub code: String,
    /// Place as text.
    #[n(3)]
    pub place: String,
    /// What was seen.
    #[n(4)]
    pub description: String,
    /// First found, by the finder's clock, in milliseconds.
    #[n(5)]
    pub found: i64,
    /// Last event, by its author's clock, in milliseconds.
    #[n(6)]
    pub updated: i64,
    /// Number of events.
    #[n(7)]
    pub events: u32,
    /// Number of photos.
    #[n(8)]
    pub photos: u32,
    /// The compound; absent if the server does not send it.
    #[n(9)]
    pub compound: Option<CompoundId>,
    /// The place key: for finding hazards of the same place.
    #[n(10)]
    pub place_key: Option<String>,
    /// Activity type, such as `publicity`, or `inspection`; absent for a hazard. `state` is then a `activity::State`,
    /// and `description` is the title.
    #[n(11)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// The version of the rules that folded a hazard's row (`document::FOLD_VERSION`); absent for version 1 and for
    /// other kinds. A device with older rules keeps the row of the server.
    #[n(12)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<u16>,
    /// The newest edition of the catalogue that the row was folded with. A device whose catalogue is older keeps the row
    /// of the server.
    #[n(13)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
}

/// A list row as it was encoded: the server stores it once and sends it unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedListRow(Vec<u8>);

impl EncodedListRow {
    /// Takes bytes that [`Self::as_bytes`] returned before. A row that cannot be read counts as absent for devices.
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The encoded row.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The row; `None` if it cannot be read.
    pub fn decode(&self) -> Option<ListRow> {
        minicbor::decode(&self.0).ok()
    }
}

impl From<&ListRow> for EncodedListRow {
    fn from(row: &ListRow) -> Self {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        if minicbor::encode(row, &mut bytes).is_err() {
            bytes.clear();
        }
        Self(bytes)
    }
}

impl<C> Encode<C> for EncodedListRow {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.writer_mut()
            .write_all(&self.0)
            .map_err(minicbor::encode::Error::write)
    }
}

impl<'b, C> Decode<'b, C> for EncodedListRow {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let start = d.position();
        d.skip()?;
        Ok(Self(d.input()[start..d.position()].to_vec()))
    }
}
