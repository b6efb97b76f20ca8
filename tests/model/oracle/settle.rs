//! Settlements: `resolve`, answers, and the fate of each conflict (docs/rules.md, sections 5.1 to 5.4).

use std::collections::BTreeMap;

use sync_core::record::{EventBody, Grade, Resolution};

use super::{
    case::{Case, Mode, PairRow, Register, Settles, Status, View},
    classes::Class,
    doc::Set,
    guards, notices, pairs, people, registers, roles, sequences,
};

/// What the event settles if it is accepted, in the contested candidate of its causal history.
pub(crate) fn settles(case: &Case<'_>, e: usize) -> Settles {
    match case.doc.body(e) {
        EventBody::Resolve(resolution) => by_resolve(case, e, resolution),
        _ => answers(case, e),
    }
}

/// Section 5.3.
fn by_resolve(case: &Case<'_>, r: usize, resolution: &Resolution) -> Settles {
    let v = case.view(r, Mode::Contested);
    let in_history = |id| case.doc.find(id).filter(|e| v.set.contains(e));
    let names: Set = resolution.resolves.iter().filter_map(in_history).collect();
    let held = resolution.also_hold.iter().chain([&resolution.holds]);
    let holds: Set = held.filter_map(in_history).collect();
    let mut settles = Settles::default();
    for (o, status) in &v.fates {
        let decisions = v.decisions(*o);
        let is_named = names.contains(o) && !names.is_disjoint(&decisions);
        if *status != Status::Open || !is_named || is_party(case, v, r, *o) {
            continue;
        }
        let outcome = if holds.contains(o) {
            Status::Held
        } else {
            Status::Overruled
        };
        if decides_objection(case, v, r, *o, outcome) {
            settles.objections.insert(*o, outcome);
        }
    }
    for (register, values) in &v.open_registers {
        if let Some(held) = decides_register(case, v, r, *register, &names, &holds) {
            settles.registers.insert(*register, (values.clone(), held));
        }
    }
    settles.same = same_by_resolve(case, v, r, &names, &holds);
    settles.cards = cards_by_resolve(case, r, &names);
    if guards::may_end_grade(case, v, r) {
        let ends = |z: &&usize| case.is_accepted(**z) && case.doc.class(**z) == Class::Ending;
        settles.confirms = holds.iter().filter(ends).copied().collect();
    }
    settles
}

/// Section 5.3: the author made the objection, one of its decisions in P(r), or a settlement of it in P(r).
fn is_party(case: &Case<'_>, v: &View, r: usize, o: usize) -> bool {
    let settlements = v.settlements.get(&o).into_iter().flatten().map(|(s, _)| *s);
    let mut sides = v.decisions(o).into_iter().chain([o]).chain(settlements);
    sides.any(|side| case.doc.same_person(side, r))
}

/// Section 5.3: the author is entitled for every row of the pairs, C-39 is never overruled, and C-26 only after the case
/// closed.
fn decides_objection(case: &Case<'_>, v: &View, r: usize, o: usize, outcome: Status) -> bool {
    let Some(role) = case.doc.role(r) else {
        return false;
    };
    v.pairs.iter().filter(|p| p.o == o).all(|pair| {
        let may_overrule = match pair.row {
            PairRow::C39 => false,
            PairRow::C26 => sequences::case_is_closed(case, v, o),
            _ => true,
        };
        let entitled = roles::decides(role, pairs::decided_by(pair.row));
        entitled && (outcome == Status::Held || may_overrule)
    })
}

/// Section 5.3: the value that r chooses for an open register conflict; none if it does not settle it.
fn decides_register(
    case: &Case<'_>,
    v: &View,
    r: usize,
    register: Register,
    names: &Set,
    holds: &Set,
) -> Option<usize> {
    let values = v.open_registers.get(&register)?;
    let least = registers::decided_by(v, register);
    let named: Set = values.intersection(names).copied().collect();
    let held: Vec<usize> = named.intersection(holds).copied().collect();
    let is_author = values.iter().any(|e| case.doc.same_person(*e, r));
    let entitled = case
        .doc
        .role(r)
        .is_some_and(|role| roles::decides(role, least));
    let [held] = held.as_slice() else {
        return None;
    };
    let mut maximal = v.values.get(&register)?.iter();
    let major = maximal.any(|e| registers::is_fire_major(case, register, *e));
    let chosen = registers::value(case, register, *held);
    let lowers = major && chosen != Some(registers::Value::Grade(Grade::G3));
    (named.len() >= 2 && entitled && !is_author && !lowers).then_some(*held)
}

