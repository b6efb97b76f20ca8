//! What an author knew: the assessment of each causal history, derived step by step where the history is linear.

use super::{
    assess::{Assessment, assess},
    in_force,
    known::{Before, Known, World},
    registers::{self, Value},
    rounds,
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
    pub(super) contest: Option<Box<Assessment>>,
    /// The maximal events of the state.
    maximal: Vec<usize>,
    /// The findings that opened a round, each with the round.
    opens: Vec<(usize, u16)>,
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
            opens: Vec::new(),
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
            contest: assessment.has_conflicts().then(|| Box::new(assessment)),
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
        let opened = self.opens.iter().find(|(of, _)| *of == at);
        opened.map_or_else(|| known.before(self.world, at).round, |(_, round)| *round)
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
pub(super) struct Views(AfterEach<View>);

impl Views {
    pub(super) fn new(history: &History<'_>) -> Self {
        Self(AfterEach::new(history))
    }

    /// The view of an author who had exactly these events and their causal histories.
    pub(super) fn at(&mut self, known: &mut Known<'_, '_>, events: &[usize]) -> View {
        let mut view = View::empty();
        for at in events {
            view = self.0.take(*at).unwrap_or_else(View::empty);
        }
        if events.len() < 2 {
            return view;
        }
        View::of(assessed(known, events, World::Contested), World::Contested)
    }

    /// Adds the view after the next event, given the view of its causal history. Returns the state after it.
    pub(super) fn push(&mut self, known: &mut Known<'_, '_>, at: usize, before: View) -> StateCode {
        let view = extended(known, at, before);
        let state = view.state;
        self.0.push(view);
        state
    }
}

/// The assessment of these events and their causal histories.
pub(super) fn assessed(known: &mut Known<'_, '_>, events: &[usize], world: World) -> Assessment {
    let mut set = Positions::new(known.history.len());
    for at in events {
        set.insert(*at);
        set.extend(&known.history.order.ancestors[*at]);
    }
    known.relate();
    assess_set(known, &set, world)
}

/// The assessment of a set.
fn assess_set(known: &Known<'_, '_>, set: &Positions, world: World) -> Assessment {
    let none = Positions::new(known.history.len());
    match known.relations() {
        Some(relations) => assess(known, relations, set, world, &none),
        None => Assessment::empty(known.history.len()),
    }
}

/// The view after an event whose author had everything in the view before it.
fn extended(known: &mut Known<'_, '_>, at: usize, mut view: View) -> View {
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
        return View::of(assessed(known, &[at], World::Contested), World::Contested);
    }
    if let Some(to) = taken.to {
        view.state = to;
        view.maximal = vec![at];
    }
    if taken.opens {
        view.opens.push((at, taken.round));
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
