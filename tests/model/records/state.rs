//! The state of a set of events that is closed under ancestors (docs/rules.md, section 10.1).

use sync_core::record::{DeviceTime, EventBody};

use super::case::{Case, Class, Mode, Verdict};
use crate::oracle::doc::Set;

/// The state of an activity or an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// It has no relevant content.
    Void,
    /// It has no relevant content, and a beginning of a newer catalogue.
    Unknown,
    /// It was withdrawn.
    Withdrawn,
    /// A withdrawal is disputed, or the content disagrees.
    Disputed,
    /// Live content, not closed.
    Stated,
    /// Closed.
    Confirmed,
}

impl State {
    /// Whether a document in this state counts nothing.
    pub(crate) fn is_gone(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Void | Self::Unknown)
    }
}

/// A set as section 10.1 reads it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The set.
    pub(crate) set: Set,
    /// The live content.
    pub(crate) content: Set,
    /// The live closings.
    pub(crate) closings: Set,
    /// The withdrawals that count.
    pub(crate) withdrawals: Set,
    /// Those of them that are disputed.
    pub(crate) disputed: Set,
    /// The covered content.
    pub(crate) covered: Set,
    /// The relevant content.
    pub(crate) relevant: Set,
    /// The supplement; empty unless the document is closed.
    pub(crate) supplement: Set,
    /// Whether the relevant content disagrees.
    pub(crate) disagrees: bool,
    /// Whether all live content disagrees.
    pub(crate) all_disagrees: bool,
    /// The state.
    pub(crate) state: State,
}

impl View {
    /// Whether the document is closed.
    pub(crate) fn is_closed(&self) -> bool {
        !self.closings.is_empty()
    }

    /// Whether a withdrawal is in dispute and decides the state.
    pub(crate) fn is_withdrawal_disputed(&self) -> bool {
        !self.withdrawals.is_empty() && self.withdrawals.len() == self.disputed.len()
    }
}

/// The live events of a class in a set.
pub(crate) fn live(case: &Case<'_>, set: &Set, class: Class, mode: Mode) -> Set {
    let of = |e: &&usize| case.class(**e) == class && case.is_live(**e, mode);
    set.iter().filter(of).copied().collect()
}

/// Section 10.1.
pub(crate) fn view(case: &Case<'_>, set: &Set, mode: Mode) -> View {
    let doc = &case.doc;
    let content = live(case, set, Class::Content, mode);
    let deciding = live(case, set, Class::Closing, mode);
    let keeps = |k: &&usize| matches!(case.verdicts[**k], Verdict::Keeps { .. });
    let kept_out = |w: usize| deciding.iter().filter(keeps).any(|k| doc.before(w, *k));
    let mut withdrawals = live(case, set, Class::Withdrawal, mode);
    withdrawals.retain(|w| !kept_out(*w));
    let withdrawals = doc.newest(&withdrawals);
    let against = |w: usize| {
        let mut all = content.iter().chain(&deciding);
        all.any(|d| doc.concurrent(*d, w))
    };
    let disputed: Set = withdrawals
        .iter()
        .copied()
        .filter(|w| against(*w))
        .collect();
    // A keep of an inspection, or of content that disagrees, closes nothing.
    let closes = |c: &usize| case.verdicts[*c] != Verdict::Keeps { covers: false };
    let closings: Set = deciding.iter().copied().filter(closes).collect();
    let covered_by_one = |e: &usize| closings.iter().any(|c| doc.before(*e, *c));
    let covered: Set = content.iter().copied().filter(covered_by_one).collect();
    let is_closed = !closings.is_empty();
    let (relevant, supplement) = if is_closed {
        (covered.clone(), &content - &covered)
    } else {
        (content.clone(), Set::new())
    };
    let mut v = View {
        set: set.clone(),
        content,
        closings,
        withdrawals,
        disputed,
        covered,
        relevant,
        supplement,
        disagrees: false,
        all_disagrees: false,
        state: State::Void,
    };
    v.disagrees = disagrees(case, &v.relevant);
    v.all_disagrees = disagrees(case, &v.content);
    v.state = state(case, &v);
    v
}

fn state(case: &Case<'_>, v: &View) -> State {
    if v.relevant.is_empty() {
        if case.begun_unknown(&v.set).is_empty() {
            State::Void
        } else {
            State::Unknown
        }
    } else if v.is_withdrawal_disputed() {
        State::Disputed
    } else if !v.withdrawals.is_empty() {
        State::Withdrawn
    } else if v.disagrees {
        State::Disputed
    } else if v.is_closed() {
        State::Confirmed
    } else {
        State::Stated
    }
}

/// What an activity states: title, time and data.
fn stated(case: &Case<'_>, e: usize) -> Option<(String, DeviceTime, String)> {
    let text = |title: &str, data: &str| (title.to_owned(), data.to_owned());
    let ((title, data), held) = match case.doc.body(e) {
        EventBody::Activity(a) => (text(a.title.as_str(), a.data.as_str()), a.held),
        EventBody::Amend(a) => (text(a.title.as_str(), a.data.as_str()), a.held),
        _ => return None,
    };
    Some((title, held, data))
}

/// Whether some content disagrees.
fn disagrees(case: &Case<'_>, content: &Set) -> bool {
    let is_activity = |e: &usize| stated(case, *e).is_some();
    if content.iter().any(is_activity) {
        let newest = case.doc.newest(content);
        let mut all: Vec<_> = newest.iter().filter_map(|e| stated(case, *e)).collect();
        all.dedup();
        return all.len() > 1;
    }
    // An answer belongs to the first accepted beginning in its causal history, a beginning to itself.
    let of = |e: &usize| {
        let begun = case.begun(&case.doc.past[*e]).first().copied();
        begun.filter(|_| !case.begins(*e)).or(Some(*e))
    };
    let beginnings: Set = content.iter().filter_map(of).collect();
    beginnings.len() > 1
}

/// The first beginning of a set, which gives type or template, area, compound, author and start.
pub(crate) fn first_beginning(case: &Case<'_>, v: &View) -> Option<usize> {
    if let Some(c) = v.closings.first() {
        return case.begun(&case.doc.past[*c]).first().copied();
    }
    let is_live = |e: &&usize| case.begins(**e);
    let live = v.content.iter().find(is_live);
    live.or_else(|| v.set.iter().find(is_live)).copied()
}

/// The version of an activity that counts.
pub(crate) fn counted(case: &Case<'_>, v: &View) -> Option<usize> {
    if v.state.is_gone() {
        return None;
    }
    let first = case.doc.newest(&v.relevant).first().copied();
    let first = first.filter(|e| stated(case, *e).is_some());
    if v.is_closed() {
        return first;
    }
    let begun = first_beginning(case, v)?;
    let EventBody::Activity(entry) = case.doc.body(begun) else {
        return None;
    };
    let of = case.types.activity(entry.r#type.as_str())?;
    first.filter(|_| !of.needs_confirmation && !v.disagrees)
}
