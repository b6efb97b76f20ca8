//! What a set of events of an activity or an inspection amounts to; see `docs/rules.md`, 10.1.

use super::{sets::Sets, state::State};
use crate::history::{History, Positions};

/// Which accepted events of a set count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All: a verdict depends on no receipt and on no revocation.
    AsAuthorsKnew,
    /// Those that receipts and revocations allow.
    Effective,
}

/// What a set of events amounts to.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// The content that counts.
    pub(crate) content: Positions,
    /// Of this, what the state is about: what a closing covers, or all if there is no closing.
    pub(crate) relevant: Positions,
    /// Of a closed document, the content that no closing covers.
    pub(crate) supplement: Positions,
    pub(crate) closings: Positions,
    /// The withdrawals in dispute.
    pub(crate) disputed: Positions,
    /// Content, closings and decisions to keep the document.
    held_against: Positions,
}

impl Standing {
    /// Whether a closing counts.
    pub(crate) fn is_closed(&self) -> bool {
        !self.closings.is_empty()
    }

    /// Whether answers may still be given: the document is not closed, or has a supplement.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_closed() || !self.supplement.is_empty()
    }

    /// Whether the document is withdrawn, or has no content.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Void | State::Withdrawn | State::Unknown)
    }

    /// What a set, which contains the causal history of each of its events, amounts to. `agree`: whether content does
    /// not disagree.
    pub(super) fn of(
        history: &History<'_>,
        sets: &Sets,
        set: &Positions,
        reading: Reading,
        agree: impl Fn(&Positions) -> bool,
    ) -> Self {
        let of = |kind: &Positions| {
            let mut found = set.clone();
            found.keep(kind);
            if reading == Reading::Effective {
                found.keep(&sets.live);
            }
            found
        };
        let (content, closings, keeps) = (of(&sets.content), of(&sets.closings), of(&sets.keeps));
        let mut held_against = content.clone();
        held_against.extend(&closings);
        held_against.extend(&keeps);
        let withdrawals = counted(history, of(&sets.withdrawals), &keeps);
        let mut disputed = withdrawals.clone();
        disputed.retain(|w| has_concurrent(history, &held_against, w));
        let covered = covered(history, &content, &closings);
        let mut supplement = Positions::new(history.len());
        let relevant = if closings.is_empty() {
            content.clone()
        } else {
            supplement.extend(&content);
            supplement.subtract(&covered);
            covered
        };
        let state = if relevant.is_empty() {
            State::Void
        } else if disputed != withdrawals {
            State::Withdrawn
        } else if !disputed.is_empty() || !agree(&relevant) {
            State::Disputed
        } else if closings.is_empty() {
            State::Stated
        } else {
            State::Confirmed
        };
        Self {
            state,
            content,
            relevant,
            supplement,
            closings,
            disputed,
            held_against,
        }
    }

    /// Whether an author who had these events had all content, closings and decisions to keep the document.
    pub(crate) fn has_only(&self, events: &Positions) -> bool {
        events.contains(&self.held_against)
    }

    /// The parties to the open dispute about a withdrawal: the withdrawals, and what is concurrent with them.
    pub(crate) fn parties(&self, history: &History<'_>) -> Positions {
        let mut parties = self.disputed.clone();
        for at in self.held_against.iter() {
            let concurrent = |w| history.is_concurrent(at, w);
            if self.disputed.iter().any(concurrent) {
                parties.insert(at);
            }
        }
        parties
    }
}

/// The withdrawals that no decision keeps out and that no later one repeats.
fn counted(history: &History<'_>, mut withdrawals: Positions, keeps: &Positions) -> Positions {
    for keep in keeps.iter() {
        withdrawals.subtract(&history.order.ancestors[keep]);
    }
    history.order.newest(&withdrawals)
}

/// Whether an event of a set is concurrent with a withdrawal.
fn has_concurrent(history: &History<'_>, set: &Positions, withdrawal: usize) -> bool {
    let mut unseen = set.clone();
    unseen.subtract(&history.order.ancestors[withdrawal]);
    let mut unseen = unseen.iter();
    unseen.any(|at| history.is_concurrent(at, withdrawal))
}

/// The content that happened before one of these closings.
fn covered(history: &History<'_>, content: &Positions, closings: &Positions) -> Positions {
    let mut covered = Positions::new(history.len());
    for closing in closings.iter() {
        covered.extend(&history.order.ancestors[closing]);
    }
    covered.keep(content);
    covered
}
