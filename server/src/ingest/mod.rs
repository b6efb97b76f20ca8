//! The write path, and the only one: a signed pack becomes rows of the log.
//!
//! In comes a pack as it travelled; out comes what became of each change, and a receipt once that is durable.
//! Forged, damaged and oversized bytes are refused, what cannot be judged yet is quarantined, all else is stored.
//! Here is asked who may write where ([`authority`]) and how much ([`room`]). Whether an event is legal in the state of
//! its document is not asked, and no document is loaded. Packs that wait for one space are stored
//! together.

mod admit;
mod authority;
mod gather;
mod plan;
mod queue;
mod room;
mod verify;
mod write;

use std::sync::Arc;

use sync_core::{
    identity::{PackClaims, PublicKey, SecretKey, Signature},
    record::{
        AreaPath, BlobHash, ChangeHash, DeviceId, DocId, EventBody, GrantId, PersonId, ServerTime,
    },
    wire::{Code, push},
};

use queue::Queues;

use crate::{
    access::{Clock, Now, Refusal},
    storage::{Storage, Tx, devices},
};

/// The write path.
#[derive(Clone)]
pub struct Ingest {
    storage: Storage,
    queues: Queues,
    clock: Clock,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest").finish_non_exhaustive()
    }
}

/// A pack whose signature was checked against the device's key, change by change read and checked by itself.
#[derive(Debug)]
pub struct Verified {
    claims: PackClaims,
    signature: Signature,
    changes: Vec<Checked>,
}

/// A change after the checks that need no database.
#[derive(Debug)]
struct Checked {
    doc: DocId,
    hash: ChangeHash,
    bytes: Vec<u8>,
    content: Result<Content, Reject>,
}

/// Why a change is not stored as part of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reject {
    /// Refused; nothing of it is kept.
    Refuse(Code),
    /// Kept apart until somebody has checked it.
    Quarantine(&'static str),
}

/// What the log needs to know of a change.
#[derive(Debug)]
struct Content {
    actor: [u8; 16],
    actor_seq: u64,
    deps: Vec<ChangeHash>,
    /// Numbers of its first and last operation in the document.
    ops: (u64, u64),
    /// The record it says it begins.
    begins: Option<DocId>,
    /// The area of the event that begins something, if it has one: the place of a new document.
    area: Option<AreaPath>,
    authors: Vec<Authorship>,
    /// The first event that begins a document, with its position among the authors.
    beginning: Option<(usize, EventBody)>,
    photos: Vec<BlobHash>,
}

/// Who an event says it is by.
#[derive(Debug, Clone, Copy)]
struct Authorship {
    person: PersonId,
    device: DeviceId,
    grant: GrantId,
    /// The server's time that the author's device says it had seen.
    seen: Option<ServerTime>,
}

impl Ingest {
    /// With the server's key and clock.
    pub fn new(storage: Storage, key: SecretKey, now: Now) -> Self {
        let clock = Clock::new(storage.clone(), Arc::clone(&now));
        let queues = Queues::new(storage.clone(), key, now);
        Self {
            storage,
            queues,
            clock,
        }
    }

    /// Takes a pack from a device. Returns once what it answers is durable.
    ///
    /// # Errors
    /// [`Refusal`] if the whole pack is refused; nothing of it was stored then.
    pub async fn push(
        &self,
        device: DeviceId,
        request: push::Request,
    ) -> Result<push::Response, Refusal> {
        // Before anything is stored: what is stored is signed for.
        self.clock.signing().await?;
        let (key, home) = self.device(device).await?;
        let verified = tokio::task::spawn_blocking(move || verify::verify(device, &key, request))
            .await
            .map_err(|_| Refusal::new(Code::Malformed, "the pack could not be read"))??;
        self.queues.store(home, verified).await
    }

    /// A device's key, and the space it mostly writes to.
    async fn device(&self, device: DeviceId) -> Result<(PublicKey, Option<AreaPath>), Refusal> {
        let found = move |tx: &mut dyn Tx| {
            let known = devices::find(tx, device)?;
            Ok::<_, Refusal>((known, devices::home(tx, device)?))
        };
        let (known, home) = self.storage.read(found).await?;
        let known =
            known.ok_or_else(|| Refusal::new(Code::DeviceUnknown, "enrol the phone again"))?;
        Ok((known.key, home))
    }
}
