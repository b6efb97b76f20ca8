//! Decides each change of a pack from what the log contains. Pure: everything that it needs is passed as a parameter.

use std::collections::HashSet;

use sync_core::{
    crdt::Actor,
    document::DocumentKind,
    record::{AreaPath, ChangeHash, ServerTime},
    wire::Code,
};

use super::{
    authority,
    capacity::{self, Charged, Used},
    checked::{Checked, Content, Reject, Verified},
    situation::Situation,
};
use crate::storage::{log::Held, spaces::deepest};

/// Whether a device may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// It may.
    Active,
    /// It was disabled. It may give back what this server received earlier.
    Disabled { since: ServerTime },
}

/// The decision about one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Number and store it. `new`: a document begins with it, in this space at this place.
    Store {
        new: Option<(AreaPath, AreaPath)>,
        unattested: bool,
    },
    /// It is in the log already.
    Known,
    /// It is in the log, unattested or with a later receive time than this server's own receipt proves now.
    Attest,
    Reject(Reject),
}

impl Situation {
    /// Decides every change of a pack, in order. A change may build on an earlier one of this pack or of an earlier
    /// pack of the group.
    pub(super) fn plan(&mut self, pack: &Verified, writer: Writer) -> Vec<Action> {
        let mut stored: HashSet<ChangeHash> = HashSet::new();
        let decide = |change: &Checked| {
            let (action, charged) = match decide(pack, change, writer, self, &stored) {
                Ok((action, charged)) => (action, charged),
                Err(reject) => (Action::Reject(reject), None),
            };
            self.note(change, &action, charged, &mut stored);
            action
        };
        pack.changes.iter().map(decide).collect()
    }

    /// Adds a decision to the situation for later changes.
    fn note(
        &mut self,
        change: &Checked,
        action: &Action,
        charged: Option<Charged>,
        stored: &mut HashSet<ChangeHash>,
    ) {
        let unattested = match action {
            Action::Store { unattested, .. } => *unattested,
            Action::Attest => false,
            Action::Known | Action::Reject(_) => return,
        };
        let doc = change.doc;
        let Ok(content) = &change.content else {
            return;
        };
        let first = change.first_pack.map(|(_, received)| received);
        let held = Held {
            doc,
            unattested,
            proven: change.proofs.is_some(),
            // A later pack of the group cannot prove an earlier time than the present one without its own receipt.
            received: first.unwrap_or(ServerTime(i64::MAX)),
            by: (content.actor, content.actor_seq),
            last_op: content.ops.1,
        };
        self.known.insert(change.hash, held);
        let Action::Store { new, .. } = action else {
            return;
        };
        stored.insert(change.hash);
        let actor = (doc, content.actor);
        self.actor_seqs.insert(actor, content.actor_seq);
        self.actor_ops.insert(actor, content.ops.1);
        if let Some((_, path)) = new {
            self.begun.insert(doc, path.clone());
            let family = content.beginning.as_ref();
            let family = family.and_then(|(_, body)| DocumentKind::begun_by(body));
            self.families.extend(family.map(|family| (doc, family)));
        }
        let takes = takes(change);
        let grown = self.fresh.entry(doc).or_default();
        *grown = grown.plus(takes);
        if let Some(charged) = charged {
            let share = self.shares.entry((doc, charged.organ)).or_default();
            *share = share.plus(takes);
        }
    }
}

/// What a change uses of a document's capacity.
fn takes(change: &Checked) -> Used {
    Used {
        changes: 1,
        bytes: change.bytes.len() as u64,
    }
}

type Decided = (Action, Option<Charged>);

fn decide(
    pack: &Verified,
    change: &Checked,
    writer: Writer,
    s: &Situation,
    stored: &HashSet<ChangeHash>,
) -> Result<Decided, Reject> {
    let held = s.known.get(&change.hash);
    if held.is_some_and(|held| held.doc != change.doc) {
        return Err(Reject::Refuse(Code::Malformed));
    }
    if let Some(held) = held.filter(|_| !stored.contains(&change.hash)) {
        return Ok((known(pack, change, writer, *held, s), None));
    }
    let content = change.content.as_ref().map_err(|reject| *reject)?;
    let aside = s.aside.get(&(change.doc, change.hash));
    if aside.is_some_and(|aside| aside.rejected && !content.refutes(aside)) {
        return Err(Reject::Quarantine("an administrator rejected it"));
    }
    if !may_write(pack, change, content, writer, s) {
        return Err(Reject::Quarantine("the device is disabled"));
    }
    let unattested = !(content.attested || s.accepted.contains(&change.hash));
    let (new, charged) = check(pack, change, content, s)?;
    let names_device = content.begins.is_some_and(|doc| doc.is_bound());
    if unattested && (names_device || Actor(content.actor).is_bound()) {
        // In the log it would occupy a sequence number, or the id of a document, of its author's device.
        return Err(Reject::Quarantine("no proof of its author's device"));
    }
    Ok((Action::Store { new, unattested }, Some(charged)))
}