/// Section 5.3: the pairs of cards that r names, without events of its author.
fn cards_by_resolve(
    case: &Case<'_>,
    r: usize,
    names: &Set,
) -> std::collections::BTreeSet<(usize, usize)> {
    let others = |e: &&usize| case.is_accepted(**e) && !case.doc.same_person(**e, r);
    let named: Vec<usize> = names.iter().filter(others).copied().collect();
    let mut settled = std::collections::BTreeSet::new();
    for a in &named {
        for b in &named {
            let least = match notices::card(case, *a, *b) {
                Some("C-27") => 3,
                Some(_) => 2,
                None => continue,
            };
            if case.doc.level(r) >= least {
                settled.insert((*a, *b));
                settled.insert((*b, *a));
            }
        }
    }
    settled
}

/// Section 5.3: the C-40 conflicts that r holds; no other outcome is possible. The level is that of the catalogue.
fn same_by_resolve(case: &Case<'_>, v: &View, r: usize, names: &Set, holds: &Set) -> Set {
    let mut settled = Set::new();
    for (y, sides) in &v.same {
        let is_open = v.same_fates.get(y) == Some(&Status::Open);
        let is_named = names.contains(y) && !names.is_disjoint(sides);
        let is_held = sides.iter().any(|x| names.contains(x) && holds.contains(x));
        let is_party = sides.iter().chain([y]).any(|e| case.doc.same_person(*e, r));
        let entitled = case.doc.role(r).is_some_and(|role| roles::decides(role, 2));
        if is_open && is_named && is_held && !is_party && entitled {
            settled.insert(*y);
        }
    }
    settled
}

/// Section 5.4: what an accepted event other than `resolve` answers. It must answer every row of a conflict.
fn answers(case: &Case<'_>, a: usize) -> Settles {
    let v = case.view(a, Mode::Contested);
    let mut settles = Settles::default();
    for o in v
        .fates
        .iter()
        .filter(|(_, s)| **s == Status::Open)
        .map(|(o, _)| o)
    {
        let mut rows = v.pairs.iter().filter(|p| p.o == *o).map(|p| p.row);
        if rows.all(|row| answers_row(case, v, a, *o, row)) {
            settles.objections.insert(*o, Status::Held);
        }
    }
    let is_open = |y: usize| v.same_fates.get(&y) == Some(&Status::Open);
    let answered = |y: &&usize| is_open(**y) && answers_same(case, v, a, **y);
    settles.same = v.same.keys().filter(answered).copied().collect();
    settles
}

/// Section 5.4: whether a answers a row of the open objection o.
fn answers_row(case: &Case<'_>, v: &View, a: usize, o: usize, row: PairRow) -> bool {
    match row {
        PairRow::C04 | PairRow::C06 | PairRow::C08 | PairRow::C10 | PairRow::C41 => {
            answers_look(case, v, a, o)
        }
        PairRow::C33 => answers_evidence(case, v, a, o),
        PairRow::C39 => ends(case, a) && guards::may_end_grade(case, v, a),
        PairRow::C16 | PairRow::C21 | PairRow::C23 | PairRow::C25 | PairRow::C26 => false,
    }
}

fn ends(case: &Case<'_>, a: usize) -> bool {
    ["close", "void", "mark_duplicate"].contains(&case.doc.kind(a))
}

/// Whether the author of a is neither the person nor of the organisation of any claim in P(a) of the round.
fn is_no_claimants_side(case: &Case<'_>, v: &View, a: usize) -> bool {
    let claims = people::of_class(case, v, Class::Claim);
    !claims.iter().any(|c| case.doc.same_side(*c, a))
}

