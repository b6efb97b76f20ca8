//! Laws that the rules must keep in every world.

use std::collections::BTreeSet;

use sync_core::record::{Event, EventBody, EventId};

use crate::{
    oracle::{
        self,
        case::{Effect, Mode, Status},
        classes::Class,
        judge, judge_whole,
        outcome::{Outcome, Verdict},
        tables::Tables,
    },
    shrink,
    world::{Chance, World},
};

/// A law: what is wrong with a world, if anything.
type Law = fn(&World, &Tables) -> Option<String>;

/// The number of worlds of each law; `XUNCHA_MODEL_WORLDS` raises it.
pub(crate) fn worlds(least: u64) -> u64 {
    let asked = std::env::var("XUNCHA_MODEL_WORLDS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(least)
}

/// Checks laws in many worlds, each of which is made once; a world that breaks a law is made smaller and printed.
fn assert_laws(laws: &[(&str, Law)], count: u64, world: fn(u64, &Tables) -> World) {
    let tables = Tables::embedded();
    let broken = crate::parallel(count, |seed| {
        let world = world(seed, &tables);
        let breaks = |(_, law): &&(&str, Law)| law(&world, &tables).is_some();
        let broken: Vec<_> = laws.iter().filter(breaks).copied().collect();
        (!broken.is_empty()).then_some((world, broken))
    });
    let mut all = Vec::new();
    let mut shapes = BTreeSet::new();
    for (world, laws) in broken {
        for (name, law) in laws {
            all.push((name.to_owned(), world.seed));
            if all.len() > 40 {
                continue;
            }
            let small = shrink::shrink(world.clone(), &|w| law(w, &tables).is_some());
            let what = law(&small, &tables).unwrap_or_default();
            let shape: Vec<&str> = small.events.iter().map(|(_, e)| e.body.name()).collect();
            if shapes.insert((name.to_owned(), shape)) {
                eprintln!("{name}: {}", shrink::print(&small, &what));
            }
        }
    }
    assert!(all.is_empty(), "worlds of {count} break a law: {all:?}");
}

/// The events whose ids are in a set, and their ancestors.
fn closed(world: &World, ids: &BTreeSet<EventId>) -> Vec<(EventId, Event)> {
    let mut all = ids.clone();
    for (id, event) in world.events.iter().rev() {
        if all.contains(id) {
            all.extend(event.after.iter().copied());
        }
    }
    world
        .events
        .iter()
        .filter(|(id, _)| all.contains(id))
        .cloned()
        .collect()
}

/// Two replicas of a world. Which events they have depends on the seed and the ids alone.
fn replicas(world: &World, round: u64) -> [Vec<(EventId, Event)>; 2] {
    let pick = |salt: u64| {
        let chosen = |id: &EventId| {
            let byte = id.as_bytes().iter().fold(salt * 31 + round, |sum, b| {
                sum.wrapping_mul(1_099_511_628_211)
                    .wrapping_add(u64::from(*b))
            });
            Chance::new(byte).percent(12)
        };
        let ids = world
            .events
            .iter()
            .map(|(id, _)| *id)
            .filter(chosen)
            .collect();
        closed(world, &ids)
    };
    [pick(1), pick(2)]
}

fn is_ended(judged: &Outcome) -> bool {
    [80, 95, 96].contains(&judged.state)
}

/// Neither the order nor doubles of the events change the result.
fn order_does_not_matter(world: &World, tables: &Tables) -> Option<String> {
    let expected = judge(&world.events, &world.facts, tables);
    let mut chance = Chance::new(world.seed);
    let mut events = world.events.clone();
    for at in (1..events.len()).rev() {
        events.swap(at, chance.below(at + 1));
    }
    let doubled: Vec<_> = events.iter().take(7).cloned().collect();
    events.extend(doubled);
    (judge(&events, &world.facts, tables) != expected).then(|| "order".to_owned())
}

/// Two open replicas are not an ended hazard when they are merged.
fn merging_ends_nothing(world: &World, tables: &Tables) -> Option<String> {
    (0..4).find_map(|round| {
        let both = replicas(world, round);
        let judged = both
            .each_ref()
            .map(|events| judge(events, &world.facts, tables));
        if judged.iter().any(|j| is_ended(j) || j.state == 0) {
            return None;
        }
        let merged = judge(&both.concat(), &world.facts, tables);
        let states = judged.map(|j| j.state);
        is_ended(&merged).then(|| format!("{states:?} merge to {}", merged.state))
    })
}

/// Later and concurrent events change no verdict, and a finding that is accepted stays accepted.
fn verdicts_stay(world: &World, tables: &Tables) -> Option<String> {
    let whole = judge(&world.events, &world.facts, tables);
    (0..3).find_map(|round| {
        let [part, _] = replicas(world, round);
        let judged = judge(&part, &world.facts, tables);
        judged.events.iter().find_map(|(id, event)| {
            let (verdict, later) = (&event.verdict, &whole.events[id].verdict);
            (later != verdict).then(|| format!("{id}: {verdict:?} becomes {later:?}"))
        })
    })
}

/// One author after another makes no conflict.
fn a_chain_has_no_conflict(world: &World, tables: &Tables) -> Option<String> {
    let judged = judge(&world.events, &world.facts, tables);
    let conflict = judged.conflicts.first()?;
    Some(format!("{conflict:?}"))
}

/// A hazard that was found has a state.
fn a_found_hazard_has_a_state(world: &World, tables: &Tables) -> Option<String> {
    let judged = judge(&world.events, &world.facts, tables);
    let live = |id: &EventId| judged.events[id].effect == Some(Effect::Counts);
    let found = world
        .events
        .iter()
        .any(|(id, e)| matches!(e.body, EventBody::Observe(_)) && live(id));
    (found && judged.state == 0).then(|| "HS00".to_owned())
}

/// Only an ending and a decision end a hazard that was open for their author.
fn only_endings_end(world: &World, tables: &Tables) -> Option<String> {
    let (case, _) = judge_whole(&world.events, &world.facts, tables);
    (0..case.doc.events.len()).find_map(|e| {
        let before = case.view(e, Mode::Actual).state;
        let kind = case.doc.kind(e);
        if !tables.is_open(before) || case.doc.class(e) == Class::Ending || kind == "resolve" {
            return None;
        }
        let mut set = case.doc.past[e].clone();
        set.insert(e);
        let after = oracle::folded(&case, set, Mode::Actual).state;
        let ends = [80, 95, 96].contains(&after);
        ends.then(|| format!("{kind} leads from HS{before} to HS{after}"))
    })
}

/// A decision that overrules and confirms nothing ends no hazard.
fn holding_ends_nothing(world: &World, tables: &Tables) -> Option<String> {
    let (case, _) = judge_whole(&world.events, &world.facts, tables);
    (0..case.doc.events.len()).find_map(|e| {
        let before = case.view(e, Mode::Actual).state;
        let settles = &case.settles[e];
        let holds = settles
            .objections
            .values()
            .all(|outcome| *outcome == Status::Held);
        let only_holds = holds && settles.confirms.is_empty() && settles.registers.is_empty();
        if case.doc.kind(e) != "resolve" || !tables.is_open(before) || !only_holds {
            return None;
        }
        let mut set = case.doc.past[e].clone();
        set.insert(e);
        let after = oracle::folded(&case, set, Mode::Actual).state;
        let ends = [80, 95, 96].contains(&after);
        ends.then(|| format!("HS{before} to HS{after}: {settles:?}"))
    })
}

/// Silent, void, proposed and unknown events change neither the state nor a conflict.
fn silence_changes_nothing(world: &World, tables: &Tables) -> Option<String> {
    let (case, _) = judge_whole(&world.events, &world.facts, tables);
    (0..case.doc.events.len()).find_map(|e| {
        if case.is_accepted(e) && case.doc.class(e) != Class::Silent {
            return None;
        }
        let before = case.view(e, Mode::Actual);
        let mut set = case.doc.past[e].clone();
        set.insert(e);
        let after = oracle::folded(&case, set, Mode::Actual);
        let same = (
            before.state,
            before.round,
            &before.fates,
            &before.same_fates,
        ) == (after.state, after.round, &after.fates, &after.same_fates)
            && before.values == after.values;
        (!same).then(|| format!("{} changes the result", case.doc.kind(e)))
    })
}

/// What a closed hazard rests on: every finding of the round is known to the author of the closing or overruled, and
/// a check of another person counts, who is on no claimant's side.
fn closings_rest_on_two_persons(world: &World, tables: &Tables) -> Option<String> {
    let (case, v) = judge_whole(&world.events, &world.facts, tables);
    if v.state != 80 {
        return None;
    }
    let z = v
        .maximal
        .iter()
        .copied()
        .find(|z| case.doc.kind(*z) == "close")?;
    let unseen = v.live.iter().find(|f| {
        case.doc.class(**f) == Class::Finding
            && case.doc.concurrent(**f, z)
            && v.fates.get(f) != Some(&Status::Overruled)
    });
    if let Some(f) = unseen {
        return Some(format!(
            "{} is not in the history of the closing",
            case.doc.kind(*f)
        ));
    }
    let of_round = case.of_round(&v);
    let independent = |x: &usize| {
        let claims = of_round
            .iter()
            .filter(|c| case.doc.class(**c) == Class::Claim);
        // A claim that its author made after the check says nothing about the check.
        let mut live = claims.filter(|c| v.live.contains(c) && !case.doc.before(*x, **c));
        case.doc.class(*x) == Class::Check
            && v.counted.contains(x)
            && case.doc.before(*x, z)
            && !case.doc.same_person(*x, z)
            && !live.any(|c| case.doc.same_person(*c, *x))
    };
    (!of_round.iter().any(independent)).then(|| "no independent check".to_owned())
}

/// Every void event has a reason, and no event of an unknown kind is accepted.
fn unknown_kinds_are_unknown(world: &World, tables: &Tables) -> Option<String> {
    let judged = judge(&world.events, &world.facts, tables);
    world.events.iter().find_map(|(id, event)| {
        let unknown = matches!(event.body, EventBody::Unknown { .. });
        let verdict = &judged.events[id].verdict;
        let good = !unknown || matches!(verdict, Verdict::Unknown | Verdict::Void(_));
        (!good).then(|| format!("{verdict:?}"))
    })
}

/// The laws of every world.
const LAWS: &[(&str, Law)] = &[
    (
        "the order and doubles of events do not matter",
        order_does_not_matter,
    ),
    (
        "merging two open replicas ends nothing",
        merging_ends_nothing,
    ),
    ("verdicts never change", verdicts_stay),
    (
        "a hazard that was found has a state",
        a_found_hazard_has_a_state,
    ),
    ("only endings and decisions end a hazard", only_endings_end),
    (
        "a decision that holds an objection ends nothing",
        holding_ends_nothing,
    ),
    ("silent events change nothing", silence_changes_nothing),
    (
        "a closing rests on two persons who saw every finding",
        closings_rest_on_two_persons,
    ),
    (
        "events of unknown kinds are never accepted",
        unknown_kinds_are_unknown,
    ),
];

#[test]
fn every_world_keeps_every_law() {
    assert_laws(LAWS, worlds(800), World::of_seed);
}

#[test]
fn a_world_without_concurrency_has_no_conflict() {
    let law: (&str, Law) = ("a chain has no conflict", a_chain_has_no_conflict);
    assert_laws(&[law], worlds(600), World::chain_of_seed);
}
