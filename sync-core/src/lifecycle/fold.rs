//! The fold: events in, state out.

use super::{
    case::Case,
    guard::Situation,
    judge::judge,
    state::{Grants, HazardState, Stated, Verdict},
    summary,
    view::View,
};
use crate::{catalogue::Catalogue, record::EventBody};

/// What a hazard's events mean together.
///
/// # Properties
/// The result does not depend on the order of `events` nor on doubles; it never panics; no merge of what several
/// people did apart leads to a closed, voided or merged hazard unless one of them said so and nobody else objects.
pub fn fold(events: &[Stated], grants: &impl Grants, catalogue: &Catalogue) -> HazardState {
    let case = Case::new(events, grants, catalogue);
    let mut views = Views::new(&case);
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(case.len());
    let mut first: Option<usize> = None;
    for at in 0..case.len() {
        let seen = views.of(&case.ordered.parents[at], &case);
        let begun = first.and_then(|at| match case.body(at) {
            EventBody::Observe(o) => Some((o, case.stated(at).event.claimed)),
            _ => None,
        });
        let situation = Situation {
            at,
            case: &case,
            verdicts: &verdicts,
            area: begun.map(|(o, _)| &o.area),
            first: begun,
        };
        let judgement = judge(&situation, seen);
        let accepted = matches!(judgement.verdict, Verdict::Accepted { .. });
        if accepted && first.is_none() && matches!(case.body(at), EventBody::Observe(_)) {
            first = Some(at);
        }
        views.put(at, judgement.view);
        verdicts.push(judgement.verdict);
    }
    let now = views.of(&case.ordered.heads, &case);
    summary::summarise(&case, first, &now, verdicts)
}

/// What held after each event. A view that nobody needs any more is handed on, not copied.
struct Views {
    held: Vec<Option<View>>,
    /// How often each will still be asked for.
    asked: Vec<usize>,
}

impl Views {
    fn new(case: &Case<'_>) -> Self {
        let mut asked = vec![0; case.len()];
        let parents = case.ordered.parents.iter().flatten();
        for at in parents.chain(&case.ordered.heads) {
            asked[*at] += 1;
        }
        Self {
            held: Vec::with_capacity(case.len()),
            asked,
        }
    }

    fn put(&mut self, at: usize, view: View) {
        debug_assert_eq!(at, self.held.len());
        self.held.push(Some(view));
    }

    /// What somebody knew who had seen these.
    fn of(&mut self, seen: &[usize], case: &Case<'_>) -> View {
        let mut views = Vec::with_capacity(seen.len());
        for at in seen {
            self.asked[*at] -= 1;
            let held = &mut self.held[*at];
            let view = if self.asked[*at] == 0 {
                held.take()
            } else {
                held.clone()
            };
            views.extend(view);
        }
        View::merge(views, case)
    }
}
