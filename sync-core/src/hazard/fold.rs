//! The fold of a hazard: from its events and a fold context to its state.

use super::{
    frontier::HazardFrontier, guard::Situation, judge::judge, state::HazardState, summary,
};
use crate::{
    catalogue::Catalogue,
    history::{EventEntry, FoldContext, Frontiers, History, Verdict},
    record::EventBody,
};

/// Folds the events of a hazard.
///
/// # Properties
/// The result depends neither on the order of `events` nor on duplicates, and the function never panics. Merging
/// concurrent events never leads to a closed, voided or merged hazard unless one author stated it and no concurrent
/// event contradicts it.
pub(crate) fn fold_hazard(
    events: &[EventEntry],
    context: &FoldContext<'_>,
    catalogue: &Catalogue,
) -> HazardState {
    let history = History::new(events, context, catalogue);
    let mut frontiers = Frontiers::<HazardFrontier>::new(&history);
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(history.len());
    let mut first: Option<usize> = None;
    for at in 0..history.len() {
        let known = frontiers.at(&history.order.parents[at], &history);
        let begun = first.and_then(|at| match history.body(at) {
            EventBody::Observe(o) => Some((o, history.entry(at).event.claimed)),
            _ => None,
        });
        let situation = Situation {
            at,
            history: &history,
            verdicts: &verdicts,
            area: begun.map(|(o, _)| &o.area),
            first: begun,
        };
        let judgement = judge(&situation, known);
        let accepted = matches!(judgement.verdict, Verdict::Accepted { .. });
        if accepted && first.is_none() && matches!(history.body(at), EventBody::Observe(_)) {
            first = Some(at);
        }
        frontiers.push(judgement.frontier);
        verdicts.push(judgement.verdict);
    }
    let now = frontiers.at(&history.order.heads, &history);
    summary::summarise(&history, first, &now, verdicts)
}
