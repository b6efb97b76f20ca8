//! What somebody knew: the statements that nothing had yet overtaken, and the conflicts among them.

use super::{case::Case, relation};
use crate::{
    catalogue::{Class, Concern, FieldName, PairResult, Provisional, StateCode},
    record::EventBody,
};

/// The lane of the state; each field has a lane of its own (`FieldName::bit`).
pub(super) const STATE: u16 = 1;

/// A statement that nothing has overtaken in its lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) at: usize,
    /// Where it led.
    pub(super) state: StateCode,
    /// Where it began.
    pub(super) from: StateCode,
    pub(super) cycle: u16,
    pub(super) sighting: bool,
    /// What it still speaks about.
    pub(super) lanes: u16,
}

impl Member {
    pub(super) fn is_state(&self) -> bool {
        self.lanes & STATE != 0
    }
}

/// Two events apart and the row of the table that is about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meeting {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) row: u16,
}

/// Multi-value registers, one for the state and one for each field: no member of a lane had seen another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct View {
    /// By position.
    pub(super) members: Vec<Member>,
    /// Of class C.
    pub(super) conflicts: Vec<Meeting>,
    /// Of class B: a rule decided.
    pub(super) notices: Vec<Meeting>,
    /// Conflicts that a resolution ended, with its position.
    pub(super) resolved: Vec<(usize, usize, usize)>,
}

fn unite<T: Ord + Copy>(into: &mut Vec<T>, more: &[T]) {
    if !more.is_empty() {
        into.extend_from_slice(more);
        into.sort_unstable();
        into.dedup();
    }
}

/// Whether `n` puts an end to what `m` says in this lane.
fn overtakes(case: &Case<'_>, lane: u16, n: &Member, m: &Member) -> bool {
    if n.lanes & lane == 0 || !case.had_seen(n.at, m.at) {
        return false;
    }
    if let EventBody::Resolve(resolution) = case.body(n.at) {
        // A decision ends what it names and what that had overtaken, and nothing else that was open.
        let named = |id| {
            let at = case.ordered.position(id);
            at.is_some_and(|at| at == m.at || case.had_seen(at, m.at))
        };
        return m.sighting || resolution.resolves.iter().any(named);
    }
    if lane != STATE {
        return lane & case.rules.additive_fields() == 0;
    }
    // A sighting overtakes only sightings of its kind: else a look would hide whom it agreed with.
    !n.sighting || (m.sighting && case.body(n.at).number() == case.body(m.at).number())
}

impl View {
    /// Brings together what several authors knew. One alone knew all of it already.
    pub(super) fn merge(mut views: Vec<Self>, case: &Case<'_>) -> Self {
        if views.len() < 2 {
            return views.pop().unwrap_or_default();
        }
        let mut merged = Self::default();
        let mut all: Vec<Member> = Vec::new();
        for view in views {
            all.extend(view.members);
            unite(&mut merged.conflicts, &view.conflicts);
            unite(&mut merged.notices, &view.notices);
            unite(&mut merged.resolved, &view.resolved);
        }
        all.sort_unstable();
        all.dedup_by(|next, kept| {
            let same = next.at == kept.at;
            if same {
                kept.lanes |= next.lanes;
            }
            same
        });
        merged.members = Self::left(case, &all);
        merged.meet(case);
        merged
    }

    /// What nothing has overtaken.
    pub(super) fn left(case: &Case<'_>, all: &[Member]) -> Vec<Member> {
        let lanes_left = |m: &Member| {
            let mut left = m.lanes;
            for n in all.iter().filter(|n| n.at > m.at) {
                let mut shared = m.lanes & n.lanes;
                while shared != 0 {
                    let lane = shared & shared.wrapping_neg();
                    shared &= !lane;
                    if left & lane != 0 && overtakes(case, lane, n, m) {
                        left &= !lane;
                    }
                }
            }
            left
        };
        let member = |m: &Member| Member {
            lanes: lanes_left(m),
            ..*m
        };
        all.iter().map(member).filter(|m| m.lanes != 0).collect()
    }

    /// Enters every disagreement among the members.
    fn meet(&mut self, case: &Case<'_>) {
        let (mut conflicts, mut notices) = (Vec::new(), Vec::new());
        for (a, b, row) in self.relations(case) {
            let meeting = Meeting {
                a: a.at,
                b: b.at,
                row,
            };
            match case.rules.row(row).class {
                Class::A => {}
                Class::B => notices.push(meeting),
                Class::C => conflicts.push(meeting),
            }
        }
        // The first word about two events stands: what overtook a lane of theirs changes nothing between them.
        let known = |list: &[Meeting], m: &Meeting| list.iter().any(|k| (k.a, k.b) == (m.a, m.b));
        conflicts.retain(|m| !known(&self.conflicts, m));
        unite(&mut self.conflicts, &conflicts);
        unite(&mut self.notices, &notices);
    }

