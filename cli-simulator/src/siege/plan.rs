//! The plan of a siege.

use std::path::PathBuf;

/// The plan of a siege.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server program.
    pub program: PathBuf,
    /// Connections that send half a header, or one byte of a body.
    pub stalled: usize,
    /// Endless bodies of 7 MB, and as many within the limit of their route.
    pub unfinished: usize,
    /// Small files that declare 169 million pixels, and as many of the largest accepted photos.
    pub bombs: usize,
    /// Concurrent long polls.
    pub polls: usize,
    /// Duration in seconds.
    pub seconds: u64,
}