/// Whether a device may write a change: an active one, and a disabled one what it can prove to be older, and what a person
/// accepted.
fn may_write(
    pack: &Verified,
    change: &Checked,
    content: &Content,
    writer: Writer,
    s: &Situation,
) -> bool {
    let Writer::Disabled { since } = writer else {
        return true;
    };
    if s.accepted.contains(&change.hash) {
        return true;
    }
    let own = content.attested && content.origin(pack.claims.device) == pack.claims.device;
    own && change.first_pack.is_some_and(|(_, first)| first < since)
}

/// The decision about a change in the log. An unattested one takes effect when something attests it. One that was given
/// back gets its first receive time when this server's own receipt proves it.
fn known(pack: &Verified, change: &Checked, writer: Writer, held: Held, s: &Situation) -> Action {
    let Ok(content) = &change.content else {
        return Action::Known;
    };
    if !content.attested || !may_write(pack, change, content, writer, s) {
        return Action::Known;
    }
    let earlier = change
        .first_pack
        .is_some_and(|(_, first)| first < held.received);
    if held.unattested || earlier {
        Action::Attest
    } else {
        Action::Known
    }
}

type Located = Option<(AreaPath, AreaPath)>;

fn check(
    pack: &Verified,
    change: &Checked,
    content: &Content,
    s: &Situation,
) -> Result<(Located, Charged), Reject> {
    let old = s.docs.get(&change.doc);
    let path = old.map(|d| &d.path).or(s.begun.get(&change.doc));
    let malformed = Reject::Refuse(Code::Malformed);
    let nowhere = if content.deps.is_empty() {
        malformed
    } else {
        Reject::Refuse(Code::MissingDependencies)
    };
    let place = path.or(content.area.as_ref()).ok_or(nowhere)?;
    let family = s.families.get(&change.doc).copied();
    let sender = pack.claims.device;
    let known_at = change.first_pack.map_or(s.now, |(_, first)| first);
    let charged = authority::check(sender, content, place, path.is_none(), family, known_at, s)?;
    follows(change, content, s)?;
    let fresh = s.fresh.get(&change.doc).copied().unwrap_or_default();
    let held = old.map_or_else(Used::default, |d| Used {
        changes: d.changes,
        bytes: d.total_bytes,
    });
    let share = s.shares.get(&(change.doc, charged.organ));
    let share = share.copied().unwrap_or_default().plus(takes(change));
    let whole = held.plus(fresh).plus(takes(change));
    // What this server had confirmed before a restore had its share then.
    let exempt = charged.reviews || change.first_pack.is_some();
    capacity::check(whole, share, exempt)?;
    if path.is_some() {
        return Ok((None, charged));
    }
    // A new document begins with an event that states its place.
    if !content.deps.is_empty() {
        return Err(Reject::Refuse(Code::MissingDependencies));
    }
    content.begins.ok_or(malformed)?;
    let space = deepest(&s.spaces, place)
        .cloned()
        .ok_or(Reject::Quarantine("outside every space of this server"))?;
    Ok((Some((space, place.clone())), charged))
}

/// Whether a change builds on stored changes only, and follows its actor's last change.
///
/// Its operations must be numbered from the highest number of its dependencies. Otherwise a number is used twice, or
/// the next change has no free number: either makes the document unreadable for every device.
fn follows(change: &Checked, content: &Content, s: &Situation) -> Result<(), Reject> {
    let held = |dep| s.known.get(dep).filter(|held| held.doc == change.doc);
    let deps: Option<Vec<&Held>> = content.deps.iter().map(held).collect();
    let deps = deps.ok_or(Reject::Refuse(Code::MissingDependencies))?;
    let end = deps.iter().map(|held| held.last_op).max().unwrap_or(0);
    let actor = (change.doc, content.actor);
    let last = s.actor_seqs.get(&actor).copied().unwrap_or(0);
    if content.actor_seq <= last {
        return Err(Reject::Refuse(Code::Equivocation));
    }
    if content.actor_seq != last + 1 {
        return Err(Reject::Refuse(Code::MissingDependencies));
    }
    let own = s.actor_ops.get(&actor).copied().unwrap_or(0);
    if content.ops.0 != end + 1 || content.ops.0 <= own {
        return Err(Reject::Refuse(Code::Malformed));
    }
    if content.begins.is_some_and(|doc| doc != change.doc) {
        return Err(Reject::Refuse(Code::Malformed));
    }
    Ok(())
}
