//! Laws of activities and inspections that the rules must keep, checked on the oracle alone. `by_hand.rs` has worlds that
//! broke some of them.

use std::collections::BTreeMap;

use sync_core::record::{EventId, Finding};

use super::{
    case::{Case, Class, Mode, Verdict},
    catalogue::Types,
    judge, judged, merges, outcome,
    state::{self, State},
    ways,
    world::of_seed,
};
use crate::{
    laws::worlds,
    oracle::doc::Set,
    shrink,
    world::{Chance, World},
};

/// A law: what is wrong with a world, if it breaks the law.
type Law = fn(&World, &Types) -> Option<String>;

const LAWS: &[(&str, Law)] = &[
    ("order does not matter", order_does_not_matter),
    ("verdicts stay", verdicts_stay),
    ("verdicts need no receipts", verdicts_need_no_receipts),
    ("a merge decides nothing", merging_decides_nothing),
    ("a problem stays listed", problems_stay),
    ("a supplement takes nothing", supplements_take_nothing),
    ("two persons for what counts", two_persons_confirm),
    ("deciders decide", ways::deciders_decide),
    ("work continues", ways::work_continues),
    ("two persons end", two_persons_end),
    ("a result stays", results_stay),
    ("deciders took no side", deciders_took_no_side),
];

