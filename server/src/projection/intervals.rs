//! The intervals of a document: what the server knew of it from one receipt to the next. Figures are computed from them.
//!
//! Receipts of the server do not decrease, so an interval that ended does not change: only receipts after the newest one
//! that is covered are folded. One exception: after a restore an author's device proves an earlier receipt. Then all
//! intervals of the document are computed again.

use std::collections::{BTreeMap, HashMap};

use sync_core::{
    catalogue::StateCode,
    document::{DocumentState, Folded, OpenDocument, Timeline},
    hazard::quantity::PARTS,
    history::Revocations,
    inspection,
    record::{CompoundId, Grant, GrantId, ServerTime},
};

use super::amounts::amounts;
use crate::storage::{
    activities::{QuantityRow, VisitRow},
    docs::Doc,
    spans::{HazardSpan, LASTS},
};

/// The intervals of one document.
#[derive(Debug, Clone, Default)]
pub(super) struct Intervals {
    /// The newest receipt that they cover.
    pub(super) known_at: Option<ServerTime>,
    /// The receipts that they cover, as one number (`Receipts::covered`).
    pub(super) known_receipts: i64,
    pub(super) spans: Vec<HazardSpan>,
    pub(super) quantities: Vec<QuantityRow>,
    pub(super) visits: Vec<VisitRow>,
}

/// A building or an entrance of a compound.
type PlaceOf = (CompoundId, String, String);

impl Intervals {
    /// Adds the receipts that are not covered yet. `folded`: the document with all its events.
    pub(super) fn extend(
        &mut self,
        doc: &Doc,
        document: &mut OpenDocument,
        folded: &Folded<'_>,
        grants: &HashMap<GrantId, Grant>,
        revoked: &Revocations,
    ) {
        let timeline = document.timeline();
        let receipts = timeline.receipts();
        let mut times = timeline.times();
        if receipts.covered(self.known_at) == self.known_receipts {
            times.retain(|at| self.known_at.is_none_or(|known| *at > known));
        } else {
            *self = Self::default();
        }
        let last = times.pop();
        for at in times {
            self.add(doc, at, &timeline.fold(grants, revoked, at));
        }
        match last {
            Some(last) if last == receipts.newest() => self.add(doc, last, folded),
            Some(last) => self.add(doc, last, &timeline.fold(grants, revoked, last)),
            None => {}
        }
        self.known_at = Some(receipts.newest());
        self.known_receipts = receipts.covered(self.known_at);
    }

    /// Adds what became known with the receipts of one time.
    fn add(&mut self, doc: &Doc, at: ServerTime, folded: &Folded<'_>) {
        self.add_span(span(doc, at, folded), at);
        self.add_amounts(doc, at, folded);
        self.add_visits(doc, at, folded);
    }

    fn add_span(&mut self, span: Option<HazardSpan>, at: ServerTime) {
        let found_at = self.spans.first().map(|first| first.found_at);
        let last = self.spans.last_mut().filter(|last| last.until == LASTS);
        let Some(mut new) = span else {
            last.into_iter().for_each(|last| last.until = at);
            return;
        };
        new.found_at = found_at.unwrap_or(new.found_at);
        if let Some(last) = last {
            if is_same(last, &new) {
                return;
            }
            last.until = at;
        }
        self.spans.push(new);
    }

    fn add_amounts(&mut self, doc: &Doc, at: ServerTime, folded: &Folded<'_>) {
        let mut totals: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in self.quantities.iter().filter(|row| row.until == LASTS) {
            totals.insert((row.name.clone(), row.detail.clone()), 0);
        }
        // Work on a hazard counts once the hazard was in the ledger.
        let counts = folded.hazard().is_none() || !self.spans.is_empty();
        for (name, detail, milli) in amounts(folded).into_iter().filter(|_| counts) {
            *totals.entry((name, detail)).or_default() += milli;
        }
        let of = |name: &str| PARTS.iter().find(|(part, _)| *part == name);
        // What a part belongs to is known before the part.
        let (parts, wholes): (Vec<_>, Vec<_>) = totals
            .into_iter()
            .partition(|((name, _), _)| of(name).is_some());
        // All amounts of an activity or inspection belong to the period in which it first counted.
        let first = self.quantities.iter().map(|row| row.at).min();
        let same = first.filter(|_| folded.hazard().is_none());
        let period = same.unwrap_or_else(|| period(at, folded));
        for ((name, detail), total) in wholes {
            self.set(doc, at, (&name, &detail), total, period);
        }
        for ((name, _), total) in parts {
            if let Some((_, whole)) = of(&name) {
                self.set_part(doc, at, (&name, whole), total, period);
            }
        }
    }

    /// The amount of a name that is in force.
    fn total(&self, name: &str, detail: &str) -> i64 {
        let rows = self.quantities.iter().filter(|row| row.until == LASTS);
        rows.filter(|row| row.name == name && row.detail == detail)
            .map(|row| row.milli)
            .sum()
    }

