//! The registers of a hazard: which values are maximal, and which of them are in conflict.

use super::{
    conflict::Dispute,
    content::Content,
    known::{Known, World},
    relations::Relations,
    taken::Subject,
};
use crate::{
    catalogue::{Class, FieldName, PairRule, PairScope, Rows, When, is_statutory, level},
    history::{Lanes, Positions},
    record::{EventBody, Grade, Role},
};

/// The registers whose later values replace earlier ones. Transfers have steps of their own (`steps.rs`), and
/// penalties, clearances and photo roles only add up.
pub(super) const REGISTERS: [FieldName; 7] = [
    FieldName::Code,
    FieldName::Grade,
    FieldName::Place,
    FieldName::Count,
    FieldName::Deadline,
    FieldName::Responsible,
    FieldName::Duplicate,
];

/// A maximal value: its register, and the event that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) lane: Lanes,
    pub(super) at: usize,
}

/// Whether `later`, whose author had `earlier`, replaces it in a register; see `docs/rules.md`, 5.5 and 6.
fn replaces(known: &Known<'_, '_>, lane: Lanes, later: usize, earlier: usize) -> bool {
    let Some(taken) = &known.taken[later] else {
        return false;
    };
    let mut picks = taken.picks.iter();
    if picks.any(|pick| pick.lane == lane && pick.values.has(earlier)) {
        return true;
    }
    let (Some(mine), Some(theirs)) = (known.history.grants[later], known.history.grants[earlier])
    else {
        return false;
    };
    if is_fire_major(known, lane, earlier) && mine.role != Role::FireOfficer {
        return false;
    }
    if taken.replaces & lane == 0 && mine.person != theirs.person {
        return false;
    }
    let (high, low) = (level(mine.role), level(theirs.role));
    mine.organ == theirs.organ || high > low || high == low && lane != FieldName::Deadline.bit()
}

/// Whether a value is the determination of a major hazard by a fire officer.
pub(super) fn is_fire_major(known: &Known<'_, '_>, lane: Lanes, at: usize) -> bool {
    if lane != FieldName::Grade.bit() {
        return false;
    }
    let Some(source) = known.source(FieldName::Grade, at) else {
        return false;
    };
    let fire = known.history.grants[source].is_some_and(|g| g.role == Role::FireOfficer);
    fire && matches!(known.history.body(source), EventBody::Regrade(r) if r.grade == Grade::G3)
}

/// The lanes whose values an event removes: those of an earlier round, or the merges before an unmerge.
fn removed_by(known: &Known<'_, '_>, at: usize) -> Lanes {
    let Some(taken) = &known.taken[at] else {
        return 0;
    };
    let mut lanes = 0;
    if taken.opens {
        lanes |= FieldName::Deadline.bit() | FieldName::Responsible.bit();
    }
    if matches!(known.history.body(at), EventBody::Unmerge(_)) {
        lanes |= FieldName::Duplicate.bit();
    }
    lanes
}

/// Adds the values that an event sets to the maximal values of its causal history.
pub(super) fn add(known: &Known<'_, '_>, values: &mut Vec<Value>, at: usize) {
    let Some(taken) = &known.taken[at] else {
        return;
    };
    let removed = removed_by(known, at);
    // Only the first observation states the fields of the beginning.
    let restates = taken.row.is_some() && matches!(known.history.body(at), EventBody::Observe(_));
    let lanes = if restates { 0 } else { taken.lanes };
    if lanes | removed == 0 {
        return;
    }
    let sets = |field: FieldName| lanes & field.bit() != 0 && known.sets(field, at);
    values.retain(|old| {
        let set = REGISTERS
            .into_iter()
            .any(|f| f.bit() == old.lane && sets(f));
        old.lane & removed == 0 && !(set && replaces(known, old.lane, at, old.at))
    });
    let new = REGISTERS.into_iter().filter(|field| sets(*field));
    values.extend(new.map(|field| Value {
        lane: field.bit(),
        at,
    }));
}

/// What the registers of a set hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Every value that was stated, replaced ones among them, by register and position.
    stated: Vec<Value>,
    /// The maximal values.
    pub(super) maximal: Vec<Value>,
}

/// The values of a set.
pub(super) fn held(
    known: &Known<'_, '_>,
    relations: &Relations,
    live: &Positions,
    world: World,
) -> Held {
    let mut setting = live.clone();
    setting.keep(&relations.values);
    let setting: Vec<usize> = setting.iter().collect();
    let first = known.first_of(live, world);
    let mut removing = live.clone();
    removing.keep(&relations.removing);
    let mut held = Held::default();
    for field in REGISTERS {
        let lane = field.bit();
        let sets = |at: &usize| {
            known.taken[*at]
                .as_ref()
                .is_some_and(|taken| taken.lanes & lane != 0)
                && (!matches!(known.history.body(*at), EventBody::Observe(_)) || first == Some(*at))
                && known.sets(field, *at)
        };
        let mut of: Vec<usize> = setting.iter().copied().filter(sets).collect();
        drop_parties(known, field, &mut of);
        held.stated
            .extend(of.iter().map(|at| Value { lane, at: *at }));
        let removed = |at: usize| {
            removing.iter().any(|later| {
                removed_by(known, later) & lane != 0 && known.history.happened_before(at, later)
            })
        };
        of.retain(|at| !removed(*at));
        for at in &of {
            let replaced = of.iter().any(|later| {
                known.history.happened_before(*at, *later) && replaces(known, lane, *later, *at)
            });
            if !replaced {
                held.maximal.push(Value { lane, at: *at });
            }
        }
    }
    held
}

