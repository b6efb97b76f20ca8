//! The engine of activities and inspections: documents with content that an event confirms, finishes or withdraws.

use super::state::State;
use crate::{
    history::{
        self, EventEntry, Frontiers, History, JudgedEvent, Lanes, Redacted, Validity, Verdict,
        VoidReason, authority, maximal,
    },
    record::{DeviceTime, EventBody, Grant, PhotoHash},
};

/// The lane of every event that decides: content, confirmation, withdrawal.
const DECISION: Lanes = 1;
/// The lane of content.
const CONTENT: Lanes = 2;

/// The effect of an event on a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// The event states content.
    Content,
    /// The event confirms or finishes the content that happened before it.
    Closes,
    /// The event withdraws the document.
    Withdraws,
    /// The event adds something and decides nothing.
    Adds,
}

fn effect(body: &EventBody) -> Effect {
    match body {
        EventBody::Activity(_)
        | EventBody::Amend(_)
        | EventBody::Inspect(_)
        | EventBody::Answer(_) => Effect::Content,
        EventBody::Confirm(_) | EventBody::FinishInspection(_) => Effect::Closes,
        EventBody::Withdraw(_) => Effect::Withdraws,
        _ => Effect::Adds,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    at: usize,
    lanes: Lanes,
}

impl history::Member for Member {
    fn at(&self) -> usize {
        self.at
    }

    fn lanes(&self) -> Lanes {
        self.lanes
    }

    fn with_lanes(self, lanes: Lanes) -> Self {
        Self { lanes, ..self }
    }

    fn supersedes(&self, history: &History<'_>, _: Lanes, earlier: &Self) -> bool {
        history.happened_before(earlier.at, self.at)
    }
}

/// The frontier of an activity or an inspection: its maximal events of decisions and of content.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActivityFrontier {
    members: Vec<Member>,
    /// Whether an event of a newer version is in the causal history.
    pub(crate) unknown: bool,
}

impl history::Frontier for ActivityFrontier {
    fn merge(frontiers: Vec<Self>, history: &History<'_>) -> Self {
        let unknown = frontiers.iter().any(|f| f.unknown);
        let members = history::union(frontiers.into_iter().map(|f| f.members));
        Self {
            members: maximal(history, &members),
            unknown,
        }
    }
}

impl ActivityFrontier {
    fn lane(&self, lane: Lanes) -> impl Iterator<Item = usize> {
        let holds = move |m: &&Member| m.lanes & lane != 0;
        self.members.iter().filter(holds).map(|m| m.at)
    }

    /// The maximal events that decide.
    pub(crate) fn decisions(&self) -> impl Iterator<Item = usize> {
        self.lane(DECISION)
    }

    /// The maximal events of content.
    pub(crate) fn content(&self) -> Vec<usize> {
        self.lane(CONTENT).collect()
    }
}

/// A history with the verdicts of the events that were judged so far.
pub(crate) struct Judging<'a> {
    pub(crate) history: History<'a>,
    verdicts: Vec<Verdict>,
}

