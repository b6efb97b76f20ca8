//! The engine of activities and inspections: documents whose content an event confirms, finishes or withdraws. See
//! `docs/rules.md`, 10.

use super::{
    sets::Sets,
    standing::{Reading, Standing},
    state::State,
};
use crate::{
    history::{
        EventEntry, History, JudgedEvent, Limit, Positions, Redacted, Validity, Verdict,
        VoidReason, entitled, limit,
    },
    record::{DeviceTime, EventBody, Grant, PhotoHash},
};

/// The transition that a proposed withdrawal names.
const WITHDRAWAL: &str = "withdraw";

/// What an event does that its author may state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It states content.
    Content,
    /// It confirms or finishes the content of its causal history.
    Closes,
    /// It decides that a withdrawal in dispute does not count. `closes`: it also confirms the content.
    Keeps { closes: bool },
    /// It withdraws the document.
    Withdraws,
    /// It withdraws the document as soon as a second person states the same.
    Proposes,
    /// It adds something and decides nothing.
    Adds,
    /// It names what only a newer catalogue has, or depends on such an event: it is kept, and what depends on it waits.
    Unknown,
}

/// What the family of a document decides.
pub(crate) struct Family {
    /// The ruling on an event whose author had the authority for its area, given what the author knew.
    pub(crate) judge: for<'a> fn(&Judging<'a>, Asked<'_>) -> Result<Ruling, VoidReason>,
    /// Whether a set of content does not disagree.
    pub(crate) agree: fn(&Judging<'_>, &Positions) -> bool,
}

/// An event to be judged.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'j> {
    /// Its position.
    pub(crate) at: usize,
    /// What its author knew.
    pub(crate) knew: &'j Standing,
    /// Its grant.
    pub(crate) grant: &'j Grant,
}

/// A history with the verdicts of the events that were judged so far.
pub(crate) struct Judging<'a> {
    pub(crate) history: History<'a>,
    pub(crate) sets: Sets,
    family: &'static Family,
    verdicts: Vec<Verdict>,
    limits: Vec<Limit>,
}

impl<'a> Judging<'a> {
    /// Judges every event from its author's causal history, in causal order. Returns the standing of all events.
    pub(crate) fn run(history: History<'a>, family: &'static Family) -> (Self, Standing) {
        let size = history.len();
        let mut judging = Self {
            sets: Sets::new(size),
            family,
            verdicts: Vec::with_capacity(size),
            limits: (0..size).map(|at| limit(&history, at)).collect(),
            history,
        };
        let mut all = Positions::new(size);
        for at in 0..size {
            let verdict = judging.verdict(at);
            judging.verdicts.push(verdict);
            all.insert(at);
        }
        let mut now = judging.standing(&all, Reading::Effective);
        let begins = |at: usize| judging.history.body(at).begins_in().is_some();
        let begun_unknown = judging.sets.unknown.iter().any(begins);
        if now.state == State::Void && begun_unknown {
            now.state = State::Unknown;
        }
        (judging, now)
    }

    fn verdict(&mut self, at: usize) -> Verdict {
        let begun = self.beginning(at).or_else(|| self.unknown_beginning(at));
        let area = begun.and_then(|begun| self.history.body(begun).begins_in());
        let ruling = entitled(&self.history, at, area).and_then(|grant| {
            if matches!(self.history.body(at), EventBody::Unknown { .. }) {
                return Ok(Ruling::Unknown);
            }
            let knew = self.standing(&self.history.order.ancestors[at], Reading::AsAuthorsKnew);
            let asked = Asked {
                at,
                knew: &knew,
                grant,
            };
            (self.family.judge)(self, asked)
        });
        match ruling {
            Ok(ruling) => self.note(at, ruling),
            Err(reason) => Verdict::Void { reason },
        }
    }

    fn note(&mut self, at: usize, ruling: Ruling) -> Verdict {
        let sets = &mut self.sets;
        match ruling {
            Ruling::Adds => return Verdict::Added,
            Ruling::Unknown => {
                sets.unknown.insert(at);
                return Verdict::Unknown;
            }
            Ruling::Proposes => {
                sets.proposals.insert(at);
                return Verdict::Proposed {
                    transition: WITHDRAWAL.to_owned(),
                };
            }
            Ruling::Content => {
                sets.content.insert(at);
                if self.history.body(at).begins_in().is_some() {
                    sets.beginnings.insert(at);
                }
            }
            Ruling::Closes => sets.closings.insert(at),
            Ruling::Keeps { closes } => {
                sets.keeps.insert(at);
                if closes {
                    sets.closings.insert(at);
                }
            }
            Ruling::Withdraws => sets.withdrawals.insert(at),
        }
        // What is pending favours the document as it was: content counts, what decides about it does not.
        if self.limits[at] == Limit::Counts
            || (self.limits[at] == Limit::Pending && ruling == Ruling::Content)
        {
            sets.live.insert(at);
        }
        Verdict::ACCEPTED
    }

