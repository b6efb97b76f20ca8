//! The conflicts of a set of events: objections with their decisions, and decisions of the same person.

use std::{cmp::Reverse, rc::Rc};

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

/// Up to so many positions are looked up one by one.
const FEW: usize = 16;

/// The conflicts of a set by objections and by persons, with their fates. What did not change since `basis` is taken
/// over from it.
pub(super) fn disputes(it: &Assessing<'_, '_, '_>, basis: Option<&Basis<'_>>) -> Rc<Vec<Fated>> {
    let Some(basis) = basis else {
        let mut found = Vec::new();
        let objections = it.live(&it.pairs.objecting);
        found.extend(objections.iter().filter_map(|at| objected(it, at)));
        let decisions = it.live(&it.pairs.tied);
        found.extend(decisions.iter().filter_map(|at| same_person(it, at)));
        let fated = |conflict| fate::decide(it, Rc::new(conflict));
        return Rc::new(found.into_iter().map(fated).collect());
    };
    let mut settling = basis.new.clone();
    settling.keep(it.known.settling());
    settling.keep(&it.live);
    let pairs = !basis.is_linear && it.pairs.paired.meets(basis.new);
    if !pairs && settling.is_empty() {
        return Rc::clone(&basis.assessment.disputes);
    }
    let new: Vec<usize> = basis.new.iter().collect();
    let gains = |of: &Positions| match new.len() {
        0..=FEW => new.iter().any(|at| of.has(*at)),
        _ => of.meets(basis.new),
    };
    let mut found = Vec::with_capacity(basis.assessment.disputes.len());
    let mut old = basis.assessment.disputes.iter().peekable();
    let mut take = |subject: Subject| {
        while old
            .next_if(|fated| fated.conflict.subject < subject)
            .is_some()
        {}
        old.next_if(|fated| fated.conflict.subject == subject)
    };
    let mut add = |subject: Subject, changed: bool, find: &dyn Fn() -> Option<Dispute>| {
        let before = take(subject);
        if changed {
            found.extend(find().map(|conflict| fate::decide(it, Rc::new(conflict))));
            return;
        }
        let Some(before) = before else {
            return;
        };
        let settlements = it.known.settlements(subject).iter().rev();
        let mut settlements = settlements.map(|(at, _)| *at);
        found.push(if settlements.any(|at| settling.has(at)) {
            fate::decide(it, Rc::clone(&before.conflict))
        } else {
            before.clone()
        });
    };
    for at in it.live(&it.pairs.objecting).iter() {
        let against = || it.pairs.against(at).iter();
        let changed = pairs && (basis.new.has(at) || against().any(|of| gains(&of.decisions)));
        add(Subject::Objection(at), changed, &|| objected(it, at));
    }
    for at in it.live(&it.pairs.tied).iter() {
        let ties = it.pairs.ties(at);
        let changed = pairs && (basis.new.has(at) || ties.is_some_and(gains));
        add(Subject::SamePerson(at), changed, &|| same_person(it, at));
    }
    Rc::new(found)
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
                    objections: vec![objection],
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
            let mut decisions = against.decisions.clone();
            decisions.keep(&it.live);
            Some(related(it, &decisions, &claims))
        }
        ByTime::Decision => decisions_after(it, objection),
    }
}

/// Of these decisions, those that are one of the claims, or have one in their causal history, or are in that of one.
fn related(it: &Assessing<'_, '_, '_>, decisions: &Positions, claims: &Positions) -> Positions {
    let mut found = decisions.clone();
    found.keep(claims);
    let mut others = decisions.clone();
    others.subtract(claims);
    if others.count() <= claims.count() {
        let is_related = |at: &usize| {
            it.known.ancestors(*at).meets(claims) || it.relations.descendants[*at].meets(claims)
        };
        others
            .iter()
            .filter(is_related)
            .for_each(|at| found.insert(at));
        return found;
    }
    let mut near = it.relations.after(claims);
    for at in it.known.history.order.newest(claims).iter() {
        near.extend(it.known.ancestors(at));
    }
    near.keep(&others);
    found.extend(&near);
    found
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
    let mut claims = it.relations.concurrent(known.history, &it.live, objection);
    claims.keep(&it.relations.claims);
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
