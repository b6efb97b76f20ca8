//! What somebody knew who had seen certain events: which statements nothing had overtaken, and how the whole stood.

use super::state::{State, Verdict};
use crate::{
    lifecycle::{Case, Stated, VoidReason, authority},
    record::{EventBody, Grant},
};

/// What holds for somebody.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// Statements that decide and that no other one had seen: begin, content, close, withdraw.
    pub(super) heads: Vec<usize>,
    /// Statements of content that no other one had seen.
    pub(super) content: Vec<usize>,
    /// An event of a newer version is among what was seen.
    pub(super) unknown: bool,
}

/// What a statement is in the life of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It says what is so.
    Content,
    /// It closes exactly what its author had seen.
    Closes,
    /// It takes everything back.
    Withdraws,
    /// It adds something.
    Adds,
}

/// What an event is in the life of a record or an inspection.
pub(super) fn part(body: &EventBody) -> Part {
    match body {
        EventBody::Record(_)
        | EventBody::Amend(_)
        | EventBody::Inspect(_)
        | EventBody::Answer(_) => Part::Content,
        EventBody::Confirm(_) | EventBody::FinishInspection(_) => Part::Closes,
        EventBody::Withdraw(_) => Part::Withdraws,
        _ => Part::Adds,
    }
}

/// A document under judgement, event by event.
pub(super) struct Judging<'a> {
    pub(super) case: Case<'a>,
    pub(super) verdicts: Vec<Verdict>,
    views: Vec<View>,
}

impl<'a> Judging<'a> {
    /// Judges every event by what its author knew; causes before effects.
    pub(super) fn run(
        case: Case<'a>,
        judge: impl Fn(&Self, usize, &View) -> Result<Verdict, VoidReason>,
        agree: impl Fn(&Self, &[usize]) -> bool,
    ) -> (Self, View, State) {
        let mut judging = Self {
            verdicts: Vec::with_capacity(case.len()),
            views: Vec::with_capacity(case.len()),
            case,
        };
        for at in 0..judging.case.len() {
            let seen = judging.seen_by(&judging.case.ordered.parents[at]);
            let verdict =
                judge(&judging, at, &seen).unwrap_or_else(|reason| Verdict::Void { reason });
            judging.put(at, seen, verdict);
        }
        let now = judging.seen_by(&judging.case.ordered.heads);
        let state = judging.standing(&now, |content| agree(&judging, content));
        (judging, now, state)
    }

    fn put(&mut self, at: usize, mut view: View, verdict: Verdict) {
        view.unknown |= verdict == Verdict::Unknown;
        if verdict == Verdict::Accepted {
            // What its author had seen is overtaken by it.
            view.heads = vec![at];
            if part(self.case.body(at)) == Part::Content {
                view.content = vec![at];
            }
        }
        self.views.push(view);
        self.verdicts.push(verdict);
    }

    /// What somebody knows who has seen these and what lies before them.
    fn seen_by(&self, seen: &[usize]) -> View {
        let views = || seen.iter().map(|at| &self.views[*at]);
        View {
            heads: self.newest(views().flat_map(|v| &v.heads)),
            content: self.newest(views().flat_map(|v| &v.content)),
            unknown: views().any(|v| v.unknown),
        }
    }

    fn newest<'v>(&self, all: impl Iterator<Item = &'v usize>) -> Vec<usize> {
        let mut all: Vec<usize> = all.copied().collect();
        all.sort_unstable();
        all.dedup();
        let overtaken = |at: usize| all.iter().any(|later| self.case.had_seen(*later, at));
        all.iter().copied().filter(|at| !overtaken(*at)).collect()
    }

    /// How the document stands for somebody with this view; `agree` says whether contents side by side do.
    pub(super) fn standing(&self, view: &View, agree: impl Fn(&[usize]) -> bool) -> State {
        let is = |at: &usize, what: Part| part(self.case.body(*at)) == what;
        if view.content.is_empty() {
            return State::Void;
        }
        if view.heads.iter().any(|at| is(at, Part::Withdraws)) {
            let all = view.heads.iter().all(|at| is(at, Part::Withdraws));
            return if all {
                State::Withdrawn
            } else {
                State::Disputed
            };
        }
        if view.content.len() > 1 && !agree(&view.content) {
            return State::Disputed;
        }
        let saw_all = |closing: &usize| {
            let mut content = view.content.iter();
            content.all(|at| self.case.had_seen(*closing, *at))
        };
        let mut closings = view.heads.iter().filter(|at| is(at, Part::Closes));
        if closings.any(saw_all) {
            State::Confirmed
        } else {
            State::Stated
        }
    }

    /// The grant of an event if it fits author, phone, place and time; the place is that of the first beginning
    /// that its author had seen, or its own.
    pub(super) fn authority(&self, at: usize) -> Result<&'a Grant, VoidReason> {
        authority(
            &self.case,
            at,
            self.beginning(at)
                .and_then(|b| self.case.body(b).begins_in()),
        )
    }

    /// The first accepted beginning that the author of an event had seen.
    pub(super) fn beginning(&self, at: usize) -> Option<usize> {
        self.seen(at, |body| body.begins_in().is_some()).next()
    }

    /// Positions of events that the author had seen, that took effect and that satisfy `which`.
    pub(super) fn seen(
        &self,
        at: usize,
        which: impl Fn(&EventBody) -> bool,
    ) -> impl Iterator<Item = usize> {
        (0..at).filter(move |earlier| {
            self.took_effect(*earlier)
                && which(self.case.body(*earlier))
                && self.case.had_seen(at, *earlier)
        })
    }

    pub(super) fn took_effect(&self, at: usize) -> bool {
        matches!(
            self.verdicts.get(at),
            Some(Verdict::Accepted | Verdict::Added)
        )
    }

    /// Events that took effect, causes before effects.
    pub(super) fn effective(&self) -> impl Iterator<Item = (usize, &'a Stated)> {
        let all = (0..self.case.len()).filter(|at| self.took_effect(*at));
        all.map(|at| (at, self.case.stated(at)))
    }
}
