//! The conflicts of a set of events: objections with their decisions, and decisions of the same person.

use std::{cmp::Reverse, collections::HashSet, rc::Rc};

use smallvec::smallvec;

use super::{
    assessing::Assessing,
    assessment::Basis,
    dispute::{Dispute, Fated},
    fate,
    known::{Known, World},
    pairs::Against,
    taken::Subject,
};
use crate::{
    catalogue::{ByTime, Lead, PairScope, StateCode},
    history::{Positions, TimeBounds},
    record::{EventBody, MINUTE_MS, ServerTime},
};

/// The conflicts of a set by objections and by persons, with their fates, in the order of their subjects. What did not
/// change since `basis` is taken over from it.
pub(super) fn disputes(
    it: &Assessing<'_, '_, '_>,
    basis: Option<&Basis<'_>>,
) -> Rc<Vec<Rc<Fated>>> {
    let Some(basis) = basis else {
        let (objections, decisions) = (it.live(&it.pairs.objecting), it.live(&it.pairs.tied));
        let all = subjects(&objections, &decisions);
        return Rc::new(all.filter_map(|subject| find(it, subject)).collect());
    };
    let mut settling = basis.new.clone();
    settling.keep(it.known.settling());
    settling.keep(&it.live);
    let pairs = !basis.is_linear && it.pairs.paired.meets(basis.new);
    let old = &basis.assessment.disputes;
    if !pairs && settling.is_empty() {
        return Rc::clone(old);
    }
    let taken = settling.iter().filter_map(|at| it.known.taken[at].as_ref());
    let settled: HashSet<Subject> = taken
        .flat_map(|taken| taken.settles.iter().map(|(subject, _)| *subject))
        .collect();
    let taken_over = |fated: &Rc<Fated>| {
        if settled.contains(&fated.conflict.subject) {
            return Rc::new(fate::renew(it, fated, &settling));
        }
        Rc::clone(fated)
    };
    if !pairs {
        return Rc::new(old.iter().map(taken_over).collect());
    }
    let mut found = Vec::with_capacity(old.len());
    let mut old = old.iter().peekable();
    let [objections, decisions] = it.pairs.with(it.known, it.relations, basis.new);
    let (objections, decisions) = (it.live(&objections), it.live(&decisions));
    for subject in subjects(&objections, &decisions) {
        while let Some(fated) = old.next_if(|fated| fated.conflict.subject < subject) {
            found.push(taken_over(fated));
        }
        old.next_if(|fated| fated.conflict.subject == subject);
        found.extend(find(it, subject));
    }
    found.extend(old.map(taken_over));
    Rc::new(found)
}

/// Objections and decisions of the same person as subjects of conflicts, in their order.
fn subjects(objections: &Positions, decisions: &Positions) -> impl Iterator<Item = Subject> {
    let objections = objections.iter().map(Subject::Objection);
    objections.chain(decisions.iter().map(Subject::SamePerson))
}

/// The conflict of a subject in a set.
fn find(it: &Assessing<'_, '_, '_>, subject: Subject) -> Option<Rc<Fated>> {
    let conflict = match subject {
        Subject::Objection(at) => objected(it, at),
        Subject::SamePerson(at) => same_person(it, at),
        Subject::Register(_) | Subject::Card(_) => None,
    };
    Some(Rc::new(fate::decide(it, Rc::new(conflict?))))
}

fn objected(it: &Assessing<'_, '_, '_>, objection: usize) -> Option<Dispute> {
    let rules = it.known.history.rules;
    let mut conflict: Option<Dispute> = None;
    let (mut lead, mut opens) = (None, None);
    for against in it.pairs.against(objection) {
        if !against.decisions.meets(&it.live) {
            continue;
        }
        let mut decisions = against.decisions.clone();
        decisions.keep(&it.live);
        if let Some(ordered) = in_order(it, objection, against) {
            decisions.subtract(&ordered);
            if decisions.is_empty() {
                continue;
            }
        }
        let rule = &rules.concurrent[against.row];
        let to = match rule.lead {
            Some(Lead::State(state)) => Some(state),
            Some(Lead::Own(_)) => it.known.taken[objection].as_ref().and_then(|t| t.to),
            None => None,
        };
        let key = |state: &StateCode| (rules.rank(*state), Reverse(*state));
        lead = lead.into_iter().chain(to).max_by_key(key);
        if rule.recurs {
            let rounds = decisions.iter();
            let rounds = rounds.map(|at| it.known.before(it.world, at).round + 1);
            opens = opens.max(rounds.max());
        }
        match &mut conflict {
            Some(conflict) => {
                conflict.rows |= 1 << against.row;
                conflict.decisions.extend(&decisions);
            }
            None => {
                conflict = Some(Dispute {
                    subject: Subject::Objection(objection),
                    rows: 1 << against.row,
                    objections: smallvec![objection],
                    decisions,
                    lead: None,
                    opens: None,
                    suspends: false,
                });
            }
        }
    }
    let mut conflict = conflict?;
    conflict.lead = lead;
    conflict.opens = opens;
    conflict.suspends = conflict.decisions.meets(&it.relations.contestable);
    Some(conflict)
}

