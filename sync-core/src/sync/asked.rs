//! The call in progress: what it requested, and the effect of its reply.

use crate::{
    device::{ReconcileTask, Resupplied},
    record::{DocId, PhotoHash},
    wire::pull::Cursor,
};

/// The call that waits for its reply.
#[derive(Debug)]
pub(super) enum Asked {
    /// Of the exchange `session`; whether it carried a proof.
    Session { proven: bool },
    /// Of the exchange `editions`.
    Editions,
    /// Of the exchange `sync`.
    Sync(AskedSync),
    /// Of the exchange `reconcile`.
    Reconcile(Box<ReconcileTask>),
    /// Of the exchange `resupply`.
    Resupply(Box<Resupplied>),
    /// For a photo.
    Photo(AskedPhoto),
}

/// What a call of the exchange `sync` requested.
#[derive(Debug)]
pub(super) struct AskedSync {
    pub(super) cursors: Vec<Cursor>,
    pub(super) need: Vec<DocId>,
    /// Whether the call sent a pack.
    pub(super) pack: bool,
}

/// The photo of the current call, and the kind of the call.
#[derive(Debug, Clone)]
pub(super) struct AskedPhoto {
    pub(super) hash: PhotoHash,
    pub(super) size: u64,
    pub(super) call: PhotoCall,
}

/// The kind of a call for a photo.
#[derive(Debug, Clone)]
pub(super) enum PhotoCall {
    /// Creates the upload.
    Create,
    /// Asks how far the upload at this path is.
    Offset(String),
    /// Sends a chunk: path of the upload, first byte, length in bytes.
    Chunk(String, u64, u64),
}

/// The effect of a complete reply that is no refusal.
#[derive(Debug)]
pub(super) enum Heard {
    /// Progress was made that this sync will not repeat.
    Progress,
    /// The reply was understood and another call follows; no progress yet.
    Understood,
    /// The reply brought nothing, for this reason: it is treated as lost.
    Nothing(String),
}
