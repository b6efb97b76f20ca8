//! What an author knew: the assessment of each causal history, derived step by step where the history is linear.

use std::rc::Rc;

use super::{
    assess::{Assessment, assess},
    in_force,
    known::{Before, Known, World},
    pairs::each,
    registers::{self, Value},
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
    /// The maximal events of the state.
    maximal: Vec<usize>,
    /// The findings that opened a round.
    opens: Opens,
}

impl View {
    /// That of no event.
    fn empty() -> Self {
        Self {
            world: World::Contested,
            state: StateCode::NONE,
            round: 1,
            values: Vec::new(),
            transfers: Vec::new(),
            contest: None,
            maximal: Vec::new(),
            opens: Opens::default(),
        }
    }

    pub(super) fn of(assessment: Assessment, world: World) -> Self {
        Self {
            world,
            state: assessment.state,
            round: assessment.round,
            values: assessment.values.clone(),
            transfers: assessment.transfers.clone(),
            maximal: assessment.maximal.clone(),
            opens: assessment.opens.clone(),
            contest: assessment.has_conflicts().then(|| Rc::new(assessment)),
        }
    }

    /// The state and the round.
    pub(super) fn summary(&self) -> Before {
        Before {
            state: self.state,
            round: self.round,
        }
    }

    /// The assessment of a set in which no two concurrent events made a pair, or were states at once.
    pub(super) fn plain(&self, known: &Known<'_, '_>) -> Option<Assessment> {
        let lanes = self.values.iter().map(|value| value.lane);
        let all: Lanes = lanes.clone().fold(0, |all, lane| all | lane);
        // Concurrent values of one register are notices at least.
        let concurrent = all.count_ones() as usize != lanes.count() || self.transfers.len() > 1;
        if self.contest.is_some() || self.maximal.len() > 1 || concurrent {
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

/// The view after each event.
pub(super) struct Views<'a> {
    after: AfterEach<View>,
    /// Built when two branches meet for the first time: most hazards are linear and need none.
    related: Option<Related<'a>>,
}

impl<'a> Views<'a> {
    pub(super) fn new(history: &History<'a>) -> Self {
        Self {
            after: AfterEach::new(history),
            related: None,
        }
    }

    /// The view of an author who had exactly these events and their causal histories.
    pub(super) fn at(&mut self, known: &Known<'_, 'a>, events: &[usize]) -> View {
        let mut view = View::empty();
        for at in events {
            view = self.after.take(*at).unwrap_or_else(View::empty);
        }
        if events.len() < 2 {
            return view;
        }
        self.assessed(known, events, World::Contested)
    }

    /// What the author of an event knew if receipts order every pair that they could order; `None` if there is no such
    /// pair. `view`: what the author knew if they order none.
    pub(super) fn ordered(
        &mut self,
        known: &Known<'_, 'a>,
        at: usize,
        view: &View,
    ) -> Option<View> {
        let contest = view.contest.as_ref()?;
        let rules = &known.history.rules.concurrent;
        let mut conflicts = contest.conflicts.iter();
        let by_time = conflicts.any(|fated| {
            each(fated.conflict.rows).any(|row| rules[row].by_time.is_some())
        });
        by_time.then(|| self.assessed(known, &known.history.order.parents[at], World::Ordered))
    }

    /// Adds the view after the next event, given the view of its causal history. Returns the state after it.
    pub(super) fn push(&mut self, known: &Known<'_, 'a>, at: usize, before: View) -> StateCode {
        if let Some(related) = &mut self.related {
            related.add(known, at);
        }
        let view = self.extended(known, at, before);
        let state = view.state;
        self.after.push(view);
        state
    }

    /// How the events relate.
    pub(super) fn related(self, known: &Known<'_, 'a>) -> Related<'a> {
        self.related.unwrap_or_else(|| Related::of(known))
    }

    /// The view of these events and their causal histories.
    fn assessed(&mut self, known: &Known<'_, 'a>, events: &[usize], world: World) -> View {
        let mut set = Positions::new(known.history.len());
        for at in events {
            set.insert(*at);
            set.extend(known.ancestors(*at));
        }
        let none = Positions::new(known.history.len());
        let related = self.related.get_or_insert_with(|| Related::of(known));
        View::of(assess(known, related, &set, world, &none), world)
    }

/// The view after an event whose author had everything in the view before it.
fn extended(&mut self, known: &Known<'_, 'a>, at: usize, mut view: View) -> View {
    let Some(taken) = &known.taken[at] else {
        return view;
    };
    let body = known.history.body(at);
    let ends_transfer = matches!(
        body,
        EventBody::TransferReturn(_) | EventBody::TransferWithdraw(_)
    );
    let unmerges = matches!(body, EventBody::Unmerge(_));
    // A finding opens a round after an ending, also if its author knew a state that it leaves.
    let recurs =
        taken.class == EventClass::Finding && taken.to.is_none() && rounds::is_ended(view.state);
    let changes = taken.to.is_some()
        || taken.lanes != 0
        || !taken.settles.is_empty()
        || matches!(body, EventBody::Transfer(_))
        || ends_transfer
        || unmerges
        || recurs;
    if !changes {
        return view;
    }
    if view.contest.is_some() || unmerges || recurs {
        return self.assessed(known, &[at], World::Contested);
    }
    if let Some(to) = taken.to {
        view.state = to;
        view.maximal = vec![at];
    }
    if taken.opens {
        view.opens.add(at, taken.round);
        view.round = view.round.max(taken.round);
        view.transfers.clear();
    }
    if matches!(body, EventBody::Transfer(_)) {
        view.transfers.push(at);
    }
    if ends_transfer {
        view.transfers
            .retain(|transfer| !in_force::ends_transfer(known, *transfer, at));
    }
    registers::add(known, &mut view.values, at);
    view
}
}
