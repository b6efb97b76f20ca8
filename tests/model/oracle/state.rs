//! Round, state events, leads and the state of a set (docs/rules.md, sections 7 and 4.5).

use std::collections::BTreeMap;

use super::{
    case::{Case, Mode, Status, View},
    classes::Class,
    doc::Set,
    pairs, registers, rounds, suspend,
    tables::To,
    times::is_before,
};

/// Sections 5 to 7 for a set whose pairs and fates are known. A finding opens a round only if an ending counts, and an
/// ending counts only if no conflict of a register concerns it, so this begins without such rounds and adds them until
/// nothing changes.
pub(crate) fn find(case: &Case<'_>, v: &mut View) {
    v.opens = rounds::opened_by_objection(case, v);
    for _ in 0..=v.set.len() {
        v.round = v.opens.values().copied().max().unwrap_or(1);
        find_registers(case, v);
        suspend::find(case, v);
        v.counted = counted(case, v);
        let mut opens = rounds::opens(case, v, &v.counted);
        opens.extend(v.opens.clone());
        if opens == v.opens {
            break;
        }
        v.opens = opens;
    }
    let state_events = state_events(case, v);
    v.leads = leads(case, v, &state_events);
    v.maximal = maximal(case, v, &state_events);
    v.yields = yields(case, v);
    v.state = state(case, v);
}

fn find_registers(case: &Case<'_>, v: &mut View) {
    v.values.clear();
    v.open_registers.clear();
    for register in super::case::Register::ALL {
        let values = registers::maximal(case, v, register);
        v.values.insert(register, values);
        let open = registers::open_values(case, v, register);
        if !open.is_empty() {
            v.open_registers.insert(register, open);
        }
    }
}

/// Live events that are not suspended, rejected, without basis, overruled, or merges that an `unmerge` has seen.
fn counted(case: &Case<'_>, v: &View) -> Set {
    let counts = |e: &&usize| {
        let e = **e;
        let without_basis = v.mode == Mode::Actual && !case.has_basis[e];
        !v.suspended.contains(&e)
            && !v.rejected.contains(&e)
            && !without_basis
            && !suspend::is_overruled(v, e)
            && !registers::is_unmerged(case, v, e)
    };
    v.live.iter().filter(counts).copied().collect()
}

/// Section 7: the state that an event leads to. A finding that opens a round because an ending counts, and whose
/// transition leaves the state, leads to HS65 or HS10.
fn leads_to(case: &Case<'_>, v: &View, e: usize) -> Option<u16> {
    case.leads_to(e).or_else(|| {
        let opens = v.live.contains(&e) && !suspend::is_overruled(v, e);
        let opened = rounds::opened_by(case, v.mode, &v.counted, e).filter(|_| opens);
        let is_new = !rounds::opened_by_objection(case, v).contains_key(&e);
        opened.filter(|_| is_new && case.is_accepted(e))?;
        Some(if case.doc.kind(e) == "recheck_fail" {
            65
        } else {
            10
        })
    })
}

/// Section 7: counted events whose transition leads to a state and whose own round is at least the round of the set.
fn state_events(case: &Case<'_>, v: &View) -> Set {
    let leads = |e: &&usize| leads_to(case, v, **e).is_some() && case.own_round(v, **e) >= v.round;
    v.counted.iter().filter(leads).copied().collect()
}

/// Section 7: the state events of the round that no other supersedes.
fn maximal(case: &Case<'_>, v: &View, state_events: &Set) -> Set {
    let stays = |x: &&usize| {
        !state_events.iter().any(|y| {
            case.doc.before(**x, *y)
                || pairs::is_c05(case, v, **x, *y)
                || pairs::is_ordered_before(v, **x, *y)
        })
    };
    state_events.iter().filter(stays).copied().collect()
}