/// Section 5.4: C-04, C-06, C-08, C-10 and C-41.
fn answers_look(case: &Case<'_>, v: &View, a: usize, o: usize) -> bool {
    let decisions = v.decisions(o);
    let decided = decisions.iter().any(|d| case.doc.same_person(*d, a));
    match case.doc.kind(a) {
        "recheck_pass" => {
            let saw_both = |c: &usize| {
                case.doc.class(*c) == Class::Claim
                    && case.doc.before(o, *c)
                    && decisions.is_subset(&case.doc.past[*c])
            };
            !decided && v.live.iter().any(saw_both) && is_no_claimants_side(case, v, a)
        }
        "recheck_fail" => {
            case.doc.kind(o) == "recheck_fail" && !decided && !case.doc.same_person(o, a)
        }
        _ => false,
    }
}

/// Section 5.4: C-33. The author of a is the author of no check of the conflict.
fn answers_evidence(case: &Case<'_>, v: &View, a: usize, o: usize) -> bool {
    let by_another = |d: usize| !case.doc.same_person(d, a);
    let mut checks = v.pairs.iter().filter(|p| p.o == o && p.row == PairRow::C33);
    case.doc.kind(a) == "recheck_pass" && checks.all(|p| by_another(p.d))
}

/// Section 5.4: C-40 of a check or of an ending.
fn answers_same(case: &Case<'_>, v: &View, a: usize, y: usize) -> bool {
    let kind = case.doc.kind(a);
    let by_another = !case.doc.same_person(a, y);
    match case.doc.class(y) {
        Class::Check => {
            let looks = ["recheck_pass", "recheck_fail"].contains(&kind);
            looks && by_another && is_no_claimants_side(case, v, a)
        }
        Class::Ending => {
            let mut sides = v.same.get(&y).into_iter().flatten();
            let no_side = !sides.any(|x| case.doc.same_person(*x, a));
            kind == case.doc.kind(y) && by_another && no_side
        }
        _ => false,
    }
}

/// Section 5.2: settlements and fates of all objections and C-40 conflicts of a set.
pub(crate) fn fates(case: &Case<'_>, v: &mut View) {
    let settling = |s: &&usize| !case.settles[**s].is_nothing();
    let settling: Set = v.live.iter().filter(settling).copied().collect();
    let objections: Set = v.pairs.iter().map(|p| p.o).collect();
    for o in objections {
        let mut sides = v.decisions(o);
        sides.insert(o);
        let outcome = |s: &usize| case.settles[*s].objections.get(&o).map(|out| (*s, *out));
        let all = settling.iter().filter_map(outcome);
        let all: Vec<_> = all
            .filter(|(s, _)| !case.doc.is_party_later(*s, &sides))
            .collect();
        v.fates.insert(o, fate(case, &all));
        v.settlements.insert(o, all);
    }
    for (y, objections) in &v.same {
        let mut sides = objections.clone();
        sides.insert(*y);
        let holds = |s: &&usize| {
            case.settles[**s].same.contains(y) && !case.doc.is_party_later(**s, &sides)
        };
        let all: Set = settling.iter().filter(holds).copied().collect();
        let held = !all.is_empty();
        v.same_fates
            .insert(*y, if held { Status::Held } else { Status::Open });
        v.same_settlements.insert(*y, all);
    }
}

/// Section 5.2: the fate that the settlements of one objection give it.
fn fate(case: &Case<'_>, all: &[(usize, Status)]) -> Status {
    let mut kept: BTreeMap<usize, Status> = BTreeMap::new();
    for (s, outcome) in all {
        let seen = |k: &&usize| case.doc.before(**k, *s);
        let seen: Set = kept.keys().filter(seen).copied().collect();
        let contested = case.doc.newest(&seen);
        let differ = contested
            .iter()
            .any(|k| contested.iter().any(|l| kept[k] != kept[l]));
        // C-00 ends only by a settlement whose author made none of those that differ.
        if differ && contested.iter().any(|k| case.doc.same_person(*k, *s)) {
            continue;
        }
        kept.insert(*s, *outcome);
    }
    let newest = case.doc.newest(&kept.keys().copied().collect());
    let mut outcomes = newest.iter().map(|s| kept[s]);
    let Some(first) = outcomes.next() else {
        return Status::Open;
    };
    if outcomes.all(|other| other == first) {
        first
    } else {
        Status::Open
    }
}
