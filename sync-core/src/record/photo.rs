//! The reference to a photo in an event. The bytes are stored elsewhere, named by their hash.

use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    codes::{PhotoRole, PhotoSource},
    ids::PhotoHash,
    place::Position,
    text::Text,
};

/// A photo as part of an event. At most [`PhotoRef::MAX_PER_EVENT`] in one event.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(map)]
pub struct PhotoRef {
    /// SHA-256 of the working copy, which is the file that is uploaded.
    #[n(0)]
    pub hash: PhotoHash,
    /// Size of the working copy in bytes.
    #[n(1)]
    pub size: u32,
    /// Width in pixels.
    #[n(2)]
    pub width: u16,
    /// Height in pixels.
    #[n(3)]
    pub height: u16,
    /// What it shows.
    #[n(4)]
    pub role: PhotoRole,
    /// How it came to the device.
    #[n(5)]
    pub source: PhotoSource,
    /// The camera's own time stamp as written, for example `2024:03-25 09:12:00+08:00`; a claim.
    #[n(6)]
    pub taken: Option<Text<40>>,
    /// The position in the camera's metadata.
    #[n(7)]
    pub position: Option<Position>,
}

impl PhotoRef {
    /// Photos in one event at most: three before and three after are usual, nine is the limit of the field.
    pub const MAX_PER_EVENT: usize = 9;
}