/// Removes the resolutions whose author stated one of the conflicting values concurrently: they settle nothing.
fn drop_parties(known: &Known<'_, '_>, field: FieldName, of: &mut Vec<usize>) {
    let is_resolution = |at: &usize| matches!(known.history.body(*at), EventBody::Resolve(_));
    if !of.iter().any(is_resolution) {
        return;
    }
    let plain: Vec<usize> = of.iter().copied().filter(|at| !is_resolution(at)).collect();
    let conflicts = |one: &usize| {
        plain.iter().any(|other| {
            rule_of(known, field, *one, *other)
                .is_some_and(|row| known.history.rules.concurrent[row].class == Class::C)
        })
    };
    let sides: Vec<usize> = plain.iter().copied().filter(conflicts).collect();
    of.retain(|at| {
        let party = |side: &usize| {
            known.person(*side) == known.person(*at) && known.history.is_concurrent(*side, *at)
        };
        !is_resolution(at) || !sides.iter().any(party)
    });
}

/// The rule about two concurrent values of a register that differ; `None` if they are equal or not concurrent.
fn rule_of(known: &Known<'_, '_>, field: FieldName, one: usize, other: usize) -> Option<usize> {
    if one == other
        || !known.history.is_concurrent(one, other)
        || known.content(field, one) == known.content(field, other)
    {
        return None;
    }
    let sources = [known.source(field, one)?, known.source(field, other)?];
    let [a, b] = sources.map(|at| known.taken[at].as_ref().map_or([0; 2], |t| t.rows));
    let fits = |(row, rule): &(usize, &PairRule)| {
        let bit: Rows = 1 << row;
        rule.scope == PairScope::Register
            && rule.register == Some(field)
            && (a[0] & b[1] | b[0] & a[1]) & bit != 0
            && rule
                .when
                .is_none_or(|when| holds(known, when, field, [one, other], sources))
    };
    let mut rules = known.history.rules.concurrent.iter().enumerate();
    rules.find(fits).map(|(row, _)| row)
}

fn holds(
    known: &Known<'_, '_>,
    when: When,
    field: FieldName,
    values: [usize; 2],
    sources: [usize; 2],
) -> bool {
    let role = |at: usize| known.history.grants[at].map(|grant| grant.role);
    let grade = |at: usize| match known.content(FieldName::Grade, at) {
        Some(Content::Grade(grade)) => Some(grade),
        _ => None,
    };
    match when {
        When::BothStatutory => sources.iter().all(|at| role(*at).is_some_and(is_statutory)),
        When::MajorInvolved => values
            .iter()
            .any(|at| grade(*at) >= Some(Grade::G3Suspected)),
        When::FireSetsMajor => values
            .iter()
            .any(|at| is_fire_major(known, field.bit(), *at)),
        _ => true,
    }
}

/// The differing values of a set: conflicts that are open, and what they ask of endings.
pub(super) struct Disagreements {
    pub(super) open: Vec<Dispute>,
    /// Pairs of class conflict that are settled: their endings must have been confirmed.
    pub(super) settled: Vec<[usize; 2]>,
    /// Pairs that a rule decided: row, and both events.
    pub(super) notices: Vec<(usize, usize, usize)>,
}

/// Compares the values of each register, and the transfers in force.
pub(super) fn disagreements(
    known: &Known<'_, '_>,
    held: &Held,
    transfers: &[usize],
    stated_transfers: &[usize],
) -> Disagreements {
    let mut found = Disagreements {
        open: Vec::new(),
        settled: Vec::new(),
        notices: Vec::new(),
    };
    for field in REGISTERS.into_iter().chain([FieldName::Transfer]) {
        let lane = field.bit();
        let of: Vec<usize> = if field == FieldName::Transfer {
            let mut of = stated_transfers.to_vec();
            drop_parties(known, field, &mut of);
            of
        } else {
            let in_lane = held.stated.iter().filter(|v| v.lane == lane);
            in_lane.map(|v| v.at).collect()
        };
        if of.len() < 2 {
            continue;
        }
        let maximal = |at: usize| {
            if field == FieldName::Transfer {
                transfers.contains(&at)
            } else {
                held.maximal.contains(&Value { lane, at })
            }
        };
        let chosen = |one: usize, other: usize| {
            field == FieldName::Transfer
                && of.iter().any(|at| {
                    let mut picks = known.taken[*at].iter().flat_map(|taken| &taken.picks);
                    picks.any(|p| p.lane == lane && p.values.has(one) && p.values.has(other))
                })
        };
        let mut conflict = Dispute {
            subject: Subject::Register(lane),
            rows: 0,
            objections: Vec::new(),
            decisions: Positions::new(known.history.len()),
        };
        for (n, one) in of.iter().enumerate() {
            for other in &of[n + 1..] {
                let Some(row) = rule_of(known, field, *one, *other) else {
                    continue;
                };
                if known.history.rules.concurrent[row].class != Class::C {
                    found.notices.push((row, *one, *other));
                } else if maximal(*one) && maximal(*other) && !chosen(*one, *other) {
                    conflict.rows |= 1 << row;
                    conflict.decisions.insert(*one);
                    conflict.decisions.insert(*other);
                } else {
                    found.settled.push([*one, *other]);
                }
            }
        }
        if conflict.rows != 0 {
            found.open.push(conflict);
        }
    }
    found
}
