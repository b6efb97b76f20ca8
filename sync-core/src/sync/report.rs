//! What a sync did, for the person who waits for it.

use serde::Serialize;

use crate::wire::Code;

/// The report of one sync.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Everything that could be done was done.
    pub complete: bool,
    /// Calls made.
    pub requests: u64,
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Changes acknowledged by the server.
    pub acknowledged: u64,
    /// Changes the server refused or set aside.
    pub refused: u64,
    /// Changes written anew after this phone was found to have a copy.
    pub reauthored: u64,
    /// Documents received.
    pub documents: u64,
    /// Documents that did not fit and were asked for whole. Expected to be 0.
    pub unfit: u64,
    /// Scopes compared with the server.
    pub repairs: u64,
    /// Changes re-supplied to the server.
    pub resupplied: u64,
    /// Photos for which the server gave its receipt.
    pub photos: u64,
    /// Photos and changes that did not pass and wait for the next sync.
    pub aside: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Why the last of them failed.
    pub last_failure: Option<String>,
    /// The refusal that ended the sync.
    pub refusal: Option<Code>,
    /// The server asks this phone to erase what it holds.
    pub wipe: bool,
}
