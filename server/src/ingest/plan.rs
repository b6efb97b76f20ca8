//! Deciding each change of a pack by what the log already has. Pure: what it needs to know is handed in.

use std::collections::{HashMap, HashSet};

use sync_core::{
    crdt::{MAX_DOCUMENT_BYTES, MAX_DOCUMENT_CHANGES},
    record::{AreaPath, ChangeHash, DeviceId, DocId, Grant, GrantId},
    wire::Code,
};

use super::{Checked, Content, Reject, Verified};
use crate::storage::{docs::Doc, spaces::deepest};

/// What the log knows that matters for a group of packs, and what was decided of the group so far.
#[derive(Debug, Default)]
pub(super) struct Situation {
    /// Changes that are in the log, with their documents.
    pub(super) known: HashMap<ChangeHash, DocId>,
    pub(super) docs: HashMap<DocId, Doc>,
    /// The highest number each actor used in each document.
    pub(super) actor_seqs: HashMap<(DocId, [u8; 16]), u64>,
    pub(super) grants: HashMap<GrantId, Grant>,
    pub(super) spaces: Vec<AreaPath>,
    /// Changes and bytes that packs of the group add to each document.
    pub(super) fresh: HashMap<DocId, (u64, u64)>,
}

/// What to do with one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Give it a number and keep it; a new document begins with it at this place.
    Store {
        new: Option<(AreaPath, AreaPath)>,
        relayed: bool,
    },
    /// It is in the log already.
    Known,
    Reject(Reject),
}

impl Situation {
    /// Decides every change of a pack, in order; a change may build on one before it, in this pack or an earlier one
    /// of the group. `active`: whether the device may still write.
    pub(super) fn plan(&mut self, pack: &Verified, active: bool) -> Vec<Action> {
        let mut stored: HashSet<ChangeHash> = HashSet::new();
        let decide = |change: &Checked| {
            let action = decide(pack, change, active, self, &stored);
            if let (Action::Store { .. }, Ok(content)) = (&action, &change.content) {
                stored.insert(change.hash);
                self.known.insert(change.hash, change.doc);
                self.actor_seqs
                    .insert((change.doc, content.actor), content.actor_seq);
                let grown = self.fresh.entry(change.doc).or_default();
                *grown = (grown.0 + 1, grown.1 + change.bytes.len() as u64);
            }
            action
        };
        pack.changes.iter().map(decide).collect()
    }
}

fn decide(
    pack: &Verified,
    change: &Checked,
    active: bool,
    s: &Situation,
    stored: &HashSet<ChangeHash>,
) -> Action {
    match s.known.get(&change.hash) {
        Some(doc) if *doc != change.doc => {
            return Action::Reject(Reject::Refuse(Code::Malformed));
        }
        Some(_) if !stored.contains(&change.hash) => return Action::Known,
        _ => {}
    }
    let content = match &change.content {
        Ok(content) => content,
        Err(reject) => return Action::Reject(*reject),
    };
    if !active {
        return Action::Reject(Reject::Quarantine("the device is disabled"));
    }
    match check(pack, change, content, s) {
        Ok(new) => {
            let relayed = content
                .authors
                .iter()
                .any(|a| a.device != pack.claims.device);
            Action::Store { new, relayed }
        }
        Err(reject) => Action::Reject(reject),
    }
}

type Place = Option<(AreaPath, AreaPath)>;

fn check(
    pack: &Verified,
    change: &Checked,
    content: &Content,
    s: &Situation,
) -> Result<Place, Reject> {
    authors(pack.claims.device, pack.claims.repair, content, s)?;
    if content
        .deps
        .iter()
        .any(|dep| s.known.get(dep) != Some(&change.doc))
    {
        return Err(Reject::Refuse(Code::MissingDependencies));
    }
    let last = s
        .actor_seqs
        .get(&(change.doc, content.actor))
        .copied()
        .unwrap_or(0);
    if content.actor_seq <= last {
        return Err(Reject::Refuse(Code::Equivocation));
    }
    if content.actor_seq != last + 1 {
        return Err(Reject::Refuse(Code::MissingDependencies));
    }
    if content.begins.is_some_and(|doc| doc != change.doc) {
        return Err(Reject::Refuse(Code::Malformed));
    }
    let (count, bytes) = s.fresh.get(&change.doc).copied().unwrap_or_default();
    let old = s.docs.get(&change.doc);
    let total = old.map_or(0, |d| d.total_bytes) + bytes + change.bytes.len() as u64;
    if old.map_or(0, |d| d.changes) + count >= MAX_DOCUMENT_CHANGES as u64
        || total > MAX_DOCUMENT_BYTES as u64
    {
        return Err(Reject::Refuse(Code::DocumentFull));
    }
    if old.is_some() || count > 0 {
        return Ok(None);
    }
    // A document begins with an event that says where it lies.
    if !content.deps.is_empty() {
        return Err(Reject::Refuse(Code::MissingDependencies));
    }
    content.begins.ok_or(Reject::Refuse(Code::Malformed))?;
    let area = content
        .area
        .clone()
        .ok_or(Reject::Refuse(Code::Malformed))?;
    let space = deepest(&s.spaces, &area)
        .cloned()
        .ok_or(Reject::Quarantine("outside every space of this server"))?;
    Ok(Some((space, area)))
}

/// Every event names a grant this server signed, for its author and its phone.
fn authors(device: DeviceId, repair: bool, content: &Content, s: &Situation) -> Result<(), Reject> {
    for author in &content.authors {
        let fits = match s.grants.get(&author.grant) {
            Some(grant) => grant.person == author.person && grant.device == author.device,
            // A restored server may have lost the grant too; the fold waits for it.
            None => repair && author.device != device,
        };
        if !fits {
            return Err(Reject::Refuse(Code::ForgedAuthor));
        }
    }
    Ok(())
}