    /// Members apart, two by two, that the table has a row for.
    fn relations<'v>(
        &'v self,
        case: &'v Case<'_>,
    ) -> impl Iterator<Item = (&'v Member, &'v Member, u16)> {
        self.apart(case)
            .filter_map(|(a, b)| relation::between(case, a, b).map(|row| (a, b, row)))
    }

    fn apart<'v>(&'v self, case: &'v Case<'_>) -> impl Iterator<Item = (&'v Member, &'v Member)> {
        let with = move |i: usize| {
            self.members[i + 1..]
                .iter()
                .map(move |b| (&self.members[i], b))
        };
        (0..self.members.len())
            .flat_map(with)
            // Members lie in order, so only the later one can have seen the other.
            .filter(|(a, b)| !case.had_seen(b.at, a.at))
    }

    /// Members that speak about the state.
    pub(super) fn states(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.is_state())
    }

    /// Members that speak about a field.
    pub(super) fn field(&self, field: FieldName) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |m| m.holds_field(field))
    }

    /// Conflicts that no resolution has ended.
    pub(super) fn open_conflicts(&self) -> impl Iterator<Item = &Meeting> {
        let ended = |m: &Meeting| self.resolved.iter().any(|(a, b, _)| (*a, *b) == (m.a, m.b));
        self.conflicts.iter().filter(move |m| !ended(m))
    }

    /// Whether closing waits for a decision.
    pub(super) fn is_contested(&self, case: &Case<'_>) -> bool {
        self.open_conflicts()
            .any(|m| case.rules.row(m.row).concerns == Concern::Hazard)
    }

    /// The state that holds: the most open of the members, or what the row of a pair says.
    pub(super) fn effective(&self, case: &Case<'_>) -> Option<StateCode> {
        let rules = case.rules;
        let most_open = |states: &mut dyn Iterator<Item = StateCode>| {
            states.max_by_key(|state| (rules.rank(*state), std::cmp::Reverse(*state)))
        };
        let mut left: Vec<(usize, Option<StateCode>)> =
            self.states().map(|m| (m.at, Some(m.state))).collect();
        if left.len() == 1 && self.members.len() == 1 {
            return left[0].1;
        }
        let mut named = Vec::new();
        for (a, b) in self.apart(case) {
            self.weigh(case, (a, b), &mut left, &mut named);
        }
        let holds = most_open(&mut left.iter().filter_map(|(_, s)| *s).chain(named))?;
        if rules.is_open(holds) || !self.is_contested(case) {
            return Some(holds);
        }
        // Ended while somebody objects: until that is decided, nobody has ended it.
        let before = most_open(&mut self.states().map(|m| m.from))?;
        Some(if rules.is_open(before) {
            before
        } else {
            rules.unsettled
        })
    }

    /// Applies what the table says about two members apart.
    fn weigh(
        &self,
        case: &Case<'_>,
        (a, b): (&Member, &Member),
        left: &mut [(usize, Option<StateCode>)],
        named: &mut Vec<StateCode>,
    ) {
        let rules = case.rules;
        let mut set = |at: usize, state: Option<StateCode>| {
            if let Some(slot) = left.iter_mut().find(|(of, _)| *of == at) {
                slot.1 = slot.1.and(state);
            }
        };
        let both = a.is_state() && b.is_state();
        let Some(row) = relation::between(case, a, b) else {
            // A sighting that contradicts nothing does not hold the other back.
            match (both, a.sighting, b.sighting) {
                (true, true, false) => set(a.at, None),
                (true, false, true) => set(b.at, None),
                _ => {}
            }
            return;
        };
        let row = rules.row(row);
        let (first, second) = relation::first_of(case, row, a, b);
        match row.result {
            PairResult::State(state) => named.push(state),
            PairResult::Rule(Provisional::LessOpen) if both => {
                let a_is_more = rules.rank(a.state) > rules.rank(b.state);
                set(if a_is_more { a.at } else { b.at }, None);
            }
            // Beside another state it is as if it had not been said; alone, what was before it holds.
            PairResult::Rule(Provisional::AUndone) => set(first.at, (!both).then_some(first.from)),
            PairResult::Rule(Provisional::BUndone) => {
                set(second.at, (!both).then_some(second.from));
            }
            PairResult::Rule(Provisional::Sequence) => {
                if let Some((earlier, _)) = relation::by_time(case, a, b) {
                    set(earlier.at, None);
                }
            }
            PairResult::Rule(_) => {}
        }
    }

    /// The cycle that somebody stated.
    pub(super) fn round(&self) -> u16 {
        self.states().map(|m| m.cycle).max().unwrap_or(0)
    }

    /// The cycle that holds: one more while an open conflict says that the hazard is back.
    pub(super) fn cycle(&self, case: &Case<'_>) -> u16 {
        let recurs = |m: &Meeting| {
            let current = |at: usize| self.states().any(|s| s.at == at);
            case.rules.row(m.row).recurs && current(m.a) && current(m.b)
        };
        self.round() + u16::from(self.open_conflicts().any(recurs))
    }
}
