//! The pairs of objections and decisions, and of the same person's parts of a two-person rule; see `docs/rules.md`, 4.1
//! and 4.2.
//!
//! Whether two events are a pair depends on the two events and their causal histories only. So each pair is found once,
//! when its second event is judged, and every assessment of a set selects from what was found.

use std::collections::HashMap;

use super::{known::Known, relations::Relations};
use crate::{
    catalogue::{EventClass, PairScope, Rows, When, may_end},
    history::{History, Positions},
    record::{EventBody, PhotoHash},
};

/// The decisions of one row that an objection is concurrent with.
#[derive(Debug)]
pub(super) struct Against {
    pub(super) row: usize,
    pub(super) decisions: Positions,
}

/// The pairs of accepted events.
pub(super) struct Pairs {
    /// The rows whose scope is an objection.
    rows: Rows,
    /// By position: the decisions that the objection is paired with, by row.
    against: Vec<Vec<Against>>,
    /// The objections with a decision.
    pub(super) objecting: Positions,
    /// The decisions with events of the same person or organisation.
    pub(super) tied: Positions,
    /// All events of a pair.
    pub(super) paired: Positions,
    /// By position: the events of the same person or organisation that the decision is paired with; empty if none.
    ties: Vec<Positions>,
    /// By row: the accepted events that may be its objection.
    objections: Vec<Positions>,
    /// By check: itself and the newest claims that its author had.
    evidence: HashMap<usize, Positions>,
    /// By photo: the events that show it.
    shown: HashMap<PhotoHash, Positions>,
}

impl Pairs {
    pub(super) fn new(history: &History<'_>) -> Self {
        let size = history.len();
        let rules = history.rules.concurrent.iter().enumerate();
        let rows = rules.filter(|(_, rule)| rule.scope == PairScope::Objection);
        Self {
            rows: rows.fold(0, |all, (row, _)| all | 1 << row),
            against: (0..size).map(|_| Vec::new()).collect(),
            objecting: Positions::new(size),
            tied: Positions::new(size),
            paired: Positions::new(size),
            ties: vec![Positions::default(); size],
            objections: vec![Positions::new(size); history.rules.concurrent.len()],
            evidence: HashMap::new(),
            shown: HashMap::new(),
        }
    }

    /// The decisions that an objection is concurrent with, by row.
    pub(super) fn against(&self, objection: usize) -> &[Against] {
        &self.against[objection]
    }

    /// The events of the same person or organisation that a decision is concurrent with; `None` if there is none.
    pub(super) fn ties(&self, decision: usize) -> Option<&Positions> {
        let ties = &self.ties[decision];
        (!ties.is_empty()).then_some(ties)
    }

    /// The objections, and the decisions of the same person, that these events may be or may be paired with.
    pub(super) fn with(
        &self,
        known: &Known<'_, '_>,
        relations: &Relations,
        events: &Positions,
    ) -> [Positions; 2] {
        let (mut objections, mut decisions) = (events.clone(), events.clone());
        for at in events.iter().filter(|at| self.paired.has(*at)) {
            let Some(taken) = &known.taken[at] else {
                continue;
            };
            let concurrent = |of: &Positions| relations.concurrent(known.history, of, at);
            for row in each(taken.rows[1] & self.rows) {
                objections.extend(&concurrent(&self.objections[row]));
            }
            let [is_party, _] = parts_of(taken.class);
            if is_party && !self.tied.is_empty() {
                decisions.extend(&concurrent(&same_side(known, at)));
            }
        }
        objections.keep(&self.objecting);
        decisions.keep(&self.tied);
        [objections, decisions]
    }

    /// Adds the pairs of the next judged event with the earlier ones, which `relations` has.
    pub(super) fn add(&mut self, known: &Known<'_, '_>, relations: &Relations, at: usize) {
        let Some(taken) = &known.taken[at] else {
            return;
        };
        self.show(known, relations, at, taken.class);
        let mut concurrent = relations.accepted.clone();
        concurrent.subtract(known.ancestors(at));
        if !concurrent.is_empty() {
            self.object(known, relations, at, taken.rows, &concurrent);
            self.tie(known, relations, at, &concurrent);
        }
        for row in each(taken.rows[0] & self.rows) {
            self.objections[row].insert(at);
        }
    }

    /// Notes which photos an event shows, and of a check, on which events it rests.
    fn show(&mut self, known: &Known<'_, '_>, relations: &Relations, at: usize, class: EventClass) {
        if !matches!(class, EventClass::Claim | EventClass::Check) {
            return;
        }
        let size = known.history.len();
        for photo in known.history.body(at).photos() {
            let showing = self.shown.entry(photo.hash);
            showing.or_insert_with(|| Positions::new(size)).insert(at);
        }
        if class == EventClass::Check {
            let mut claims = relations.claims.clone();
            claims.keep(known.ancestors(at));
            let mut evidence = known.history.order.newest(&claims);
            evidence.insert(at);
            self.evidence.insert(at, evidence);
        }
    }

