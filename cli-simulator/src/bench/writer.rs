//! A device without a store of its own: it signs events and packs.

use sync_core::{
    crdt::Actor,
    identity::{PackClaims, Proofs, SecretKey},
    record::{
        DeviceId, DeviceTime, DocId, Event, EventBody, EventId, Grant, GrantId, Label, PackHash,
    },
    wire::{enrol, push},
};
use xuncha_server::{http::Components, storage::Storage};

use crate::{chance::mix, world::World};

/// A device without a store of its own.
#[derive(Debug)]
pub struct Writer {
    /// The device.
    pub id: DeviceId,
    key: SecretKey,
    pub(super) actor: Actor,
    grant: GrantId,
    claims: Grant,
    number: u64,
    previous: PackHash,
}

/// Random bytes of a seed.
pub(super) fn random<const N: usize>(chance: &mut u64) -> [u8; N] {
    let mut out = [0; N];
    for chunk in out.chunks_mut(8) {
        let word = mix(chance).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    out
}

impl Writer {
    /// Enrols the `n`-th device of a world's people, in turn.
    pub(super) async fn enrol(
        world: &World,
        (storage, components): (&Storage, &Components),
        n: usize,
        chance: &mut u64,
    ) -> anyhow::Result<Self> {
        let names = ["网格员乙", "物业经理丙", "审核员丁", "网格员甲"];
        let mut actor = world.actor(names[n % names.len()]).clone();
        // Every device may write in the whole county: the benchmark measures the log, not the verdicts of the fold.
        actor.area = world.county.clone();
        let key = SecretKey::from_seed(random(chance));
        let id = key.public().device();
        let code = world.invite(storage, components, &actor).await?;
        let request = enrol::Request::signed(Label::new(&code)?, id, &key, Label::default());
        let response = components.access.enrol(request).await?;
        let claims = response.grant.open(&response.server_key)?;
        Ok(Self {
            id,
            key,
            actor: Actor(random(chance)),
            grant: response.grant.id(),
            claims,
            number: 0,
            previous: PackClaims::GENESIS,
        })
    }

    /// The bytes of an event of this device.
    pub(super) fn event(
        &self,
        body: EventBody,
        after: Vec<EventId>,
        at: i64,
    ) -> anyhow::Result<Vec<u8>> {
        let event = Event {
            author: self.claims.person,
            device: self.id,
            grant: self.grant,
            claimed: DeviceTime(at),
            after,
            beacon: None,
            edition: None,
            body,
        };
        Ok(event.to_bytes()?)
    }

    /// A change of one event of this device, with its proof.
    pub(super) fn entry(&self, doc: DocId, change: Vec<u8>, event: &[u8]) -> push::Entry {
        let hash = sync_core::crdt::change_hash(&change);
        let proofs = Some(Proofs::prove(&self.key, doc, &hash, [event]));
        push::Entry {
            doc,
            change,
            proofs,
        }
    }

    /// Seals its next pack.
    pub(super) fn seal(&mut self, entries: Vec<push::Entry>) -> push::Request {
        let changes = entries
            .iter()
            .map(|e| e.signed(sync_core::crdt::change_hash(&e.change)));
        let claims = PackClaims {
            device: self.id,
            number: self.number + 1,
            previous: self.previous,
            claimed: DeviceTime(0),
            repair: false,
            changes: changes.collect(),
        };
        (self.number, self.previous) = (claims.number, claims.hash());
        push::Request {
            number: claims.number,
            previous: claims.previous,
            claimed: claims.claimed,
            repair: claims.repair,
            signature: claims.seal(&self.key),
            entries,
        }
    }
}
