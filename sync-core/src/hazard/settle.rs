//! What an event settles: a resolution the conflicts that it names, a check or an ending the conflicts that it answers.

use super::{
    cards, conflict,
    content::Content,
    fate::{Fate, Fated},
    known::Known,
    registers,
    taken::{Outcome, Pick, Subject},
    values,
    view::View,
};
use crate::{
    catalogue::{Answer, EventClass, FieldName, PairRule, level, may_end},
    history::Lanes,
    record::{EventBody, EventId, Grade, Grant, PenaltyStage, Resolution},
};

/// What an event settles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) settles: Vec<(Subject, Outcome)>,
    pub(super) picks: Vec<Pick>,
    pub(super) confirms: Vec<usize>,
}

/// The conflicts that are open in the author's causal history.
fn open(view: &View) -> impl Iterator<Item = &Fated> {
    let contest = view.contest.iter();
    contest
        .flat_map(|c| &c.conflicts)
        .filter(|fated| fated.fate == Fate::Open)
}

fn rows<'k>(known: &'k Known<'_, '_>, fated: &Fated) -> impl Iterator<Item = &'k PairRule> {
    let rows = fated.conflict.rows;
    let rules = known.history.rules.concurrent.iter().enumerate();
    rules
        .filter(move |(row, _)| rows >> row & 1 == 1)
        .map(|(_, rule)| rule)
}

/// What a resolution settles; see `docs/rules.md`, 5.3.
pub(super) fn by_resolution(
    known: &Known<'_, '_>,
    at: usize,
    resolution: &Resolution,
    grant: &Grant,
    view: &View,
) -> Settled {
    let named = |of: usize| resolution.resolves.contains(&known.history.entry(of).id);
    let held = |of: usize| holds(resolution, known.history.entry(of).id);
    let mut settled = Settled::default();
    for fated in open(view) {
        if is_party(known, fated, grant) || !is_entitled(known, fated, grant) {
            continue;
        }
        let conflict = &fated.conflict;
        let objections = || conflict.objections.iter().copied();
        let (any_side, any_decision) = (
            objections().any(named),
            conflict.decisions.iter().any(named),
        );
        match conflict.subject {
            Subject::Objection(objection) if any_side && any_decision => {
                let outcome = if held(objection) {
                    Outcome::Held
                } else {
                    Outcome::Overruled
                };
                let merges = |decision: usize| {
                    matches!(known.history.body(decision), EventBody::MarkDuplicate(_))
                };
                let is_open =
                    conflict.decisions.iter().any(merges) && has_open_case(known, at, objection);
                let may_overrule = !only_held(known, fated) && !is_open;
                if outcome == Outcome::Held || may_overrule {
                    settled.settles.push((conflict.subject, outcome));
                }
            }
            // A check or an ending of the same person can be replaced, and never holds.
            Subject::SamePerson(_)
                if any_decision && objections().any(|of| named(of) && held(of)) =>
            {
                settled.settles.push((conflict.subject, Outcome::Held));
            }
            Subject::Register(lane) => {
                let values: Vec<usize> =
                    conflict.decisions.iter().filter(|at| named(*at)).collect();
                let chosen: Vec<usize> = values.iter().copied().filter(|at| held(*at)).collect();
                if let (true, [chosen]) = (values.len() > 1, chosen.as_slice())
                    && !is_below_major(known, lane, view, *chosen)
                {
                    settled.settles.push((conflict.subject, Outcome::Held));
                    settled.picks.push(Pick {
                        lane,
                        values: conflict.decisions.clone(),
                        chosen: *chosen,
                    });
                }
            }
            _ => {}
        }
    }
    let cards = cards::by_resolution(known, at, resolution, grant);
    let cards = cards.into_iter().map(|card| (card, Outcome::Held));
    settled.settles.extend(cards);
    if may_end(grant.role, values::grade(known, view, known.ancestors(at))) {
        let ending = |of: &usize| {
            known.taken[*of]
                .as_ref()
                .is_some_and(|taken| taken.class == EventClass::Ending)
        };
        let seen = known.ancestors(at).iter();
        settled.confirms = seen.filter(ending).filter(|of| held(*of)).collect();
    }
    settled
}

fn holds(resolution: &Resolution, id: EventId) -> bool {
    resolution.holds == id || resolution.also_hold.contains(&id)
}

/// Whether the author made a part of the conflict, or settled it before.
fn is_party(known: &Known<'_, '_>, fated: &Fated, grant: &Grant) -> bool {
    let parts = fated.conflict.objections.iter().copied();
    let parts = parts
        .chain(fated.conflict.decisions.iter())
        .chain(fated.settlements.iter().map(|(at, _)| *at));
    parts.into_iter().any(|at| known.person(at) == grant.person)
}