    /// What a set, which contains the causal history of each of its events, amounts to.
    fn standing(&self, set: &Positions, reading: Reading) -> Standing {
        let agree = |content: &Positions| self.agree(content);
        Standing::of(&self.history, &self.sets, set, reading, agree)
    }

    /// Whether a set of content does not disagree.
    pub(crate) fn agree(&self, content: &Positions) -> bool {
        (self.family.agree)(self, content)
    }

    /// The events of a set that happened before an event.
    pub(crate) fn known(&self, at: usize, of: &Positions) -> Positions {
        let mut known = self.history.order.ancestors[at].clone();
        known.keep(of);
        known
    }

    /// The first accepted beginning that happened before an event.
    pub(crate) fn beginning(&self, at: usize) -> Option<usize> {
        self.known(at, &self.sets.beginnings).iter().next()
    }

    /// The first beginning that happened before an event and that names what only a newer catalogue has.
    pub(crate) fn unknown_beginning(&self, at: usize) -> Option<usize> {
        let known = self.known(at, &self.sets.unknown);
        let mut known = known.iter();
        known.find(|begun| self.history.body(*begun).begins_in().is_some())
    }

    /// The ruling on an event without an accepted beginning in its causal history.
    pub(crate) fn without_beginning(&self, at: usize) -> Result<Ruling, VoidReason> {
        let begun = self.unknown_beginning(at).map(|_| Ruling::Unknown);
        begun.ok_or(VoidReason::IllegalFromState)
    }

    /// Whether the author of an event is the person of every accepted beginning that happened before it.
    pub(crate) fn is_own(&self, at: usize) -> bool {
        let begun = self.known(at, &self.sets.beginnings);
        begun
            .iter()
            .all(|begun| self.history.same_person(begun, at))
    }

    /// Whether an event of a newer version happened before an event.
    pub(crate) fn knew_unknown(&self, at: usize) -> bool {
        self.history.order.ancestors[at].meets(&self.sets.unknown)
    }

    /// Positions of events that happened before `at`, that were accepted or added and that satisfy `which`.
    pub(crate) fn seen(
        &self,
        at: usize,
        which: impl Fn(&EventBody) -> bool,
    ) -> impl Iterator<Item = usize> {
        self.history.order.ancestors[at].iter().filter(move |seen| {
            self.verdicts[*seen].has_effect() && which(self.history.body(*seen))
        })
    }

    fn has_effect(&self, at: usize) -> bool {
        self.verdicts[at].has_effect() && self.limits[at] != Limit::None
    }

    /// Events that have an effect, causes before effects.
    pub(crate) fn effective(&self) -> impl Iterator<Item = (usize, &'a EventEntry)> {
        let all = (0..self.history.len()).filter(|at| self.has_effect(*at));
        all.map(|at| (at, self.history.entry(at)))
    }

    /// The beginning that gives a document its type, area, author and time: that which the first closing covers; of a
    /// document that is not closed, the first that counts; if none does, the first one stated.
    pub(crate) fn first_beginning(&self, now: &Standing) -> Option<usize> {
        let covered = now.closings.iter().next().and_then(|c| self.beginning(c));
        let mut live = self.sets.beginnings.clone();
        live.keep(&self.sets.live);
        let stated = || {
            let begins = |at: &usize| self.history.body(*at).begins_in().is_some();
            (0..self.history.len()).find(begins)
        };
        covered.or_else(|| live.iter().next()).or_else(stated)
    }

    /// Every event with its verdict.
    pub(crate) fn judged_events(&self) -> Vec<JudgedEvent> {
        let judged = |(at, verdict): (usize, &Verdict)| JudgedEvent {
            id: self.history.entry(at).id,
            verdict: verdict.clone(),
            count: self.validity(at),
        };
        self.verdicts.iter().enumerate().map(judged).collect()
    }

    fn validity(&self, at: usize) -> Validity {
        match self.limits[at] {
            _ if !self.verdicts[at].has_effect() => Validity::Yes,
            Limit::Counts => Validity::Yes,
            Limit::None => Validity::NoEffect,
            Limit::Pending if self.sets.live.has(at) => Validity::Pending,
            Limit::Pending if self.verdicts[at] == Verdict::Added => Validity::Pending,
            Limit::Pending => Validity::Waiting,
        }
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

    /// Whether the history has an event of a newer version.
    pub(crate) fn has_unknown(&self) -> bool {
        !self.sets.unknown.is_empty()
    }

    /// What redactions withdrew from display.
    pub(crate) fn redacted(&self) -> Redacted {
        Redacted::of(self.effective().map(|(_, e)| &e.event.body))
    }
}
