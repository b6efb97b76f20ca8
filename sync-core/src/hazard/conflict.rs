//! The conflicts of a set of events: objections with their decisions, and decisions of the same person.

use super::{
    known::{Known, World},
    relations::Relations,
    taken::Subject,
};
use crate::{
    catalogue::{ByTime, EventClass, PairRule, PairScope, Rows, When, may_end},
    history::{Positions, TimeBounds},
    record::{EventBody, MINUTE_MS, PhotoHash, ServerTime},
};

/// A conflict of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dispute {
    pub(super) subject: Subject,
    /// The rows of its pairs.
    pub(super) rows: Rows,
    /// Of an objection: itself. Of a decision of the same person: the events of that person. Of a register: nothing.
    pub(super) objections: Vec<usize>,
    /// The decisions; of a register: its conflicting values.
    pub(super) decisions: Positions,
}

/// An objection and a decision that trusted times order, with how.
pub(super) type Ordered = (ByTime, usize, usize);

/// The conflicts of a set by objections and by persons, without their fates; and the pairs that trusted times order.
pub(super) fn conflicts(
    known: &Known<'_, '_>,
    relations: &Relations,
    live: &Positions,
    world: World,
) -> (Vec<Dispute>, Vec<Ordered>) {
    let (mut found, mut ordered) = (Vec::new(), Vec::new());
    let mut objections = live.clone();
    objections.keep(&relations.objections);
    for objection in objections.iter() {
        found.extend(objected(
            known,
            relations,
            live,
            world,
            objection,
            &mut ordered,
        ));
    }
    found.extend(same_person(known, relations, live));
    (found, ordered)
}

/// The pairs of an objection: row and decision. The rows of one objection name different kinds of decisions.
pub(super) fn pairs(
    known: &Known<'_, '_>,
    conflict: &Dispute,
    objection: usize,
) -> Vec<(usize, usize)> {
    let rows = |at: usize, side: usize| known.taken[at].as_ref().map_or(0, |t| t.rows[side]);
    let own = conflict.rows & rows(objection, 0);
    let mut found = Vec::new();
    for decision in conflict.decisions.iter() {
        let mut both = own & rows(decision, 1);
        while both != 0 {
            found.push((both.trailing_zeros() as usize, decision));
            both &= both - 1;
        }
    }
    found
}

/// The concurrent decisions that an objection is before, by a row that the decision's own time orders.
pub(super) fn decisions_after(
    known: &Known<'_, '_>,
    relations: &Relations,
    live: &Positions,
    world: World,
    objection: usize,
) -> Vec<usize> {
    let Some(taken) = known.taken[objection]
        .as_ref()
        .filter(|_| world != World::Contested)
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (row, rule) in known.history.rules.concurrent.iter().enumerate() {
        if taken.rows[0] >> row & 1 == 1 && rule.by_time == Some(ByTime::Decision) {
            let mut decisions = relations.concurrent(known.history, live, objection);
            decisions.keep(&relations.decisions[row]);
            let after = decisions
                .iter()
                .filter(|at| is_before(known, world, objection, *at));
            found.extend(after);
        }
    }
    found
}

/// The claims among live events that an objection is before, as far as the world orders them.
pub(super) fn claims_after(
    known: &Known<'_, '_>,
    relations: &Relations,
    live: &Positions,
    world: World,
    objection: usize,
) -> Vec<usize> {
    if world == World::Contested || !is_ordered_by_claims(known, objection) {
        return Vec::new();
    }
    let mut claims = relations.concurrent(known.history, live, objection);
    claims.keep(&relations.claims);
    let looked = look_time(known, objection);
    let after =
        |claim: &usize| world == World::Ordered || looked.is_before(&known.history.times[*claim]);
    claims.iter().filter(after).collect()
}

fn is_ordered_by_claims(known: &Known<'_, '_>, objection: usize) -> bool {
    matches!(known.history.body(objection), EventBody::RecheckFail(_))
}

/// The bounds of the time at which an inspector looked: a monotonic clock may narrow the upper one, because that only
/// weakens the inspector's own objection.
fn look_time(known: &Known<'_, '_>, at: usize) -> TimeBounds {
    let bounds = known.history.times[at];
    let by_uptime = known.history.entry(at).event.beacon.and_then(|beacon| {
        let since = i64::try_from(beacon.since_ms?).ok()?;
        let at = beacon.seen.0.checked_add(since)?;
        at.checked_add(MINUTE_MS).map(ServerTime)
    });
    let upper = match (bounds.upper, by_uptime) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    TimeBounds { upper, ..bounds }
}