impl<'a> Judging<'a> {
    /// Judges every event from its author's causal history, in causal order. `agree` returns whether concurrent
    /// contents agree.
    pub(crate) fn run(
        history: History<'a>,
        judge: impl Fn(&Self, usize, &ActivityFrontier, &'a Grant) -> Result<Verdict, VoidReason>,
        agree: impl Fn(&Self, &[usize]) -> bool,
    ) -> (Self, ActivityFrontier, State) {
        let mut frontiers = Frontiers::<ActivityFrontier>::new(&history);
        let mut judging = Self {
            verdicts: Vec::with_capacity(history.len()),
            history,
        };
        for at in 0..judging.history.len() {
            let known = frontiers.at(&judging.history.order.parents[at], &judging.history);
            let unknown = matches!(judging.history.body(at), EventBody::Unknown { .. });
            let verdict = judging.authority(at).and_then(|grant| {
                if unknown {
                    return Ok(Verdict::Unknown);
                }
                judge(&judging, at, &known, grant)
            });
            let verdict = verdict.unwrap_or_else(|reason| Verdict::Void { reason });
            frontiers.push(judging.after(at, known, &verdict));
            judging.verdicts.push(verdict);
        }
        let now = frontiers.at(&judging.history.order.heads, &judging.history);
        let state = judging.state(&now, |content| agree(&judging, content));
        (judging, now, state)
    }

    /// The frontier after an event.
    fn after(&self, at: usize, mut known: ActivityFrontier, verdict: &Verdict) -> ActivityFrontier {
        known.unknown |= *verdict == Verdict::Unknown;
        if matches!(verdict, Verdict::Accepted { .. }) {
            let content = effect(self.history.body(at)) == Effect::Content;
            known.members.push(Member {
                at,
                lanes: DECISION | if content { CONTENT } else { 0 },
            });
            known.members = maximal(&self.history, &known.members);
        }
        known
    }

    /// The state of the document at a frontier; `agree` returns whether concurrent contents agree.
    pub(crate) fn state(
        &self,
        frontier: &ActivityFrontier,
        agree: impl Fn(&[usize]) -> bool,
    ) -> State {
        let is = |at: usize, what: Effect| effect(self.history.body(at)) == what;
        let content = frontier.content();
        if content.is_empty() {
            return State::Void;
        }
        if frontier.decisions().any(|at| is(at, Effect::Withdraws)) {
            let all = frontier.decisions().all(|at| is(at, Effect::Withdraws));
            return if all {
                State::Withdrawn
            } else {
                State::Disputed
            };
        }
        if content.len() > 1 && !agree(&content) {
            return State::Disputed;
        }
        // A confirmation covers exactly the content that happened before it.
        let covers_all = |closing: usize| {
            let mut content = content.iter();
            content.all(|at| self.history.happened_before(*at, closing))
        };
        let mut closings = frontier.decisions().filter(|at| is(*at, Effect::Closes));
        if closings.any(covers_all) {
            State::Confirmed
        } else {
            State::Stated
        }
    }

    /// The grant of an event if it fits author, device, place and time. The place is that of the first beginning in the
    /// author's causal history, or the event's own.
    fn authority(&self, at: usize) -> Result<&'a Grant, VoidReason> {
        let beginning = self.beginning(at);
        let area = beginning.and_then(|b| self.history.body(b).begins_in());
        authority(&self.history, at, area)
    }

    /// The first accepted beginning that happened before an event.
    pub(crate) fn beginning(&self, at: usize) -> Option<usize> {
        self.known(at, |body| body.begins_in().is_some()).next()
    }

    /// Positions of events that happened before `at`, that have an effect and that satisfy `which`.
    pub(crate) fn known(
        &self,
        at: usize,
        which: impl Fn(&EventBody) -> bool,
    ) -> impl Iterator<Item = usize> {
        (0..at).filter(move |earlier| {
            self.has_effect(*earlier)
                && which(self.history.body(*earlier))
                && self.history.happened_before(*earlier, at)
        })
    }

    fn has_effect(&self, at: usize) -> bool {
        self.verdicts.get(at).is_some_and(Verdict::has_effect)
    }

    /// Events that have an effect, causes before effects.
    pub(crate) fn effective(&self) -> impl Iterator<Item = (usize, &'a EventEntry)> {
        let all = (0..self.history.len()).filter(|at| self.has_effect(*at));
        all.map(|at| (at, self.history.entry(at)))
    }

    /// Every event with its verdict.
    pub(crate) fn judged_events(&self) -> Vec<JudgedEvent> {
        let judged = |(at, verdict): (usize, &Verdict)| JudgedEvent {
            id: self.history.entry(at).id,
            verdict: verdict.clone(),
            count: Validity::Yes,
        };
        self.verdicts.iter().enumerate().map(judged).collect()
    }

    /// Photos of events that have an effect.
    pub(crate) fn photos(&self) -> Vec<PhotoHash> {
        let all = self.effective().flat_map(|(_, e)| e.event.body.photos());
        let mut photos: Vec<_> = all.map(|photo| photo.hash).collect();
        photos.sort_unstable();
        photos.dedup();
        photos
    }

    /// The last claimed time of an event.
    pub(crate) fn updated_at(&self) -> DeviceTime {
        let all = (0..self.history.len()).map(|at| self.history.entry(at).event.claimed);
        all.max().unwrap_or_default()
    }

    /// What redactions withdrew from display.
    pub(crate) fn redacted(&self) -> Redacted {
        Redacted::of(self.effective().map(|(_, e)| &e.event.body))
    }
}