    fn object(
        &mut self,
        known: &Known<'_, '_>,
        relations: &Relations,
        at: usize,
        rows: [Rows; 2],
        concurrent: &Positions,
    ) {
        for row in each(rows[0] & self.rows) {
            if !concurrent.meets(&relations.decisions[row]) {
                continue;
            }
            let mut decisions = concurrent.clone();
            decisions.keep(&relations.decisions[row]);
            if let Some(when) = known.history.rules.concurrent[row].when {
                decisions.retain(|decision| self.holds(known, when, at, decision));
            }
            if !decisions.is_empty() {
                self.paired.extend(&decisions);
                self.paired.insert(at);
                self.against[at].push(Against { row, decisions });
                self.objecting.insert(at);
            }
        }
        for row in each(rows[1] & self.rows) {
            if !concurrent.meets(&self.objections[row]) {
                continue;
            }
            let mut objections = concurrent.clone();
            objections.keep(&self.objections[row]);
            let when = known.history.rules.concurrent[row].when;
            for objection in objections.iter() {
                if when.is_some_and(|when| !self.holds(known, when, objection, at)) {
                    continue;
                }
                self.paired.insert(objection);
                self.paired.insert(at);
                let of = &mut self.against[objection];
                if let Some(found) = of.iter_mut().find(|against| against.row == row) {
                    found.decisions.insert(at);
                } else {
                    let mut decisions = Positions::new(known.history.len());
                    decisions.insert(at);
                    of.push(Against { row, decisions });
                    self.objecting.insert(objection);
                }
            }
        }
    }

    /// Adds the concurrent events that break a rule about two persons with an event.
    fn tie(
        &mut self,
        known: &Known<'_, '_>,
        relations: &Relations,
        at: usize,
        concurrent: &Positions,
    ) {
        let class = known.taken[at].as_ref().map(|taken| taken.class);
        let [is_party, is_passing] = class.map_or([false; 2], parts_of);
        if !is_party && !is_passing {
            return;
        }
        let mut same = same_side(known, at);
        same.keep(concurrent);
        let size = known.history.len();
        let mut insert = |decision: usize, other: usize| {
            let ties = &mut self.ties[decision];
            if ties.is_empty() {
                *ties = Positions::new(size);
            }
            ties.insert(other);
            self.tied.insert(decision);
            self.paired.insert(decision);
            self.paired.insert(other);
        };
        for other in same.iter() {
            if is_party && relations.passing.has(other) && is_tied(known, at, other) {
                insert(other, at);
            }
            if is_passing && relations.parties.has(other) && is_tied(known, other, at) {
                insert(at, other);
            }
        }
    }

    fn holds(&self, known: &Known<'_, '_>, when: When, objection: usize, decision: usize) -> bool {
        match when {
            When::OtherAuthor => !known.same_person(objection, decision),
            When::SameTransfer => shares_transfer(known, objection, decision),
            When::PhotoOfCheck => self.is_photo_of(known, objection, decision),
            When::AboveGrade => above_grade(known, objection, decision),
            _ => true,
        }
    }

    /// Whether the role of a photo of the check, or of a newest claim that the check's author had, was corrected.
    fn is_photo_of(&self, known: &Known<'_, '_>, correction: usize, check: usize) -> bool {
        let EventBody::PhotoRole(corrected) = known.history.body(correction) else {
            return false;
        };
        let shown = self.shown.get(&corrected.photo);
        let evidence = self.evidence.get(&check);
        matches!((shown, evidence), (Some(shown), Some(evidence)) if shown.meets(evidence))
    }
}

/// The accepted events of the author of an event, and of the author's organisation.
fn same_side(known: &Known<'_, '_>, at: usize) -> Positions {
    let mut same = known.of_author(at).into_owned();
    if let Some(of_organ) = known.organ(at).and_then(|organ| known.of_organ(organ)) {
        same.extend(of_organ);
    }
    same
}

/// The numbers of a set of rows.
pub(super) fn each(rows: Rows) -> impl Iterator<Item = usize> {
    let mut left = rows;
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let row = left.trailing_zeros() as usize;
        left &= left - 1;
        Some(row)
    })
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

/// Whether events of a class are the first part of a rule about two persons, and whether they are the second.
fn parts_of(class: EventClass) -> [bool; 2] {
    let is_check = class == EventClass::Check;
    [
        is_check || matches!(class, EventClass::Claim | EventClass::Finding),
        is_check || class == EventClass::Ending,
    ]
}

/// Whether an event and a concurrent decision of the same round break a rule about two persons.
fn is_tied(known: &Known<'_, '_>, other: usize, decision: usize) -> bool {
    let (Some(a), Some(b)) = (&known.taken[other], &known.taken[decision]) else {
        return false;
    };
    let person = known.same_person(other, decision);
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
