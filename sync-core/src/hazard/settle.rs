//! What an event settles: a resolution the conflicts that it names, a check or an ending the conflicts that it answers.

use std::{borrow::Cow, cell::OnceCell};

use super::{
    cards,
    content::Content,
    dispute::{Dispute, Fate, Fated},
    known::Known,
    pairs::each,
    rivals,
    taken::{Outcome, Pick, Subject},
    values,
    view::View,
};
use crate::{
    catalogue::{Answer, EventClass, FieldName, PairRule, Rows, level, may_end},
    history::{Lanes, Positions},
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
        .flat_map(|c| c.conflicts())
        .filter(|fated| fated.fate == Fate::Open)
}

fn rows<'k>(known: &'k Known<'_, '_>, fated: &Fated) -> impl Iterator<Item = &'k PairRule> {
    each(fated.conflict.rows).map(|row| &known.history.rules.concurrent[row])
}

/// What a resolution settles; see `docs/rules.md`, 5.3.
pub(super) fn by_resolution(
    known: &Known<'_, '_>,
    at: usize,
    resolution: &Resolution,
    grant: &Grant,
    view: &View,
) -> Settled {
    let known_of = |ids: &mut dyn Iterator<Item = &EventId>| {
        let mut found = Positions::new(known.history.len());
        let positions = ids.filter_map(|id| known.history.order.position(id));
        positions.for_each(|of| found.insert(of));
        found
    };
    let named = known_of(&mut resolution.resolves.iter());
    let held = std::iter::once(&resolution.holds).chain(&resolution.also_hold);
    let held = known_of(&mut held.into_iter());
    let mut settled = Settled::default();
    for fated in open(view) {
        let conflict = &fated.conflict;
        if !conflict.has_part(&named)
            || is_party(known, fated, grant)
            || !is_entitled(known, fated, grant)
        {
            continue;
        }
        let objections = || conflict.objections.iter().copied();
        let (any_side, any_decision) = (
            objections().any(|of| named.has(of)),
            conflict.decisions.meets(&named),
        );
        match conflict.subject {
            Subject::Objection(objection) if any_side && any_decision => {
                let outcome = if held.has(objection) {
                    Outcome::Held
                } else {
                    Outcome::Overruled
                };
                let merges = |decision: usize| {
                    matches!(known.history.body(decision), EventBody::MarkDuplicate(_))
                };
                let is_open =
                    has_open_case(known, at, objection) && conflict.decisions.iter().any(merges);
                let may_overrule = !only_held(known, fated) && !is_open;
                if outcome == Outcome::Held || may_overrule {
                    settled.settles.push((conflict.subject, outcome));
                }
            }
            // A check or an ending of the same person can be replaced, and never holds.
            Subject::SamePerson(_)
                if any_decision && objections().any(|of| named.has(of) && held.has(of)) =>
            {
                settled.settles.push((conflict.subject, Outcome::Held));
            }
            Subject::Register(lane) => {
                let mut values = conflict.decisions.clone();
                values.keep(&named);
                let values: Vec<usize> = values.iter().collect();
                let chosen: Vec<usize> =
                    values.iter().copied().filter(|at| held.has(*at)).collect();
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
        settled.confirms = seen.filter(|of| held.has(*of)).filter(ending).collect();
    }
    settled
}

/// Whether the author made a part of the conflict, or settled it before.
fn is_party(known: &Known<'_, '_>, fated: &Fated, grant: &Grant) -> bool {
    let own = known.of_grant(grant);
    fated.conflict.has_part(&own) || fated.settlements.meets(&own)
}

/// Whether the author's level suffices for every row of the conflict.
fn is_entitled(known: &Known<'_, '_>, fated: &Fated, grant: &Grant) -> bool {
    let own = level(grant.role);
    let highest = || {
        let decisions = fated.conflict.decisions.iter();
        let grants = decisions.filter_map(|at| known.history.grants[at]);
        grants.map(|grant| level(grant.role)).max().unwrap_or(0)
    };
    rows(known, fated).all(|rule| {
        let least = match rule.register {
            Some(FieldName::Responsible) => rule.level.max(highest()),
            Some(FieldName::Transfer) => rule.level.max(highest() + 1),
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
    values.any(|value| rivals::is_fire_major(known, lane, value.at))
        && known.content(FieldName::Grade, chosen) != Some(Content::Grade(Grade::G3))
}

/// The conflicts that a check, a failed recheck or an ending answers; see `docs/rules.md`, 5.4.
pub(super) fn by_answer(
    known: &Known<'_, '_>,
    at: usize,
    grant: &Grant,
    view: &View,
) -> Vec<(Subject, Outcome)> {
    let body = known.history.body(at);
    let class = EventClass::of(body);
    let may_answer = matches!(class, EventClass::Check | EventClass::Ending)
        || matches!(body, EventBody::RecheckFail(_));
    if !may_answer || !view.is_contested() {
        return Vec::new();
    }
    let respondent = Respondent {
        known,
        at,
        grant,
        body,
        ends: matches!(
            body,
            EventBody::Close(_) | EventBody::Void(_) | EventBody::MarkDuplicate(_)
        ),
        own: known.of_grant(grant),
        is_independent: OnceCell::new(),
        may_end: OnceCell::new(),
        claims: OnceCell::new(),
        view,
    };
    open(view)
        .filter(|fated| respondent.answers(fated))
        .map(|fated| (fated.conflict.subject, Outcome::Held))
        .collect()
}

/// An event that may answer conflicts of its causal history, with what is the same for all of them.
struct Respondent<'r, 'h, 'a> {
    known: &'r Known<'h, 'a>,
    at: usize,
    grant: &'r Grant,
    body: &'a EventBody,
    /// Whether it is an ending by a reviewer. That a department calls the hazard unfounded answers nothing.
    ends: bool,
    /// The events of its author.
    own: Cow<'r, Positions>,
    is_independent: OnceCell<bool>,
    may_end: OnceCell<bool>,
    /// The newest claims of its causal history.
    claims: OnceCell<Vec<usize>>,
    view: &'r View,
}

impl Respondent<'_, '_, '_> {
    /// Whether the event answers an open conflict of its causal history.
    fn answers(&self, fated: &Fated) -> bool {
        let conflict = &fated.conflict;
        match conflict.subject {
            Subject::Register(_) | Subject::Card(_) => false,
            Subject::SamePerson(decision) => self.answers_same_person(conflict, decision),
            Subject::Objection(objection) => {
                rows(self.known, fated).all(|rule| match rule.answer {
                    None => false,
                    Some(Answer::Ending) => self.ends && self.may_end(),
                    Some(Answer::Check) => {
                        matches!(self.body, EventBody::RecheckPass(_))
                            && !self.decided_check(conflict)
                    }
                    Some(Answer::ClaimAndCheck) => match self.body {
                        EventBody::RecheckPass(_) => {
                            self.is_independent()
                                && !self.decided(conflict)
                                && self.claimed_since(conflict, objection)
                        }
                        EventBody::RecheckFail(_) => {
                            !self.made(objection)
                                && matches!(
                                    self.known.history.body(objection),
                                    EventBody::RecheckFail(_)
                                )
                                && !self.decided(conflict)
                        }
                        _ => false,
                    },
                })
            }
        }
    }

    fn answers_same_person(&self, conflict: &Dispute, decision: usize) -> bool {
        let known = self.known;
        if self.made(decision) {
            return false;
        }
        let ended = known.taken[decision].as_ref();
        if ended.is_some_and(|taken| taken.class == EventClass::Ending) {
            let same_kind = self.body.number() == known.history.body(decision).number();
            let others = conflict.objections.iter();
            return self.ends && same_kind && !others.copied().any(|other| self.made(other));
        }
        let checks = matches!(
            self.body,
            EventBody::RecheckPass(_) | EventBody::RecheckFail(_)
        );
        checks && self.is_independent()
    }

    /// Whether the author made an event.
    fn made(&self, at: usize) -> bool {
        self.own.has(at)
    }

    /// Whether the author made a decision of a conflict.
    fn decided(&self, conflict: &Dispute) -> bool {
        conflict.decisions.meets(&self.own)
    }

    /// Whether the author made a decision of a row that a check answers.
    fn decided_check(&self, conflict: &Dispute) -> bool {
        let rules = &self.known.history.rules.concurrent;
        let checks = |row: &usize| rules[*row].answer == Some(Answer::Check);
        let checks = each(conflict.rows).filter(checks);
        let checks = checks.fold(0, |all: Rows, row| all | 1 << row);
        self.decided(conflict)
            && conflict.decisions.iter().any(|decision| {
                let rows = self.known.taken[decision].as_ref().map_or(0, |t| t.rows[1]);
                rows & checks != 0 && self.made(decision)
            })
    }

    fn may_end(&self) -> bool {
        *self.may_end.get_or_init(|| {
            let grade = values::grade(self.known, self.view, self.known.ancestors(self.at));
            may_end(self.grant.role, grade)
        })
    }

    /// Whether the author made no claim of this round, nor did the author's organisation.
    fn is_independent(&self) -> bool {
        *self.is_independent.get_or_init(|| {
            let mut claims = self.view.of_round(self.known, self.at, |taken, _| {
                taken.class == EventClass::Claim
            });
            let organ = Some(self.grant.organ);
            claims.all(|claim| !self.made(claim) && self.known.organ(claim) != organ)
        })
    }

    /// Whether a claim was made by an author who had both sides of a conflict.
    fn claimed_since(&self, conflict: &Dispute, objection: usize) -> bool {
        let known = self.known;
        // What the author of one of the newest claims has not seen, the author of no earlier claim has.
        let claims = self.claims.get_or_init(|| {
            let mut claims = Positions::new(known.history.len());
            let is_claim = |at: &usize| {
                known.taken[*at]
                    .as_ref()
                    .is_some_and(|taken| taken.class == EventClass::Claim)
            };
            let seen = known.ancestors(self.at).iter().filter(is_claim);
            seen.for_each(|at| claims.insert(at));
            known.history.order.newest(&claims).iter().collect()
        });
        claims.iter().any(|claim| {
            let seen = known.ancestors(*claim);
            seen.has(objection) && seen.contains(&conflict.decisions)
        })
    }
}
