//! Photos: makes a working copy that may be uploaded from the bytes of a camera or a messenger.
//!
//! The module makes a JPEG without metadata, a thumbnail, and the claims of the metadata. Every decode has limits. The
//! module does not access files or the network.

mod decode;
mod encode;
mod metadata;
mod perceptual_hash;
mod prepare;
mod sample;

pub use decode::{InvalidPhoto, PhotoLimits};
pub use metadata::{ExifGps, TakenTime};
pub use perceptual_hash::perceptual_hash;
pub use prepare::{Inspected, Prepared, inspect, prepare};
pub use sample::{SampleExif, sample_jpeg};