/// Section 4.5: which maximal state event yields to which, with the row. Of a pair that C-TIME orders, only the earlier
/// event yields, so that not both do.
fn yields(case: &Case<'_>, v: &View) -> BTreeMap<(usize, usize), &'static str> {
    let mut all = BTreeMap::new();
    for x in &v.maximal {
        for y in v.maximal.iter().filter(|y| case.doc.concurrent(*x, **y)) {
            let in_sequence = in_time(case, v, *y, *x).is_some();
            let by_class = yields_to(case, *x, *y).filter(|_| !in_sequence);
            let row = by_class.or_else(|| in_time(case, v, *x, *y));
            all.extend(row.map(|row| ((*x, *y), row)));
        }
    }
    all
}

fn yields_to(case: &Case<'_>, x: usize, y: usize) -> Option<&'static str> {
    let (class_y, kind_y) = (case.doc.class(y), case.doc.kind(y));
    let ends = ["close", "mark_duplicate"].contains(&kind_y);
    let row = match case.doc.class(x) {
        Class::Work if matches!(class_y, Class::Claim | Class::Check) || ends => "C-15",
        Class::Claim if class_y == Class::Check => "C-07",
        Class::Claim | Class::Check if ends => "C-09",
        _ if kind_y == "mark_duplicate" && case.doc.kind(x) != kind_y => "C-22",
        _ => return None,
    };
    Some(row)
}

/// C-TIME.
fn in_time(case: &Case<'_>, v: &View, x: usize, y: usize) -> Option<&'static str> {
    let (from, to) = (case.leads_to(x)?, case.leads_to(y)?);
    let both_open = case.tables.is_open(from) && case.tables.is_open(to);
    let proven = v.mode == Mode::Actual && is_before(&case.bounds[x], &case.bounds[y]);
    let body = case.doc.body(y);
    let variant = body.variant().unwrap_or_default();
    let follows = case.tables.rows.iter().any(|row| {
        row.event == body.name()
            && (row.when.is_empty() || row.when.iter().any(|w| w == variant))
            && case.tables.starts(row, from)
            && row.to == To::State(to)
            && !row.proposal
    });
    (both_open && proven && follows).then_some("C-TIME")
}

/// Section 7, "Leads".
fn leads(case: &Case<'_>, v: &View, state_events: &Set) -> BTreeMap<usize, u16> {
    let mut leads = BTreeMap::new();
    for pair in &v.pairs {
        let status = v.fates.get(&pair.o).copied().unwrap_or(Status::Open);
        let Some(state) = pairs::lead(case, *pair) else {
            continue;
        };
        let ordered = v.live.iter().any(|c| pairs::is_c05(case, v, pair.o, *c));
        if status != Status::Overruled && !ordered && !has_ended(case, v, pair.o, state_events) {
            leads.insert(pair.o, state);
        }
    }
    leads
}

/// Whether a counted state event ended the lead of o.
fn has_ended(case: &Case<'_>, v: &View, o: usize, state_events: &Set) -> bool {
    let decisions = v.decisions(o);
    let saw_all = |y: &usize| case.doc.before(o, *y) && decisions.is_subset(&case.doc.past[*y]);
    if state_events.iter().any(saw_all) {
        return true;
    }
    let settlements = v.settlements.get(&o).map_or(&[][..], Vec::as_slice);
    let saw = |y: &usize| {
        settlements
            .iter()
            .any(|(s, _)| s == y || case.doc.before(*s, *y))
    };
    v.fates.get(&o) == Some(&Status::Held) && state_events.iter().any(saw)
}

/// Section 7: the most open of the maximal state events that do not yield, and of the leads; of equally open states
/// the smaller number.
fn state(case: &Case<'_>, v: &View) -> u16 {
    let stays = v.maximal.iter().filter(|x| !v.has_yielded(**x));
    let events = stays.filter_map(|x| leads_to(case, v, *x));
    let states = events.chain(v.leads.values().copied());
    let most_open = states.max_by_key(|s| (case.tables.rank(*s), u16::MAX - *s));
    most_open.unwrap_or(0)
}
