//! Compares the fold with the oracle: both judge the same random worlds, and every difference is a fault of one of them
//! or of the text of the rules.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use sync_core::{
    catalogue::Catalogue,
    document::{DocumentState, Folded},
    hazard::{Conflict, ConflictFate, HazardState},
    history::{EventEntry, FoldContext, JudgedEvent, Revocations, Validity, Verdict},
    record::{ChangeHash, Event, EventId, ServerTime},
};

use crate::{
    laws::worlds,
    oracle::{
        Outcome,
        case::Effect,
        judge,
        outcome::{self, ConflictName, ConflictStatus, EventOutcome},
        tables::Tables,
    },
    shrink,
    world::{Inputs, World},
};

/// Folds a world of a hazard as a device and the server do.
pub(crate) fn folded(inputs: Inputs) -> HazardState {
    match document(inputs).state() {
        DocumentState::Hazard(state) => (**state).clone(),
        _ => unreachable!("a world is a hazard"),
    }
}

/// Folds a world as a device and the server do.
pub(crate) fn document(inputs: Inputs) -> Folded<'static> {
    folded_by(inputs, Catalogue::embedded())
}

/// Folds a world by a catalogue.
pub(crate) fn folded_by(inputs: Inputs, catalogue: &Arc<Catalogue>) -> Folded<'static> {
    let (mut held, mut received) = (Vec::new(), HashMap::new());
    let times: HashMap<EventId, ServerTime> = inputs.receipts.into_iter().collect();
    for (n, (id, _)) in inputs.events.iter().enumerate() {
        let mut bytes = [0; ChangeHash::LEN];
        bytes[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
        let change = ChangeHash(bytes);
        held.push((*id, change));
        let time = if inputs.unattested.contains(id) {
            Some(ServerTime::UNATTESTED)
        } else {
            times.get(id).copied()
        };
        received.extend(time.map(|time| (change, time)));
    }
    let grants: HashMap<_, _> = inputs.grants.into_iter().collect();
    let mut revoked: Revocations = inputs.revocations.into_iter().collect();
    let accepted = held.iter().filter(|(id, _)| inputs.accepted.contains(id));
    revoked.accept(accepted.map(|(_, change)| *change));
    let context = FoldContext::new(Cow::Owned(grants), Cow::Owned(revoked), &held, &received);
    let entry = |(id, event)| EventEntry { id, event };
    let entries = inputs.events.into_iter().map(entry).collect();
    Folded::new(entries, context, catalogue)
}

/// What the fold states about one conflict, or what the oracle does: rows, objections, decisions, fate, settlements.
type Dispute = (
    BTreeSet<String>,
    BTreeSet<EventId>,
    BTreeSet<EventId>,
    &'static str,
    BTreeSet<EventId>,
);

fn folded_dispute(c: &Conflict) -> Dispute {
    let fate = match c.fate {
        ConflictFate::Open => "open",
        ConflictFate::Held => "held",
        ConflictFate::Overruled => "overruled",
    };
    // An open conflict names the settlements that differ; the oracle names none.
    let settled_by = c.settled_by.iter().copied().filter(|_| !c.is_open());
    (
        c.rules.iter().cloned().collect(),
        c.objections.iter().copied().collect(),
        c.decisions.iter().copied().collect(),
        fate,
        settled_by.collect(),
    )
}

/// A settled conflict of values is none to the fold: the values that were replaced are in the history.
fn expected_dispute(c: &outcome::Conflict) -> Option<Dispute> {
    let fate = match c.status {
        ConflictStatus::Open => "open",
        ConflictStatus::Held => "held",
        ConflictStatus::Overruled => "overruled",
        ConflictStatus::Settled => return None,
    };
    let others: BTreeSet<EventId> = c.others.iter().copied().collect();
    let (objections, decisions) = match c.name {
        ConflictName::Objection(objection) => (BTreeSet::from([objection]), others),
        ConflictName::SamePerson(decision) => (others, BTreeSet::from([decision])),
        ConflictName::Register(_) => (BTreeSet::new(), others),
    };
    let rows = c.rows.iter().map(|row| (*row).to_owned());
    let settled_by = c.settled_by.iter().copied();
    Some((
        rows.collect(),
        objections,
        decisions,
        fate,
        settled_by.collect(),
    ))
}

