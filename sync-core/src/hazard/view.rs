//! What an author knew: the assessment of each causal history, derived step by step where the history is linear.

use std::rc::Rc;

use super::{
    assess::assess,
    assessment::{Assessment, Value},
    in_force,
    known::{Before, Known, World},
    pairs::each,
    registers,
    related::Related,
    rounds::{self, Opens},
    taken::Taken,
};
use crate::{
    catalogue::{EventClass, StateCode},
    history::{AfterEach, History, Lanes, Positions},
    record::EventBody,
};

/// The assessment of a set, as far as legality needs it.
#[derive(Debug, Clone)]
pub(super) struct View {
    world: World,
    /// The state; none before the hazard has begun.
    pub(super) state: StateCode,
    /// The round, from 1.
    pub(super) round: u16,
    pub(super) values: Vec<Value>,
    /// The transfers in force.
    pub(super) transfers: Vec<usize>,
    /// The whole assessment; absent while the set has no conflict, open or settled.
    pub(super) contest: Option<Rc<Assessment>>,
    /// The last whole assessment. No event since then was concurrent with another event of the set.
    pub(super) basis: Option<Rc<Assessment>>,
    /// The maximal events of the state.
    maximal: Vec<usize>,
    /// Whether the state had several maximal events here or anywhere before: receipts may order them.
    had_rivals: bool,
    /// The findings that opened a round.
    opens: Opens,
}

impl Default for View {
    /// That of no event.
    fn default() -> Self {
        Self {
            world: World::Contested,
            state: StateCode::NONE,
            round: 1,
            values: Vec::new(),
            transfers: Vec::new(),
            contest: None,
            basis: None,
            maximal: Vec::new(),
            had_rivals: false,
            opens: Opens::default(),
        }
    }
}

impl View {
    /// `had_rivals`: of one of the parts.
    fn of(assessment: Assessment, world: World, had_rivals: bool) -> Self {
        let assessment = Rc::new(assessment);
        Self {
            world,
            state: assessment.state,
            round: assessment.round,
            values: assessment.values.clone(),
            transfers: assessment.transfers.clone(),
            maximal: assessment.maximal.clone(),
            had_rivals: had_rivals || assessment.maximal.len() > 1,
            opens: assessment.opens.clone(),
            contest: assessment.has_conflicts().then(|| Rc::clone(&assessment)),
            basis: Some(assessment),
        }
    }

    /// Whether receipts could order a pair of a conflict.
    fn is_ordered_by_receipts(&self, known: &Known<'_, '_>) -> bool {
        let rules = &known.history.rules.concurrent;
        let mut conflicts = self.contest.iter().flat_map(|contest| contest.conflicts());
        conflicts.any(|fated| each(fated.conflict.rows).any(|row| rules[row].by_time.is_some()))
    }

    /// The state and the round.
    pub(super) fn summary(&self) -> Before {
        Before {
            state: self.state,
            round: self.round,
        }
    }

    /// The assessment of a set in which no two concurrent events make a pair, and at no time two of them were states at
    /// once.
    pub(super) fn plain(&self, known: &Known<'_, '_>) -> Option<Assessment> {
        let lanes = self.values.iter().map(|value| value.lane);
        let all: Lanes = lanes.clone().fold(0, |all, lane| all | lane);
        // Concurrent values of one register are notices at least.
        let concurrent = all.count_ones() as usize != lanes.count() || self.transfers.len() > 1;
        if self.contest.is_some() || self.had_rivals || concurrent {
            return None;
        }
        Some(Assessment {
            state: self.state,
            round: self.round,
            maximal: self.maximal.clone(),
            values: self.values.clone(),
            transfers: self.transfers.clone(),
            ..Assessment::empty(known.history.len())
        })
    }

    /// Whether a conflict is open.
    pub(super) fn is_contested(&self) -> bool {
        self.contest.as_ref().is_some_and(|c| c.is_contested())
    }

    /// The own round of an event of the set: that of its causal history, or the one that it opens.
    pub(super) fn own_round(&self, known: &Known<'_, '_>, at: usize) -> u16 {
        let opened = self.opens.round_of(at);
        opened.unwrap_or_else(|| known.before(self.world, at).round)
    }

    /// The accepted events of the current round in an author's causal history that satisfy `which`.
    pub(super) fn of_round<'v, 'a>(
        &'v self,
        known: &'v Known<'_, 'a>,
        at: usize,
        which: impl Fn(&Taken<'a>, &EventBody) -> bool + 'v,
    ) -> impl Iterator<Item = usize> + 'v {
        known.ancestors(at).iter().filter(move |seen| {
            known.taken[*seen].as_ref().is_some_and(|taken| {
                which(taken, known.history.body(*seen))
                    && self.own_round(known, *seen) >= self.round
            })
        })
    }
}

/// What an author knew.
pub(super) struct Knew {
    /// With every pair contested.
    pub(super) contested: View,
    /// With every pair ordered that receipts could order; `None` if there is no such pair.
    pub(super) ordered: Option<View>,
}

/// The views after each event, as their authors judged.
pub(super) struct Views<'a> {
    contested: AfterEach<View>,
    ordered: AfterEach<Option<View>>,
    /// Built when two branches meet for the first time: most hazards are linear and need none.
    related: Option<Related<'a>>,
}

impl<'a> Views<'a> {
    pub(super) fn new(history: &History<'a>) -> Self {
        Self {
            contested: AfterEach::new(history),
            ordered: AfterEach::new(history),
            related: None,
        }
    }

