//! Groups of records that are one hazard: which record is canonical, what a group counts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    catalogue::{Rules, StateCode},
    hazard::{HazardState, first_observation},
    history::{EventEntry, FoldContext, TimeBounds},
    record::{DeviceTime, DocId},
};

/// A record that may be linked with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// The record.
    pub doc: DocId,
    /// When it was registered, as far as that can be trusted.
    pub when: TimeBounds,
    /// The same by the finder's clock: used only where nothing is trusted.
    pub claimed: DeviceTime,
    /// Its state.
    pub state: StateCode,
    /// Its observations.
    pub observations: u32,
    /// The records it says it duplicates.
    pub duplicate_of: Vec<DocId>,
}

impl GroupMember {
    /// A folded record.
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

/// How a record of a group counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Another record counts for the hazard.
    Elsewhere,
    /// This one, as its state says.
    Itself,
    /// This one, as closed: every record of the group says that it is another one.
    Closed,
}

impl Group {
    /// How each of its records counts: one for the hazard, open if any of them is. `records` are those the group was
    /// made of.
    pub fn counting(&self, records: &[GroupMember], rules: &Rules) -> Vec<(DocId, Counting)> {
        let state = |doc: &DocId| records.iter().find(|r| r.doc == *doc).map(|r| r.state);
        let open = |doc: &&DocId| state(doc).is_some_and(|s| rules.is_open(s));
        let elsewhere = |doc: &DocId| state(doc) == Some(StateCode(96));
        let own = |doc: &&DocId| !elsewhere(doc) && state(doc) != Some(StateCode(95));
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

/// Records that are one hazard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The record that stands for all: the earliest trusted registration, on a tie the smaller id.
    pub canonical: DocId,
    /// All of them.
    pub members: Vec<DocId>,
    /// Observations of all.
    pub observations: u32,
    /// Somebody still has to work on it: one of them is open.
    pub open: bool,
    /// One is closed while another is open: a reviewer decides (C-23).
    pub contested: bool,
}

/// The groups that the records' own words make.
///
/// # Properties
/// Independent of order; free of circles whoever points at whom; every record is in exactly one group, so the sum of
/// observations never changes by linking or unlinking. A link to a record that is not here leaves a group of its own.
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
    // Trusted before claimed: a phone's clock alone does not make a record the first.
    let rank = |r: &&&GroupMember| {
        let trusted = r.when.upper.map(|t| t.0);
        (trusted.is_none(), trusted.unwrap_or(r.claimed.0), r.doc)
    };
    let canonical = all
        .iter()
        .min_by_key(rank)
        .map_or(DocId([0; 16]), |r| r.doc);
    let merged = |r: &&&GroupMember| r.state == StateCode(96);
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

/// The names of a compound or building that several people changed without knowing of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Names {
    /// The name that holds.
    pub name: String,
    /// Others it is known by.
    pub aliases: Vec<String>,
    /// A reviewer must decide (C-35).
    pub contested: bool,
}

/// The old name stays where two differ; all are aliases, so that nobody's spelling is lost.
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
