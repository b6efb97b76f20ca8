//! A pack whose signature was verified, and its changes after the checks that need no database.

use sync_core::{
    identity::{PackClaims, Proofs},
    record::{
        AreaPath, ChangeHash, DeviceId, DocId, EventBody, GrantId, PackHash, PersonId, PhotoHash,
        ServerTime,
    },
    wire::Code,
};

use crate::storage::quarantine::Waiting;

/// A pack whose signature was verified with the device's key, and whose changes were checked one by one.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) claims: PackClaims,
    /// The device's signature, encoded; empty for what a device gives back.
    pub(super) signature: Vec<u8>,
    pub(super) changes: Vec<Checked>,
}

/// A change after the checks that need no database.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) doc: DocId,
    pub(super) hash: ChangeHash,
    pub(super) bytes: Vec<u8>,
    /// Proofs of its events that were verified.
    pub(super) proofs: Option<Proofs>,
    /// The pack in which it came first and its receive time, by this server's own receipt.
    pub(super) first_pack: Option<(PackHash, ServerTime)>,
    pub(super) content: Result<Content, Reject>,
}

/// Why a change is not stored as part of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reject {
    /// Refused; nothing is stored.
    Refuse(Code),
    /// Quarantined until an administrator decides.
    Quarantine(&'static str),
}

/// The content of a change that the log needs.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) actor: [u8; 16],
    pub(super) actor_seq: u64,
    pub(super) deps: Vec<ChangeHash>,
    /// Numbers of its first and last operation in the document.
    pub(super) ops: (u64, u64),
    /// The document that the change states to begin.
    pub(super) begins: Option<DocId>,
    /// The area of the event that begins a document, if there is one: the place of a new document.
    pub(super) area: Option<AreaPath>,
    pub(super) authors: Vec<Authorship>,
    /// Its authors' device brought it, or proofs attest every event.
    pub(super) attested: bool,
    /// The first event that begins a document, with its position among the authors.
    pub(super) beginning: Option<(usize, EventBody)>,
    pub(super) photos: Vec<PhotoHash>,
}

impl Content {
    /// The device that attests an attested change: its author's; otherwise the one that brings it.
    pub(super) fn origin(&self, carrier: DeviceId) -> DeviceId {
        let author = self.authors.first().filter(|_| self.attested);
        author.map_or(carrier, |author| author.device)
    }

    /// Whether its author attests now what a person rejected when nothing did: the person could not know whose it was.
    pub(super) fn refutes(&self, rejected: &Waiting) -> bool {
        let own = self.authors.iter().all(|of| of.device == rejected.device);
        self.attested && !(rejected.proven || own)
    }
}

/// The author that an event states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authorship {
    pub(super) person: PersonId,
    pub(super) device: DeviceId,
    pub(super) grant: GrantId,
    /// The last server time that the author's device knew, from the event's beacon.
    pub(super) seen: Option<ServerTime>,
}
