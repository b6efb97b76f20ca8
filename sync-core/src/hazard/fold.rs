//! The fold of a hazard: from its events and a fold context to its state.

use super::{
    assess::assess,
    dispute::{Fate, Fated},
    judge::{Judgement, judge},
    known::{Known, World},
    notices,
    state::HazardState,
    summary::{self, Amounts},
    view::{View, Views, changes, extended, followed, is_simple, joined},
};
use crate::{
    catalogue::{Catalogue, StateCode},
    history::{AfterEach, EventEntry, FoldContext, History, Positions},
};

/// Folds the events of a hazard as `docs/rules.md` says.
///
/// # Properties
/// The result depends neither on the order of `events` nor on duplicates, and the function never panics. Merging
/// concurrent events never leads to a closed, voided or merged hazard unless one author stated it and no concurrent
/// event contradicts it. The verdict on an event never changes when later or concurrent events are added.
pub(crate) fn fold_hazard(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> HazardState {
    let history = History::new(events, context, catalogue);
    let mut known = Known::new(&history);
    let mut views = Views::new(&history);
    for at in 0..history.len() {
        let knew = views.at(&known, &history.order.parents[at]);
        let contested = knew.contested.summary();
        let Judgement {
            verdict,
            taken,
            ordered,
        } = judge(&known, at, &knew);
        known.push(verdict, taken, contested, ordered);
        let after = views.push(&known, at, knew);
        known.lead_to(at, after);
    }
    let last = views.at(&known, &history.order.heads).contested;
    let amounts = effective(&mut known, views, &last);
    summary::summarise(&known, &amounts)
}

/// What all events amount to with their effects and as receipts order them.
fn effective<'a>(known: &mut Known<'_, 'a>, views: Views<'a>, last: &View) -> Amounts {
    let size = known.history.len();
    let mut baseless = Positions::new(size);
    let all_count = (0..size).all(|at| known.counts(at));
    if let (true, Some(plain)) = (all_count, last.plain(known)) {
        return Amounts {
            now: plain,
            baseless,
            notices: Vec::new(),
        };
    }
    let related = &views.related(known);
    let relations = &related.relations;
    let mut after = AfterEach::<View>::new(known.history);
    let view_of = |known: &Known<'_, 'a>,
                   after: &mut AfterEach<View>,
                   events: &[usize],
                   baseless: &Positions| {
        let views = events.iter().map(|at| after.take(*at));
        let mut views: Vec<View> = views.map(Option::unwrap_or_default).collect();
        match views.len() {
            0 | 1 => views.pop().unwrap_or_default(),
            _ => joined(known, related, World::Effective, baseless, events, &views),
        }
    };
    // A causal history that is linear, and of which every event counts, amounts to what its author knew.
    let mut is_plain = vec![true; size];
    for at in 0..size {
        let parents = &known.history.order.parents[at];
        is_plain[at] =
            parents.len() < 2 && parents.iter().all(|p| is_plain[*p] && known.counts(*p));
        let view = view_of(known, &mut after, parents, &baseless);
        let matters = known.taken[at]
            .as_ref()
            .is_some_and(|taken| taken.to.is_some() || relations.matters(at));
        let mut before = known.before(World::Contested, at);
        let mut is_blocked = false;
        if matters && !is_plain[at] {
            before = view.summary();
            is_blocked = relations.endings.has(at) && has_unanswered(known, at, &view);
        }
        known.push_effective(before);
        if relations.passing.has(at) && (is_blocked || !starts(known, at, before.state)) {
            baseless.insert(at);
        }
        let is_live = known.is_live(at, World::Effective);
        after.push(if !is_live || !changes(known, at, &view) {
            view
        } else if is_plain[at] && is_simple(known, at, &view) {
            extended(known, at, view)
        } else {
            followed(known, related, World::Effective, &baseless, at, &view)
        });
    }
    let mut all = Positions::new(size);
    (0..size).for_each(|at| all.insert(at));
    let heads = &known.history.order.heads;
    let last = view_of(known, &mut after, heads, &baseless);
    let basis = last.basis.as_deref().map(|assessment| (assessment, true));
    let now = assess(
        known,
        related,
        all.clone(),
        World::Effective,
        &baseless,
        basis,
    );
    let notices = notices::of(known, related, &all, &now);
    Amounts {
        now,
        baseless,
        notices,
    }
}

/// Whether a conflict is open in what the causal history of an ending amounts to, and the ending does not answer it.
fn has_unanswered(known: &Known<'_, '_>, ending: usize, before: &View) -> bool {
    let answers = |fated: &Fated| {
        let settles = known.taken[ending].iter().flat_map(|taken| &taken.settles);
        settles
            .into_iter()
            .any(|(subject, _)| *subject == fated.conflict.subject)
    };
    let conflicts = before
        .contest
        .iter()
        .flat_map(|contest| contest.conflicts());
    let mut open = conflicts.filter(|c| c.fate == Fate::Open);
    open.any(|fated| !answers(fated))
}

/// Whether the transition that an event takes starts from a state.
fn starts(known: &Known<'_, '_>, at: usize, state: StateCode) -> bool {
    let row = known.taken[at].as_ref().and_then(|taken| taken.row);
    row.is_none_or(|row| row.elsewhere || known.history.rules.starts_from(row, state))
}