    /// What an author knew who had exactly these events and their causal histories.
    pub(super) fn at(&mut self, known: &Known<'_, 'a>, events: &[usize]) -> Knew {
        let contested = events.iter().map(|at| self.contested.take(*at));
        let contested: Vec<View> = contested.map(Option::unwrap_or_default).collect();
        let ordered = events.iter().map(|at| self.ordered.take(*at));
        let ordered: Vec<Option<View>> = ordered.map(Option::unwrap_or_default).collect();
        if events.len() < 2 {
            return Knew {
                contested: contested.into_iter().next().unwrap_or_default(),
                ordered: ordered.into_iter().next().flatten(),
            };
        }
        let none = Positions::new(known.history.len());
        let related = self.related.get_or_insert_with(|| Related::of(known));
        let contested = joined(known, related, World::Contested, &none, events, &contested);
        let ordered = contested.is_ordered_by_receipts(known).then(|| {
            let ordered: Vec<View> = ordered.into_iter().flatten().collect();
            joined(known, related, World::Ordered, &none, events, &ordered)
        });
        Knew { contested, ordered }
    }

    /// Adds the views after the next event, given what its author knew. Returns the state after it.
    pub(super) fn push(&mut self, known: &Known<'_, 'a>, at: usize, before: Knew) -> StateCode {
        if let Some(related) = &mut self.related {
            related.add(known, at);
        }
        let none = Positions::new(known.history.len());
        let mut step = |world: World, view: View| {
            if !changes(known, at, &view) {
                return view;
            }
            let is_plain = world == World::Contested && view.contest.is_none();
            match (is_plain, is_simple(known, at, &view)) {
                (true, true) => extended(known, at, view),
                _ => {
                    let related = self.related.get_or_insert_with(|| Related::of(known));
                    followed(known, related, world, &none, at, &view)
                }
            }
        };
        let contested = step(World::Contested, before.contested);
        let ordered = before.ordered.map(|view| step(World::Ordered, view));
        let state = contested.state;
        self.contested.push(contested);
        self.ordered.push(ordered);
        state
    }

    /// How the events relate.
    pub(super) fn related(self, known: &Known<'_, 'a>) -> Related<'a> {
        self.related.unwrap_or_else(|| Related::of(known))
    }
}

/// The view of several events, whose views are given, and their causal histories.
pub(super) fn joined<'a>(
    known: &Known<'_, 'a>,
    related: &Related<'a>,
    world: World,
    baseless: &Positions,
    events: &[usize],
    views: &[View],
) -> View {
    let mut set = Positions::new(known.history.len());
    for at in events {
        set.insert(*at);
        set.extend(known.ancestors(*at));
    }
    let bases = views.iter().filter_map(|view| view.basis.as_deref());
    let basis = bases.max_by_key(|basis| basis.set.count());
    let basis = basis.map(|assessment| (assessment, false));
    let had_rivals = views.iter().any(|view| view.had_rivals);
    View::of(
        assess(known, related, set, world, baseless, basis),
        world,
        had_rivals,
    )
}

/// The view after an event whose author had everything in the view before it.
pub(super) fn followed<'a>(
    known: &Known<'_, 'a>,
    related: &Related<'a>,
    world: World,
    baseless: &Positions,
    at: usize,
    view: &View,
) -> View {
    let mut set = known.ancestors(at).clone();
    set.insert(at);
    let basis = view.basis.as_deref().map(|assessment| (assessment, true));
    View::of(
        assess(known, related, set, world, baseless, basis),
        world,
        view.had_rivals,
    )
}

/// Whether an event changes a view of its causal history.
pub(super) fn changes(known: &Known<'_, '_>, at: usize, view: &View) -> bool {
    let Some(taken) = &known.taken[at] else {
        return false;
    };
    taken.to.is_some()
        || taken.lanes != 0
        || !taken.settles.is_empty()
        || matches!(
            known.history.body(at),
            EventBody::Transfer(_)
                | EventBody::TransferReturn(_)
                | EventBody::TransferWithdraw(_)
                | EventBody::Unmerge(_)
        )
        || recurs(taken, view)
}

/// Whether a finding opens a round although its author knew a state that it leaves.
fn recurs(taken: &Taken<'_>, view: &View) -> bool {
    taken.class == EventClass::Finding && taken.to.is_none() && rounds::is_ended(view.state)
}

/// Whether the view after an event follows from the view before it, if that has no conflict.
pub(super) fn is_simple(known: &Known<'_, '_>, at: usize, view: &View) -> bool {
    !matches!(known.history.body(at), EventBody::Unmerge(_))
        && known.taken[at]
            .as_ref()
            .is_some_and(|taken| !recurs(taken, view))
}

/// The view after an event whose author had everything in the view before it, which has no conflict.
pub(super) fn extended(known: &Known<'_, '_>, at: usize, mut view: View) -> View {
    let Some(taken) = &known.taken[at] else {
        return view;
    };
    if let Some(to) = taken.to {
        view.state = to;
        view.maximal = vec![at];
    }
    if taken.opens {
        view.opens.add(at, taken.round);
        view.round = view.round.max(taken.round);
        view.transfers.clear();
    }
    match known.history.body(at) {
        EventBody::Transfer(_) => view.transfers.push(at),
        EventBody::TransferReturn(_) | EventBody::TransferWithdraw(_) => view
            .transfers
            .retain(|transfer| !in_force::ends_transfer(known, *transfer, at)),
        _ => {}
    }
    registers::add(known, &mut view.values, at);
    view
}