/// Checks each law on each world; prints the smallest worlds of every kind that break one.
fn check(laws: &[(&'static str, Law)], count: u64) -> Vec<(&'static str, u64)> {
    let types = Types::embedded();
    let broken = crate::parallel(count, |seed| {
        let world = of_seed(seed, &types);
        let found: Vec<_> = laws
            .iter()
            .filter(|(_, law)| law(&world, &types).is_some())
            .collect();
        (!found.is_empty()).then_some((world, found))
    });
    let (mut all, mut smallest) = (Vec::new(), BTreeMap::new());
    for (world, laws) in broken {
        for (name, law) in laws {
            all.push((*name, world.seed));
            if all.len() > 60 {
                continue;
            }
            let small = shrink::shrink(world.clone(), &|w| law(w, &types).is_some());
            let what = law(&small, &types).unwrap_or_default();
            let size = small.events.len();
            let best = smallest.entry(*name).or_insert((usize::MAX, String::new()));
            if size < best.0 {
                *best = (size, shrink::print(&small, &what));
            }
        }
    }
    for (name, (_, world)) in smallest {
        eprintln!("{name}: {world}");
    }
    all
}

#[test]
fn records_keep_their_laws() {
    let broken = check(LAWS, worlds(1_500));
    assert!(broken.is_empty(), "worlds break laws: {broken:?}");
}

/// Neither the order nor doubles of the events change the result.
fn order_does_not_matter(world: &World, types: &Types) -> Option<String> {
    let expected = judge(&world.events, &world.facts, types);
    let mut chance = Chance::new(world.seed);
    let mut events = world.events.clone();
    for at in (1..events.len()).rev() {
        events.swap(at, chance.below(at + 1));
    }
    let doubled: Vec<_> = events.iter().take(5).cloned().collect();
    events.extend(doubled);
    (judge(&events, &world.facts, types) != expected).then(|| "order".to_owned())
}

/// Later and concurrent events change no verdict.
fn verdicts_stay(world: &World, types: &Types) -> Option<String> {
    let whole = judged(&world.events, &world.facts, types);
    (0..3).find_map(|salt| {
        let set = merges::replica(&whole, salt);
        let ids: Vec<EventId> = set.iter().map(|e| whole.doc.events[*e].id).collect();
        let mut part = world.events.clone();
        part.retain(|(id, _)| ids.contains(id));
        let part = judged(&part, &world.facts, types);
        part.doc.events.iter().enumerate().find_map(|(e, entry)| {
            let later = whole.verdicts[whole.doc.find(&entry.id)?];
            (later != part.verdicts[e])
                .then(|| format!("{}: {:?} becomes {later:?}", entry.id, part.verdicts[e]))
        })
    })
}

/// Receipts and revocations change no verdict.
fn verdicts_need_no_receipts(world: &World, types: &Types) -> Option<String> {
    let mut facts = world.facts.clone();
    facts.received.clear();
    facts.revoked.clear();
    facts.accepted.clear();
    let (with, without) = (
        judged(&world.events, &world.facts, types),
        judged(&world.events, &facts, types),
    );
    (with.verdicts != without.verdicts).then(|| "a verdict depends on a receipt".to_owned())
}

/// A merge of replicas neither closes nor withdraws.
fn merging_decides_nothing(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    for mode in [Mode::AllCount, Mode::Actual] {
        for salt in 0..6 {
            let (one, two) = (
                merges::replica(&case, salt),
                merges::replica(&case, salt + 100),
            );
            let view = |set: &Set| state::view(&case, set, mode);
            let (a, b, both) = (view(&one), view(&two), view(&(&one | &two)));
            let is_gone = |v: &state::View| v.state == State::Withdrawn;
            if both.is_closed() && !a.is_closed() && !b.is_closed() {
                return Some("a merge closes".to_owned());
            }
            if is_gone(&both) && !is_gone(&a) && !is_gone(&b) {
                return Some(format!(
                    "{:?} and {:?} merge to withdrawn",
                    a.state, b.state
                ));
            }
        }
    }
    None
}

/// Whether two persons of a set withdrew or proposed it.
fn two_want_it_gone(case: &Case<'_>, set: &Set) -> bool {
    let wants = |e: &usize| {
        case.class(*e) == Class::Withdrawal
            && (case.is_accepted(*e) || case.verdicts[*e] == Verdict::Proposed)
    };
    let all: Vec<usize> = set.iter().copied().filter(wants).collect();
    let has_other = |a: &usize| all.iter().any(|b| !case.doc.same_person(*a, *b));
    all.iter().any(has_other)
}

/// What is closed and counts stops counting only if two persons want it.
pub(crate) fn two_persons_end(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    merges::sets(&case).iter().find_map(|set| {
        let of = |set: &Set| outcome::of_set(&case, set, Mode::AllCount);
        let is_closed = state::view(&case, set, Mode::AllCount).is_closed();
        if !is_closed || !of(set).counts {
            return None;
        }
        merges::by_each_person(&case, set)
            .iter()
            .find_map(|(p, more)| {
                let lost = !of(more).counts && !two_want_it_gone(&case, more);
                lost.then(|| format!("{} ends it alone", case.doc.events[*p].id))
            })
    })
}

/// An accepted answer that found a problem is among the values or the earlier answers.
fn problems_stay(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    let all: Set = (0..case.doc.events.len()).collect();
    let mut sets = merges::sets(&case);
    sets.push(all);
    sets.iter().find_map(|set| {
        let found = outcome::of_set(&case, set, Mode::AllCount);
        let registers = found.answers.iter().chain(&found.more_answers);
        let listed: Vec<_> = registers
            .flat_map(|(key, r)| r.values.iter().chain(&r.earlier).map(move |v| (key, v)))
            .collect();
        let answers = super::answers::accepted(&case, set);
        answers.into_iter().find_map(|e| {
            let own = super::answers::registers(&case, &[e]);
            own.iter().find_map(|(key, register)| {
                let is_problem = register.finding == Finding::Problem;
                let is_listed = listed
                    .iter()
                    .any(|(k, v)| *k == key && v.by == case.doc.events[e].id);
                (is_problem && !is_listed).then(|| format!("{key:?} is lost"))
            })
        })
    })
}

/// Content alone changes nothing of what is closed.
fn supplements_take_nothing(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    merges::sets(&case).iter().find_map(|set| {
        let before = state::view(&case, set, Mode::AllCount);
        if !before.is_closed() || before.state == State::Withdrawn {
            return None;
        }
        let is_content = |e, _: &Set| !matches!(case.class(e), Class::Closing | Class::Withdrawal);
        let more = merges::with(&case, set, &is_content);
        let of = |set: &Set| outcome::of_set(&case, set, Mode::AllCount);
        let (before, after) = (of(set), of(&more));
        let same = before.counts == after.counts
            && before.counted == after.counted
            && before.result == after.result
            && before.answers == after.answers;
        (!same).then(|| "a supplement changes what is closed".to_owned())
    })
}

/// The version of a closed activity that counts was confirmed by another person than its author.
fn two_persons_confirm(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    merges::sets(&case).iter().find_map(|set| {
        let v = state::view(&case, set, Mode::AllCount);
        let counted = state::counted(&case, &v)?;
        let confirms =
            |c: &usize| case.doc.before(counted, *c) && !case.doc.same_person(counted, *c);
        let alone = v.is_closed() && !v.closings.iter().any(confirms);
        alone.then(|| "one person states and confirms".to_owned())
    })
}

/// One person, with answers of that person alone, does not lower the result that another person concluded.
pub(crate) fn results_stay(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    merges::sets(&case).iter().find_map(|set| {
        let view = |set: &Set| state::view(&case, set, Mode::AllCount);
        let result = |set: &Set| outcome::of_set(&case, set, Mode::AllCount).result;
        let (old, before) = (result(set)?, view(set));
        let newest = case.doc.newest(&before.closings);
        merges::by_each_person(&case, set)
            .iter()
            .find_map(|(p, more)| {
                let own = |e: &usize| case.doc.same_person(*e, *p);
                let concluded = |c: &usize| outcome::result_of(&case, *c) == Some(old) && !own(c);
                let lowered = result(more)? < old && newest.iter().any(concluded);
                let late = &view(more).covered - &before.covered;
                let alone = lowered && late.iter().all(own);
                alone.then(|| format!("{} lowers {old:?}", case.doc.events[*p].id))
            })
    })
}

/// Who decides about a withdrawal in dispute did not propose it.
pub(crate) fn deciders_took_no_side(world: &World, types: &Types) -> Option<String> {
    let case = judged(&world.events, &world.facts, types);
    (0..case.doc.events.len()).find_map(|e| {
        let v = case.known(e);
        let decides = case.is_accepted(e) && v.is_withdrawal_disputed();
        // A conclusion finishes answers and decides about no withdrawal.
        let is_decision =
            case.class(e) == Class::Withdrawal || matches!(case.verdicts[e], Verdict::Keeps { .. });
        let proposed = |p: &usize| {
            case.verdicts[*p] == Verdict::Proposed
                && case.doc.same_person(*p, e)
                && v.disputed.iter().any(|w| case.doc.before(*p, *w))
        };
        let took_side = decides && is_decision && v.set.iter().any(proposed);
        took_side.then(|| format!("{} decides what it proposed", case.doc.events[e].id))
    })
}
