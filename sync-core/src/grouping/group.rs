//! Groups of documents that are one hazard: which document is canonical, and how each of them counts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    catalogue::{Rules, StateCode},
    hazard::{HazardState, first_observation},
    history::{EventEntry, FoldContext, TimeBounds, Validity},
    record::{DeviceTime, DocId, EventId},
};

/// A hazard that may be linked with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// The document.
    pub doc: DocId,
    /// The time bounds of its registration.
    pub when: TimeBounds,
    /// The claimed time of its registration: used only without an upper time bound.
    pub claimed: DeviceTime,
    /// Its state.
    pub state: StateCode,
    /// Number of its observations.
    pub observations: u32,
    /// The documents that its counted events declare to be the same hazard.
    pub duplicate_of: Vec<DocId>,
}

impl GroupMember {
    /// The member that a folded hazard is.
    pub(crate) fn of(
        doc: DocId,
        state: &HazardState,
        events: &[EventEntry],
        context: &FoldContext<'_>,
    ) -> Self {
        let first = first_observation(state, events);
        let first = first.and_then(|(id, _)| events.iter().find(|s| s.id == id));
        let when = first.map(|s| TimeBounds::new(s.event.beacon.as_ref(), context.received(&s.id)));
        Self {
            doc,
            when: when.unwrap_or_default(),
            claimed: state.found_at,
            state: state.state,
            observations: state.observation_count,
            duplicate_of: links(state),
        }
    }
}

/// The documents that counted events declare to be the same hazard: a merge that is suspended or rejected links nothing.
fn links(state: &HazardState) -> Vec<DocId> {
    let counts = |by: &EventId| {
        let judged = state.history.iter().find(|j| j.id == *by);
        judged.is_some_and(|j| j.count == Validity::Yes)
    };
    let values = state.values.duplicate_of.iter();
    values.filter(|v| counts(&v.by)).map(|v| v.value).collect()
}

/// How a document of a group counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Another document counts for the hazard.
    Elsewhere,
    /// This document counts, with its own state.
    Itself,
    /// This document counts, as open: every document of the group is merged or void (C-22).
    AsOpen,
}

/// Documents that their events declare to be one hazard; see `docs/rules.md`, 8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The document that represents the group: of its living members (neither merged nor void) that with the earliest
    /// registration; without a living member, of the merged ones. Upper time bounds rank before claimed times; on a tie
    /// the smaller id is first.
    pub canonical: DocId,
    /// All documents of the group.
    pub members: Vec<DocId>,
    /// The sum of their observations.
    pub observations: u32,
    /// Whether the hazard still needs work: one of the documents is open, or none is living.
    pub open: bool,
    /// Whether one document is closed while another is open: a reviewer decides (C-23).
    pub contested: bool,
    /// Whether a document is merged and none is living: it counts as open, and a reviewer decides (C-22).
    pub without_living: bool,
}

impl Group {
    /// How each of its documents counts: exactly one for the hazard, an open one if any is open. `records` are the
    /// members that the group was made from.
    pub fn counting(&self, records: &[GroupMember], rules: &Rules) -> Vec<(DocId, Counting)> {
        let counts = self.counted(records, rules);
        let how = |doc: &DocId| match *doc == counts {
            false => Counting::Elsewhere,
            true if self.without_living => Counting::AsOpen,
            true => Counting::Itself,
        };
        self.members.iter().map(|doc| (*doc, how(doc))).collect()
    }

    /// The document whose state is that of the group: the canonical one, or else the first that is open.
    pub fn counted(&self, records: &[GroupMember], rules: &Rules) -> DocId {
        let is_open = |doc: &&DocId| {
            let record = records.iter().find(|r| r.doc == **doc);
            record.is_some_and(|r| rules.is_open(r.state))
        };
        let first = std::iter::once(&self.canonical).chain(&self.members);
        *first.into_iter().find(is_open).unwrap_or(&self.canonical)
    }
}

/// The groups that the links between documents form.
///
/// # Properties
/// The result does not depend on the order of `records`. Links in a cycle form one group. Every document is in exactly
/// one group, so linking or unlinking never changes the sum of observations. A link to a document that is not in
/// `records` is ignored.
pub fn groups(records: &[GroupMember], rules: &Rules) -> Vec<Group> {
    let known: BTreeMap<DocId, &GroupMember> = records.iter().map(|r| (r.doc, r)).collect();
    let mut leader: BTreeMap<DocId, DocId> = known.keys().map(|doc| (*doc, *doc)).collect();
    for record in known.values() {
        for of in record
            .duplicate_of
            .iter()
            .filter(|of| known.contains_key(of))
        {
            let (a, b) = (root(&leader, record.doc), root(&leader, *of));
            leader.insert(a.max(b), a.min(b));
        }
    }
    let mut members: BTreeMap<DocId, Vec<&GroupMember>> = BTreeMap::new();
    for (doc, record) in &known {
        members.entry(root(&leader, *doc)).or_default().push(record);
    }
    members
        .into_values()
        .map(|all| group(&all, rules))
        .collect()
}

fn root(leader: &BTreeMap<DocId, DocId>, mut doc: DocId) -> DocId {
    while let Some(next) = leader.get(&doc).filter(|next| **next != doc) {
        doc = *next;
    }
    doc
}

fn group(all: &[&GroupMember], rules: &Rules) -> Group {
    let is_merged = |r: &&GroupMember| r.state == StateCode::MERGED;
    let is_living = |r: &&GroupMember| !is_merged(r) && r.state != StateCode::VOID;
    // Upper time bounds rank before claimed times: a device's clock alone does not make a document the first.
    let rank = |r: &&&GroupMember| {
        let trusted = r.when.upper.map(|t| t.0);
        let kind = match (is_living(r), is_merged(r)) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        };
        (
            kind,
            trusted.is_none(),
            trusted.unwrap_or(r.claimed.0),
            r.doc,
        )
    };
    let canonical = all
        .iter()
        .min_by_key(rank)
        .map_or(DocId([0; 16]), |r| r.doc);
    let mut living = all.iter().filter(|r| is_living(r));
    let without_living = living.clone().next().is_none() && all.iter().any(is_merged);
    let is_open = living.clone().any(|r| rules.is_open(r.state));
    Group {
        canonical,
        members: all.iter().map(|r| r.doc).collect(),
        observations: all.iter().map(|r| r.observations).sum(),
        open: is_open || without_living,
        contested: is_open && living.any(|r| !rules.is_open(r.state)),
        without_living,
    }
}

/// The names of a compound or a building after concurrent changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Names {
    /// The effective name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Whether a reviewer must decide (C-35).
    pub contested: bool,
}

/// Merges concurrent new names. If they differ, the old name stays until a reviewer decides; the other names are
/// aliases, so that no spelling is lost.
pub fn names(old: &str, concurrent: &[&str]) -> Names {
    let mut aliases: Vec<String> = concurrent.iter().map(|name| (*name).to_owned()).collect();
    aliases.sort();
    aliases.dedup();
    let contested = aliases.len() > 1;
    let name = match aliases.as_slice() {
        [one] => one.clone(),
        _ => old.to_owned(),
    };
    aliases.push(old.to_owned());
    aliases.retain(|alias| *alias != name);
    aliases.sort();
    aliases.dedup();
    Names {
        name,
        aliases,
        contested,
    }
}