/// The decisions of a row that trusted times order after the objection; `None` if there are none.
pub(super) fn in_order(
    it: &Assessing<'_, '_, '_>,
    objection: usize,
    against: &Against,
) -> Option<Positions> {
    if it.world == World::Contested {
        return None;
    }
    match it.known.history.rules.concurrent[against.row].by_time? {
        ByTime::Claim => {
            let claims = claims_after(it, objection)?;
            let mut ordered = against.decisions.clone();
            ordered.keep(&it.live);
            if ordered.count() <= claims.count() {
                ordered.retain(|at| {
                    claims.has(at)
                        || it.known.ancestors(at).meets(&claims)
                        || it.relations.descendants[at].meets(&claims)
                });
            } else {
                ordered.keep(&it.near(&claims));
            }
            Some(ordered)
        }
        ByTime::Decision => decisions_after(it, objection),
    }
}

/// The concurrent decisions that an objection is before, by a row that the decision's own time orders; `None` if there
/// are none.
pub(super) fn decisions_after(it: &Assessing<'_, '_, '_>, objection: usize) -> Option<Positions> {
    if it.world == World::Contested {
        return None;
    }
    let mut found: Option<Positions> = None;
    for against in it.pairs.against(objection) {
        let rule = &it.known.history.rules.concurrent[against.row];
        if rule.by_time != Some(ByTime::Decision) || !against.decisions.meets(&it.live) {
            continue;
        }
        let mut after = against.decisions.clone();
        after.keep(&it.live);
        after.retain(|at| is_before(it.known, it.world, objection, at));
        match &mut found {
            Some(found) => found.extend(&after),
            None => found = Some(after),
        }
    }
    found.filter(|found| !found.is_empty())
}

/// The live claims that a failed recheck is before, as far as the world orders them; `None` if there are none.
pub(super) fn claims_after(it: &Assessing<'_, '_, '_>, objection: usize) -> Option<Positions> {
    let known = it.known;
    let orders = matches!(known.history.body(objection), EventBody::RecheckFail(_));
    if it.world == World::Contested || !orders {
        return None;
    }
    let [before, after] = [
        known.ancestors(objection),
        &it.relations.descendants[objection],
    ];
    if !it
        .relations
        .claims
        .meets_outside(&it.live, &[before, after])
    {
        return None;
    }
    let mut claims = it.relations.claims.clone();
    claims.keep(&it.live);
    claims.subtract(before);
    claims.subtract(after);
    if it.world == World::Effective {
        let looked = look_time(known, objection);
        looked.upper?;
        claims.keep(&it.relations.bounded);
        claims.retain(|at| looked.is_before(&known.history.times[at]));
    }
    (!claims.is_empty()).then_some(claims)
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

/// Whether an event is before a concurrent one, as far as the world orders them.
pub(super) fn is_before(known: &Known<'_, '_>, world: World, one: usize, other: usize) -> bool {
    match world {
        World::Contested => false,
        World::Ordered => true,
        World::Effective => known.history.times[one].is_before(&known.history.times[other]),
    }
}

/// A decision whose person or organisation concurrently made the other part of a two-person rule.
fn same_person(it: &Assessing<'_, '_, '_>, decision: usize) -> Option<Dispute> {
    let mut ties = it.pairs.ties(decision)?.clone();
    ties.keep(&it.live);
    if ties.is_empty() {
        return None;
    }
    let mut rules = it.known.history.rules.concurrent.iter();
    let row = rules.position(|rule| rule.scope == PairScope::SamePerson)?;
    let mut decisions = Positions::new(it.known.history.len());
    decisions.insert(decision);
    Some(Dispute {
        subject: Subject::SamePerson(decision),
        rows: 1 << row,
        objections: ties.iter().collect(),
        decisions,
        lead: None,
        opens: None,
        suspends: true,
    })
}
