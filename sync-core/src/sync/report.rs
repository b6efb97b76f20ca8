//! The report of a sync, for the person who waits for it.

use serde::Serialize;

use crate::{record::Edition, wire::Code};

/// The report of one sync.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Everything that was possible is done.
    pub complete: bool,
    /// Calls made.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Changes acknowledged by the server.
    pub acknowledged: u64,
    /// Changes that the server refused or quarantined.
    pub refused: u64,
    /// Changes that were rewritten under a new actor.
    pub reauthored: u64,
    /// Documents received.
    pub documents: u64,
    /// Documents that could not be merged and were requested whole. Expected to be 0.
    pub unfit: u64,
    /// Reconciliations that were started.
    pub repairs: u64,
    /// Changes that were resupplied to the server.
    pub resupplied: u64,
    /// Photos for which the server's receipt came.
    pub photos: u64,
    /// Photos and changes that did not pass and wait for the next sync.
    pub aside: u64,
    /// Calls that failed.
    pub failures: u64,
    /// The reason of the last failure.
    pub last_failure: Option<String>,
    /// The refusal that ended the sync.
    pub refusal: Option<Code>,
    /// The newest edition of the catalogue, if the server sent newer ones.
    pub edition: Option<Edition>,
    /// Why the server's newer edition was not taken. Records are synced without it; what the device's catalogue lacks is
    /// held as unknown.
    pub edition_refused: Option<String>,
    /// The server orders this device to erase its data.
    pub wipe: bool,
}