/// Whether the author's level suffices for every row of the conflict.
fn is_entitled(known: &Known<'_, '_>, fated: &Fated, grant: &Grant) -> bool {
    let own = level(grant.role);
    let levels = fated
        .conflict
        .decisions
        .iter()
        .filter_map(|at| known.history.grants[at].map(|grant| level(grant.role)));
    let highest = levels.max().unwrap_or(0);
    rows(known, fated).all(|rule| {
        let least = match rule.register {
            Some(FieldName::Responsible) => rule.level.max(highest),
            Some(FieldName::Transfer) => rule.level.max(highest + 1),
            _ => rule.level,
        };
        // A grade above the ender's limit (C-39): only the objection may hold.
        own >= if rule.level == 0 { 3 } else { least }
    })
}

/// Whether a resolution may only state that the objection of a conflict holds.
fn only_held(known: &Known<'_, '_>, fated: &Fated) -> bool {
    rows(known, fated).any(|rule| rule.level == 0)
}

/// Whether an objection is a penalty case that the author has not seen closed.
fn has_open_case(known: &Known<'_, '_>, at: usize, objection: usize) -> bool {
    let EventBody::PenaltyLink(case) = known.history.body(objection) else {
        return false;
    };
    let closes = |seen: usize| {
        matches!(known.history.body(seen), EventBody::PenaltyLink(p)
            if p.case == case.case && p.stage == PenaltyStage::Closed)
            && known.taken[seen].is_some()
    };
    !known.ancestors(at).iter().any(closes)
}

/// Whether a choice of grades is below the determination of a fire officer.
fn is_below_major(known: &Known<'_, '_>, lane: Lanes, view: &View, chosen: usize) -> bool {
    let mut values = view.values.iter().filter(|value| value.lane == lane);
    values.any(|value| registers::is_fire_major(known, lane, value.at))
        && known.content(FieldName::Grade, chosen) != Some(Content::Grade(Grade::G3))
}

/// The conflicts that a check, a failed recheck or an ending answers; see `docs/rules.md`, 5.4.
pub(super) fn by_answer(
    known: &Known<'_, '_>,
    at: usize,
    grant: &Grant,
    view: &View,
) -> Vec<(Subject, Outcome)> {
    open(view)
        .filter(|fated| answers(known, at, grant, view, fated))
        .map(|fated| (fated.conflict.subject, Outcome::Held))
        .collect()
}

/// Whether an event answers an open conflict of its causal history.
fn answers(known: &Known<'_, '_>, at: usize, grant: &Grant, view: &View, fated: &Fated) -> bool {
    let body = known.history.body(at);
    let decided = |decision: usize| known.person(decision) == grant.person;
    let conflict = &fated.conflict;
    let ends = EventClass::of(body) == EventClass::Ending;
    match conflict.subject {
        Subject::Register(_) | Subject::Card(_) => false,
        Subject::SamePerson(decision) => {
            let same_kind = || body.number() == known.history.body(decision).number();
            let other = !decided(decision);
            if known.taken[decision]
                .as_ref()
                .is_some_and(|taken| taken.class == EventClass::Ending)
            {
                let others = conflict.objections.iter();
                return ends && same_kind() && other && !others.copied().any(decided);
            }
            let checks = matches!(body, EventBody::RecheckPass(_) | EventBody::RecheckFail(_));
            checks && other && is_independent(known, at, grant, view)
        }
        Subject::Objection(objection) => {
            let no_party = || !conflict.decisions.iter().any(decided);
            rows(known, fated).all(|rule| match rule.answer {
                None => false,
                Some(Answer::Ending) => {
                    ends && may_end(grant.role, values::grade(known, view, known.ancestors(at)))
                }
                Some(Answer::Check) => {
                    let pairs = conflict::pairs(known, conflict, objection);
                    let others = |(row, decision): &(usize, usize)| {
                        known.history.rules.concurrent[*row].answer != Some(Answer::Check)
                            || !decided(*decision)
                    };
                    matches!(body, EventBody::RecheckPass(_)) && pairs.iter().all(others)
                }
                Some(Answer::ClaimAndCheck) => match body {
                    EventBody::RecheckPass(_) => {
                        no_party()
                            && is_independent(known, at, grant, view)
                            && claimed_since(known, at, fated)
                    }
                    EventBody::RecheckFail(_) => {
                        matches!(known.history.body(objection), EventBody::RecheckFail(_))
                            && no_party()
                            && !decided(objection)
                    }
                    _ => false,
                },
            })
        }
    }
}

/// Whether the author made no claim of this round, nor did the author's organisation.
fn is_independent(known: &Known<'_, '_>, at: usize, grant: &Grant, view: &View) -> bool {
    let claims = view.of_round(known, at, |taken, _| taken.class == EventClass::Claim);
    let mut claims = claims.filter_map(|claim| known.history.grants[claim]);
    claims.all(|claim| claim.person != grant.person && claim.organ != grant.organ)
}

/// Whether a claim was made by an author who had both sides of a conflict.
fn claimed_since(known: &Known<'_, '_>, at: usize, fated: &Fated) -> bool {
    let mut sides = fated.conflict.decisions.clone();
    for objection in &fated.conflict.objections {
        sides.insert(*objection);
    }
    known.ancestors(at).iter().any(|claim| {
        known.taken[claim]
            .as_ref()
            .is_some_and(|taken| taken.class == EventClass::Claim)
            && known.ancestors(claim).contains(&sides)
    })
}