    /// Makes the amount of a name `total`: what is missing begins now, what is too much ends now, the newest first.
    fn set(
        &mut self,
        doc: &Doc,
        now: ServerTime,
        (name, detail): (&str, &str),
        total: i64,
        period: ServerTime,
    ) {
        let mut excess = self.total(name, detail) - total;
        while excess > 0 {
            let mut rows = self.quantities.iter_mut().rev();
            let last = rows.find(|row| {
                row.until == LASTS && row.name == name && row.detail == detail && row.milli > 0
            });
            let Some(last) = last else { break };
            last.until = now;
            excess -= last.milli;
            if excess < 0 {
                let (at, rest) = (last.at, -excess);
                self.push(doc, now, (name, detail), at, rest);
                excess = 0;
            }
        }
        if excess < 0 {
            self.push(doc, now, (name, detail), period, -excess);
        }
    }

    /// Makes the amount of a part `total`. Each unit belongs to the period of the unit of the whole that it is a part
    /// of, so that in no period a part is more than the whole.
    fn set_part(
        &mut self,
        doc: &Doc,
        now: ServerTime,
        (part, whole): (&str, &str),
        total: i64,
        period: ServerTime,
    ) {
        if self.total(part, "") == total {
            return;
        }
        self.set(doc, now, (part, ""), 0, period);
        let rows = self.quantities.iter().filter(|row| row.until == LASTS);
        let rows = rows.filter(|row| row.name == whole);
        let wholes: Vec<_> = rows.map(|row| (row.at, row.milli)).collect();
        let mut left = total;
        for (at, milli) in wholes {
            let own = left.min(milli);
            if own > 0 {
                self.push(doc, now, (part, ""), at, own);
                left -= own;
            }
        }
    }

    fn push(
        &mut self,
        doc: &Doc,
        since: ServerTime,
        (name, detail): (&str, &str),
        at: ServerTime,
        milli: i64,
    ) {
        let of_name = self.quantities.iter().filter(|row| row.name == name);
        let n = of_name.map(|row| row.n).max().unwrap_or(0) + 1;
        self.quantities.push(QuantityRow {
            space: doc.space.clone(),
            doc: doc.id,
            name: name.to_owned(),
            n,
            path: doc.path.clone(),
            at,
            since,
            until: LASTS,
            milli,
            detail: detail.to_owned(),
        });
    }

    fn add_visits(&mut self, doc: &Doc, now: ServerTime, folded: &Folded<'_>) {
        let mut reached: BTreeMap<PlaceOf, bool> = BTreeMap::new();
        if let DocumentState::Inspection(state) = folded.state() {
            for place in inspection::inspected(state) {
                let place = (place.compound, place.building, place.unit);
                reached.insert(place, state.counts);
            }
        }
        for row in self.visits.iter_mut().filter(|row| row.until == LASTS) {
            let place = (row.compound, row.building.clone(), row.unit.clone());
            if reached.get(&place) == Some(&row.finished) {
                reached.remove(&place);
            } else {
                row.until = now;
            }
        }
        for ((compound, building, unit), finished) in reached {
            self.visits.push(VisitRow {
                space: doc.space.clone(),
                doc: doc.id,
                compound,
                building,
                unit,
                since: now,
                until: LASTS,
                finished,
            });
        }
    }
}

/// The time whose period something belongs to that became known at a time.
fn period(at: ServerTime, folded: &Folded<'_>) -> ServerTime {
    if at == Timeline::ALWAYS {
        // Its receipt is not stored, from before receipts were.
        return ServerTime(folded.list_row().found);
    }
    at
}

/// Whether two intervals of a hazard state the same.
fn is_same(a: &HazardSpan, b: &HazardSpan) -> bool {
    let all = |s: &HazardSpan| {
        (
            (s.state, s.last_open, s.cycle, s.due, s.found_at),
            (s.grade.clone(), s.code.clone(), s.category.clone()),
            s.targets.clone(),
        )
    };
    all(a) == all(b)
}

/// What is known of a hazard from a time on; `None` before a valid event has begun it.
fn span(doc: &Doc, at: ServerTime, folded: &Folded<'_>) -> Option<HazardSpan> {
    let of = folded.hazard()?;
    let state = of.state();
    if state.state == StateCode::NONE {
        return None;
    }
    let list = folded.list_row();
    let kind = folded.catalogue().kind(&list.code, state.edition);
    let due = of.trusted_due(doc.id).filter(|due| due.certain);
    let targets = of.group_member(doc.id).duplicate_of;
    Some(HazardSpan {
        space: doc.space.clone(),
        doc: doc.id,
        since: at,
        until: LASTS,
        path: doc.path.clone(),
        state: state.state,
        last_open: of.last_open(),
        grade: state.grade.map(|g| g.name().to_owned()).unwrap_or_default(),
        category: kind.map(|k| k.category.clone()).unwrap_or_default(),
        code: list.code,
        cycle: state.cycle,
        found_at: period(at, folded),
        due: due.map(|due| due.at),
        targets: targets.iter().flat_map(|id| id.0).collect(),
    })
}
