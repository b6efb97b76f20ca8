//! Groups of documents that are one hazard: which document is canonical, and how each of them counts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    catalogue::{Rules, StateCode},
    hazard::{HazardState, first_observation},
    history::{EventEntry, FoldContext, TimeBounds},
    record::{DeviceTime, DocId},
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
    /// The documents that its events declare to be the same hazard.
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
            duplicate_of: state.values.duplicate_of.iter().map(|v| v.value).collect(),
        }
    }
}

/// How a document of a group counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Another document counts for the hazard.
    Elsewhere,
    /// This document counts, with its own state.
    Itself,
    /// This document counts, as closed: it is merged, and every document of the group is merged or void.
    Closed,
}

impl Group {
    /// How each of its documents counts: exactly one for the hazard, an open one if any is open. `records` are the
    /// members that the group was made from.
    pub fn counting(&self, records: &[GroupMember], rules: &Rules) -> Vec<(DocId, Counting)> {
        let state = |doc: &DocId| records.iter().find(|r| r.doc == *doc).map(|r| r.state);
        let open = |doc: &&DocId| state(doc).is_some_and(|s| rules.is_open(s));
        let elsewhere = |doc: &DocId| state(doc) == Some(StateCode::MERGED);
        let own = |doc: &&DocId| !elsewhere(doc) && state(doc) != Some(StateCode::VOID);
        let first = std::iter::once(&self.canonical).chain(&self.members);
        let counts = first
            .clone()
            .find(open)
            .or_else(|| first.clone().find(own))
            .unwrap_or(&self.canonical);
        let how = |doc: &DocId| match doc == counts {
            false => Counting::Elsewhere,
            true if elsewhere(doc) && self.members.len() > 1 => Counting::Closed,
            true => Counting::Itself,
        };
        self.members.iter().map(|doc| (*doc, how(doc))).collect()
    }
}

/// Documents that their events declare to be one hazard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The document that represents the group: the earliest registration, by upper time bounds before claimed times; on
    /// a tie the smaller id.
    pub canonical: DocId,
    /// All documents of the group.
    pub members: Vec<DocId>,
    /// The sum of their observations.
    pub observations: u32,
    /// Whether the hazard still needs work: one of the documents is open.
    pub open: bool,
    /// Whether one document is closed while another is open: a reviewer decides (C-23).
    pub contested: bool,
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
    // Upper time bounds rank before claimed times: a device's clock alone does not make a document the first.
    let rank = |r: &&&GroupMember| {
        let trusted = r.when.upper.map(|t| t.0);
        (trusted.is_none(), trusted.unwrap_or(r.claimed.0), r.doc)
    };
    let canonical = all
        .iter()
        .min_by_key(rank)
        .map_or(DocId([0; 16]), |r| r.doc);
    let merged = |r: &&&GroupMember| r.state == StateCode::MERGED;
    let open = all.iter().any(|r| rules.is_open(r.state));
    let closed = all.iter().any(|r| !merged(&r) && !rules.is_open(r.state));
    Group {
        canonical,
        members: all.iter().map(|r| r.doc).collect(),
        observations: all.iter().map(|r| r.observations).sum(),
        open,
        contested: open && closed && all.len() > 1,
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
