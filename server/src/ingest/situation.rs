//! The state of the log that matters for a group of packs.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    document::DocumentKind,
    record::{AreaPath, ChangeHash, DeviceId, DocId, Grant, GrantId, ServerTime},
};

use super::capacity::{Shares, Used};
use crate::storage::{
    docs::Doc,
    log::{Held, InDoc},
    quarantine::Waiting,
};

/// The state of the log that matters for a group of packs, updated with the decisions about the group so far.
#[derive(Debug)]
pub(super) struct Situation {
    pub(super) catalogue: Arc<Catalogue>,
    /// The present time.
    pub(super) now: ServerTime,
    /// Changes that are in the log or stored by this group, with their documents.
    pub(super) known: HashMap<ChangeHash, Held>,
    pub(super) docs: HashMap<DocId, Doc>,
    /// The highest sequence number of each actor in each document.
    pub(super) actor_seqs: HashMap<InDoc, u64>,
    /// The last operation number of each actor's newest change of a document.
    pub(super) actor_ops: HashMap<InDoc, u64>,
    pub(super) grants: HashMap<GrantId, Grant>,
    pub(super) spaces: Vec<AreaPath>,
    /// Currently valid grants of devices that bring events of others.
    pub(super) reach: HashMap<DeviceId, Vec<Grant>>,
    /// Changes that need neither a proof nor an active device, because a person accepted them.
    pub(super) accepted: HashSet<ChangeHash>,
    /// Changes that are quarantined.
    pub(super) aside: HashMap<(DocId, ChangeHash), Waiting>,
    /// The kind of each document to which a change adds a beginning.
    pub(super) families: HashMap<DocId, DocumentKind>,
    /// What organisations have used of long documents, with the changes of the group that were decided already.
    pub(super) shares: Shares,
    /// What packs of the group add to each document.
    pub(super) fresh: HashMap<DocId, Used>,
    /// The places of documents that begin in the group.
    pub(super) begun: HashMap<DocId, AreaPath>,
}

impl Situation {
    /// Of an empty log.
    pub(super) fn of(catalogue: &Arc<Catalogue>, now: ServerTime) -> Self {
        Self {
            catalogue: Arc::clone(catalogue),
            now,
            known: HashMap::new(),
            docs: HashMap::new(),
            actor_seqs: HashMap::new(),
            actor_ops: HashMap::new(),
            grants: HashMap::new(),
            spaces: Vec::new(),
            reach: HashMap::new(),
            accepted: HashSet::new(),
            aside: HashMap::new(),
            families: HashMap::new(),
            shares: Shares::default(),
            fresh: HashMap::new(),
            begun: HashMap::new(),
        }
    }
}