/// Whether the fold's verdict is that of the oracle. The fold shows a correction after its window as a proposal.
fn agree(kind: &str, found: &Verdict, expected: &EventOutcome) -> bool {
    match (found, &expected.verdict) {
        (Verdict::Accepted { step: Some(step) }, outcome::Verdict::Accepted { row, from, to }) => {
            // What a decision leads to depends on the events before it; the state of the document shows it.
            let decides = matches!(kind, "resolve" | "unmerge");
            step.transition == *row
                && step.from.0 == *from
                && (decides || step.to.0 == to.unwrap_or(*from))
        }
        (Verdict::Added, outcome::Verdict::Accepted { .. })
        | (Verdict::Unknown, outcome::Verdict::Unknown) => true,
        (Verdict::Proposed { transition }, outcome::Verdict::Proposed { row }) => transition == row,
        (Verdict::Proposed { .. }, outcome::Verdict::Accepted { .. }) => {
            expected.effect == Some(Effect::ProposedInstead)
        }
        (Verdict::Void { reason }, outcome::Verdict::Void(code)) => reason.code() == *code,
        _ => false,
    }
}

/// Whether an event counts, by the oracle.
fn expected_count(id: &EventId, expected: &Outcome) -> Validity {
    let event = &expected.events[id];
    let overruled = |c: &outcome::Conflict| {
        c.status == ConflictStatus::Overruled && c.name == ConflictName::Objection(*id)
    };
    match event.effect {
        None | Some(Effect::ProposedInstead) => Validity::Yes,
        _ if event.without_basis => Validity::WithoutBasis,
        _ if event.rejected => Validity::Rejected,
        _ if event.suspended => Validity::Suspended,
        Some(Effect::None) => Validity::NoEffect,
        Some(Effect::Pending) if event.counts_while_pending => Validity::Pending,
        Some(Effect::Pending) => Validity::Waiting,
        _ if expected.conflicts.iter().any(overruled) => Validity::Overruled,
        _ => Validity::Yes,
    }
}

/// The events of each card, by row.
fn cards<'c>(
    cards: impl Iterator<Item = (&'c str, &'c Vec<EventId>)>,
) -> BTreeMap<String, BTreeSet<EventId>> {
    let mut all: BTreeMap<String, BTreeSet<EventId>> = BTreeMap::new();
    for (row, events) in cards {
        all.entry(row.to_owned()).or_default().extend(events);
    }
    all
}

/// The events with the maximal values of each register. The fold displays the value that was registered first before
/// several concurrent corrections of it.
fn registers(state: &HazardState, expected: &Outcome) -> BTreeMap<&'static str, BTreeSet<EventId>> {
    let values = &state.values;
    let mut all = BTreeMap::new();
    let mut add = |name: &'static str, events: Vec<EventId>| {
        let maximal = expected.registers.get(name).map(|r| &r.maximal);
        let is_maximal = |id: &EventId| maximal.is_some_and(|maximal| maximal.contains(id));
        let skipped = usize::from(events.len() > 1 && !is_maximal(&events[0]));
        let events: BTreeSet<EventId> = events.into_iter().skip(skipped).collect();
        if !events.is_empty() {
            all.insert(name, events);
        }
    };
    add("code", values.code.iter().map(|v| v.by).collect());
    add("grade", values.grade.iter().map(|v| v.by).collect());
    add("place", values.place.iter().map(|v| v.by).collect());
    add("count", values.count.iter().map(|v| v.by).collect());
    add("deadline", values.deadline.iter().map(|v| v.by).collect());
    let responsible = values.responsible.iter();
    add("responsible", responsible.map(|v| v.by).collect());
    add(
        "duplicate",
        values.duplicate_of.iter().map(|v| v.by).collect(),
    );
    all
}

