//! The chain of a device's packs: where a pack stands in it.

use std::collections::HashMap;

use sync_core::{
    record::{DeviceId, PackHash, ServerTime},
    wire::{Code, decode, push::Refused},
};

use super::checked::Verified;
use crate::{
    refusal::Refusal,
    storage::devices::{Device, DeviceState},
};

/// The position of a pack in its device's chain.
pub(super) enum Standing {
    /// Answered before: the stored time and refusals are returned again.
    Answered(ServerTime, Vec<Refused>),
    /// The same as an earlier pack of the group.
    SameAs(usize),
    DeviceUnknown,
    /// It does not follow the last pack that the server has; number and hash are those of the last pack.
    Fork(u64, PackHash),
    /// It follows the last pack; `active` states whether its device may still write.
    New {
        active: bool,
    },
}

/// Compares a pack with its device's chain, and advances the chain if the pack follows it.
///
/// # Errors
/// [`Code::Internal`] if the stored answer to the pack cannot be read: without it the device would take refused changes
/// for stored ones.
pub(super) fn stand(
    at: usize,
    packs: &[Verified],
    hashes: &[PackHash],
    answered: &mut HashMap<PackHash, (ServerTime, Vec<u8>)>,
    chains: &mut HashMap<DeviceId, Device>,
) -> Result<Standing, Refusal> {
    if let Some((received, refused)) = answered.get(&hashes[at]) {
        let damaged = || Refusal::new(Code::Internal, "the stored answer to this pack is damaged");
        let refused = decode(refused).ok_or_else(damaged)?;
        return Ok(Standing::Answered(*received, refused));
    }
    if let Some(earlier) = hashes[..at].iter().position(|hash| *hash == hashes[at]) {
        return Ok(Standing::SameAs(earlier));
    }
    let claims = &packs[at].claims;
    let Some(chain) = chains.get_mut(&claims.device) else {
        return Ok(Standing::DeviceUnknown);
    };
    if claims.number != chain.pack_number + 1 || claims.previous != chain.pack_hash {
        return Ok(Standing::Fork(chain.pack_number, chain.pack_hash));
    }
    (chain.pack_number, chain.pack_hash) = (claims.number, hashes[at]);
    Ok(Standing::New {
        active: chain.state == DeviceState::Active,
    })
}
