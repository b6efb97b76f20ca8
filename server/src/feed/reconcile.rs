//! The server's side of reconciliation, range by range. It keeps no state between rounds.

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use sync_core::{
    causes::with_causes,
    record::LogEpoch,
    wire::{
        Code,
        reconcile::{FRAME_BYTES, Request, Response, item},
    },
};

use crate::{
    refusal::Refusal,
    storage::{Tx, docs, spaces},
};

/// Answers one round from the current snapshot.
pub(super) fn round(tx: &mut dyn Tx, request: &Request) -> Result<Response, Refusal> {
    let bad = |e: negentropy::Error| Refusal::new(Code::Malformed, with_causes(&e));
    let space = spaces::find(tx, &request.space)?;
    let (log, head) = space.map_or((LogEpoch([0; 8]), 0), |s| (s.log, s.head));
    let born = spaces::epoch_start(tx, &request.space)?;
    let mut storage = NegentropyStorageVector::new();
    for (doc, digest) in docs::digests(tx, &request.space, &request.area)? {
        storage
            .insert(0, Id::from_byte_array(item(doc, digest)))
            .map_err(bad)?;
    }
    storage.seal().map_err(bad)?;
    let mut engine = Negentropy::owned(storage, FRAME_BYTES).map_err(bad)?;
    let message = engine.reconcile(&request.message).map_err(bad)?;
    Ok(Response {
        log,
        head,
        message,
        born,
    })
}