/// What differs between the fold and the oracle, in words.
fn differences(
    events: &[(EventId, Event)],
    state: &HazardState,
    expected: &Outcome,
) -> Vec<String> {
    let kind = |id: &EventId| {
        let of = events.iter().find(|(known, _)| known == id);
        of.map_or("", |(_, event)| event.body.name())
    };
    let mut found = Vec::new();
    for JudgedEvent { id, verdict, count } in &state.history {
        let (event, kind) = (&expected.events[id], kind(id));
        if !agree(kind, verdict, event) {
            found.push(format!("{kind} {id}: {verdict:?}, not {:?}", event.verdict));
        }
        let expected = expected_count(id, expected);
        if *count != expected {
            found.push(format!("{kind} {id}: {count:?}, not {expected:?}"));
        }
    }
    let mut compare = |what: &str, found_value: String, expected_value: String| {
        if found_value != expected_value {
            found.push(format!("{what}: {found_value}, not {expected_value}"));
        }
    };
    let disputes = state.conflicts.iter().filter(|c| !c.is_card);
    let disputes: BTreeSet<Dispute> = disputes.map(folded_dispute).collect();
    let others: BTreeSet<Dispute> = expected
        .conflicts
        .iter()
        .filter_map(expected_dispute)
        .collect();
    compare("conflicts", format!("{disputes:?}"), format!("{others:?}"));
    let asked = state.conflicts.iter().filter(|c| c.is_card);
    compare(
        "cards",
        format!(
            "{:?}",
            cards(asked.map(|c| (c.rules[0].as_str(), &c.decisions)))
        ),
        format!(
            "{:?}",
            cards(expected.cards.iter().map(|c| (c.row, &c.events)))
        ),
    );
    let whole = (state.state.0, state.cycle, state.flags.conflict_open);
    let expected_whole = (expected.state, expected.round, expected.conflicted);
    compare("state", format!("{whole:?}"), format!("{expected_whole:?}"));
    let maximal = expected.registers.iter();
    let maximal: BTreeMap<_, BTreeSet<_>> = maximal
        .map(|(name, register)| (*name, register.maximal.iter().copied().collect()))
        .collect();
    compare(
        "registers",
        format!("{:?}", registers(state, expected)),
        format!("{maximal:?}"),
    );
    let transfers: BTreeSet<EventId> = state.values.transferred_to.iter().map(|v| v.by).collect();
    let live: BTreeSet<EventId> = expected.live_transfers.iter().copied().collect();
    compare("transfers", format!("{transfers:?}"), format!("{live:?}"));
    found
}

pub(crate) fn differ(world: &World, tables: &Tables) -> Vec<String> {
    let expected = judge(&world.events, &world.facts, tables);
    differences(&world.events, &folded(world.inputs()), &expected)
}

/// Seeds from `XUNCHA_MODEL_FROM` on; `XUNCHA_MODEL_WORLDS` is their number.
pub(crate) fn first_seed() -> u64 {
    let asked = std::env::var("XUNCHA_MODEL_FROM").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[test]
fn the_fold_judges_every_world_as_the_rules_do() {
    let tables = Tables::embedded();
    let (from, count) = (first_seed(), worlds(5_000));
    let broken = crate::parallel(count, |n| {
        let world = World::of_seed(from + n, &tables);
        (!differ(&world, &tables).is_empty()).then_some(world)
    });
    let seeds: Vec<u64> = broken.iter().map(|world| world.seed).collect();
    for world in broken.into_iter().take(5) {
        let seed = world.seed;
        let small = shrink::shrink(world, &|world| !differ(world, &tables).is_empty());
        let what = differ(&small, &tables).join("\n  ");
        eprintln!("seed {seed}:\n  {what}\n{}", shrink::print(&small, &what));
    }
    assert!(
        seeds.is_empty(),
        "worlds from {from}, {count} of them, differ: {seeds:?}"
    );
}

#[test]
fn the_fold_judges_every_history_by_hand_as_the_rules_do() {
    let tables = Tables::embedded();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/model/histories");
    for folder in [folder.to_owned(), format!("{folder}/laws")] {
        for entry in std::fs::read_dir(&folder).expect("a folder of histories") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a history");
            let history = crate::history::read(&text);
            let inputs = Inputs {
                events: history.events.clone(),
                grants: history.facts.grants.clone().into_iter().collect(),
                receipts: Vec::new(),
                revocations: Vec::new(),
                unattested: Vec::new(),
                accepted: Vec::new(),
            };
            let expected = judge(&history.events, &history.facts, &tables);
            let found = differences(&history.events, &folded(inputs), &expected);
            assert!(found.is_empty(), "{}: {found:#?}", path.display());
        }
    }
}

/// Worlds in which fold and oracle once differed: a finding that opens a round although its author knew a merged hazard;
/// an event whose receipt and beacon contradict each other, of a device that was revoked in between; a check after two
/// concurrent steps of a transfer that receipts order; a result of a transfer that does not answer a grade; orders that form
/// a circle.
#[test]
fn worlds_that_once_differed_are_judged_alike() {
    let tables = Tables::embedded();
    for seed in [11_386, 28_619, 42_245, 75_088, 100_568, 353_220] {
        let found = differ(&World::of_seed(seed, &tables), &tables);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}