fn objected(
    known: &Known<'_, '_>,
    relations: &Relations,
    live: &Positions,
    world: World,
    objection: usize,
    in_order: &mut Vec<Ordered>,
) -> Option<Dispute> {
    let taken = known.taken[objection].as_ref()?;
    let concurrent = relations.concurrent(known.history, live, objection);
    if !concurrent.meets(&relations.pairing) {
        return None;
    }
    let mut after: Option<Vec<usize>> = None;
    let mut conflict = Dispute {
        subject: Subject::Objection(objection),
        rows: 0,
        objections: vec![objection],
        decisions: Positions::new(known.history.len()),
    };
    let mut rows = taken.rows[0];
    while rows != 0 {
        let row = rows.trailing_zeros() as usize;
        rows &= rows - 1;
        let rule = &known.history.rules.concurrent[row];
        if rule.scope != PairScope::Objection || !concurrent.meets(&relations.decisions[row]) {
            continue;
        }
        let mut decisions = concurrent.clone();
        decisions.keep(&relations.decisions[row]);
        for decision in decisions.iter() {
            let is_pair = rule
                .when
                .is_none_or(|when| holds(known, when, objection, decision));
            if !is_pair {
                continue;
            }
            let ordered = match rule.by_time.filter(|_| world != World::Contested) {
                None => false,
                Some(ByTime::Claim) => {
                    let claims = after.get_or_insert_with(|| {
                        claims_after(known, relations, live, world, objection)
                    });
                    claims.iter().any(|claim| {
                        *claim == decision
                            || known.history.happened_before(*claim, decision)
                            || known.history.happened_before(decision, *claim)
                    })
                }
                Some(ByTime::Decision) => is_before(known, world, objection, decision),
            };
            match rule.by_time.filter(|_| ordered) {
                Some(how) => in_order.push((how, objection, decision)),
                None => {
                    conflict.rows |= 1 << row;
                    conflict.decisions.insert(decision);
                }
            }
        }
    }
    (conflict.rows != 0).then_some(conflict)
}

/// Whether an event is before a concurrent one, as far as the world orders them.
pub(super) fn is_before(known: &Known<'_, '_>, world: World, one: usize, other: usize) -> bool {
    match world {
        World::Contested => false,
        World::Ordered => true,
        World::Effective => known.history.times[one].is_before(&known.history.times[other]),
    }
}

fn holds(known: &Known<'_, '_>, when: When, objection: usize, decision: usize) -> bool {
    match when {
        When::OtherAuthor => known.person(objection) != known.person(decision),
        When::SameTransfer => shares_transfer(known, objection, decision),
        When::PhotoOfCheck => is_photo_of(known, objection, decision),
        When::AboveGrade => above_grade(known, objection, decision),
        _ => true,
    }
}

/// Whether an acceptance and a withdrawal are about one transfer.
fn shares_transfer(known: &Known<'_, '_>, accept: usize, withdraw: usize) -> bool {
    let (Some(a), Some(b)) = (&known.taken[accept], &known.taken[withdraw]) else {
        return false;
    };
    a.transfers
        .iter()
        .any(|transfer| b.transfers.contains(transfer))
}

/// Whether the role of a photo of the check, or of a newest claim that the check's author had, was corrected.
fn is_photo_of(known: &Known<'_, '_>, correction: usize, check: usize) -> bool {
    let EventBody::PhotoRole(corrected) = known.history.body(correction) else {
        return false;
    };
    let shows = |at: usize, photo: PhotoHash| {
        let mut photos = known.history.body(at).photos().iter();
        photos.any(|p| p.hash == photo)
    };
    if shows(check, corrected.photo) {
        return true;
    }
    let is_claim = |at: &usize| {
        known.taken[*at]
            .as_ref()
            .is_some_and(|t| t.class == EventClass::Claim)
    };
    let claims: Vec<usize> = known.ancestors(check).iter().filter(is_claim).collect();
    let newest = |at: &&usize| {
        !claims
            .iter()
            .any(|later| known.history.happened_before(**at, *later))
    };
    claims
        .iter()
        .filter(newest)
        .any(|at| shows(*at, corrected.photo))
}

/// Whether the author of an ending may not end the grade that a concurrent correction states.
fn above_grade(known: &Known<'_, '_>, correction: usize, ending: usize) -> bool {
    let history = known.history;
    let grade = match history.body(correction) {
        EventBody::Regrade(r) => Some(r.grade),
        EventBody::Recode(r) => known.default_grade(&r.code),
        _ => return false,
    };
    let role = history.grants[ending].map(|grant| grant.role);
    role.is_some_and(|role| !may_end(role, grade))
}

/// Decisions of a person or an organisation that concurrently made the other part of a two-person rule.
fn same_person(known: &Known<'_, '_>, relations: &Relations, live: &Positions) -> Vec<Dispute> {
    let Some(row) = known
        .history
        .rules
        .concurrent
        .iter()
        .position(|rule: &PairRule| rule.scope == PairScope::SamePerson)
    else {
        return Vec::new();
    };
    let mut decisions = live.clone();
    decisions.keep(&relations.passing);
    let conflict = |decision: usize| {
        let mut others = relations.concurrent(known.history, live, decision);
        others.keep(&relations.parties);
        let ties: Vec<usize> = others
            .iter()
            .filter(|other| is_tied(known, *other, decision))
            .collect();
        let mut of = Positions::new(known.history.len());
        of.insert(decision);
        (!ties.is_empty()).then(|| Dispute {
            subject: Subject::SamePerson(decision),
            rows: 1 << row,
            objections: ties,
            decisions: of,
        })
    };
    decisions.iter().filter_map(conflict).collect()
}

/// Whether an event and a concurrent decision of the same round break a rule about two persons.
fn is_tied(known: &Known<'_, '_>, other: usize, decision: usize) -> bool {
    let (Some(a), Some(b)) = (&known.taken[other], &known.taken[decision]) else {
        return false;
    };
    let person = known.person(other) == known.person(decision);
    let organ = known.organ(other) == known.organ(decision);
    a.round == b.round
        && match (a.class, b.class) {
            (EventClass::Claim, EventClass::Check) => person || organ,
            (EventClass::Claim | EventClass::Check, EventClass::Ending) => {
                person && matches!(known.history.body(decision), EventBody::Close(_))
            }
            (EventClass::Finding, EventClass::Ending) => {
                person
                    && matches!(known.history.body(other), EventBody::Observe(_))
                    && matches!(known.history.body(decision), EventBody::Void(_))
            }
            _ => false,
        }
}
