//! Responses of another server program that has the server's key.

use sync_core::{
    identity::{PackClaims, PackReceipt, SecretKey},
    record::{DeviceId, ServerTime},
    wire::push::{Refused, Request, Response},
};

use super::MORNING;

/// A genuine receipt for a pack, with these refusals.
pub(crate) fn stored(
    pack: &Request,
    device: DeviceId,
    server: &SecretKey,
    refused: Vec<Refused>,
) -> Response {
    let signed = |entry: &sync_core::wire::push::Entry| {
        entry.signed(sync_core::crdt::change_hash(&entry.change))
    };
    let claims = PackClaims {
        device,
        number: pack.number,
        previous: pack.previous,
        claimed: pack.claimed,
        repair: pack.repair,
        changes: pack.entries.iter().map(signed).collect(),
    };
    let receipt = PackReceipt {
        device,
        number: pack.number,
        pack: claims.hash(),
        received: ServerTime(MORNING),
        refused: Some(refused.iter().map(Refused::numbered).collect()),
    };
    Response::Stored {
        receipt: receipt.seal(server),
        refused,
        known: None,
    }
}
