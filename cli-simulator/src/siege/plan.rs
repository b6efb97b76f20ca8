//! The plan of a siege.

use std::path::PathBuf;

/// The plan of a siege.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server program.
    pub program: PathBuf,
    /// Connections that send half a header, or one byte of a body; every other one sends a byte more each second.
    pub stalled: usize,
    /// Endless bodies of 7 MB, and as many within the limit of their route.
    pub unfinished: usize,
    /// Small files that declare 169 million pixels, and as many of the largest accepted photos.
    pub bombs: usize,
    /// Concurrent long polls.
    pub polls: usize,
    /// Connections of one device that pull everything without a pause, and as many of one reviewer that export it.
    pub greedy: usize,
    /// Duration in seconds.
    pub seconds: u64,
}

impl Plan {
    /// Devices that attack; each may have sixteen open long polls.
    pub(super) fn devices(&self) -> usize {
        let polling = self.polls.div_ceil(16);
        polling.max(self.bombs).max(self.unfinished).max(1)
    }
}
