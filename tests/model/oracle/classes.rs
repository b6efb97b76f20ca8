//! The classes of events (docs/rules.md, section 1, "Classes of events").

use sync_core::record::{DissuasionResult, EventBody, GovStage, TransferOutcome};

/// The class of an event of a known kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// The hazard was seen.
    Finding,
    /// A responsible party states that it is fixed.
    Claim,
    /// An independent person states that it is fixed.
    Check,
    /// The hazard ends.
    Ending,
    /// Work, assignments and transfers.
    Work,
    /// Remarks that pair with nothing.
    Silent,
    /// Everything else.
    Other,
}

/// Section 1: the class of a body.
pub(crate) fn class(body: &EventBody) -> Class {
    match body {
        EventBody::Observe(_) | EventBody::Reopen(_) | EventBody::RecheckFail(_) => Class::Finding,
        EventBody::ClaimFixed(_) | EventBody::FixOnSpot(_) => Class::Claim,
        EventBody::Dissuade(d) if d.result == DissuasionResult::Complied => Class::Claim,
        EventBody::GovProgress(p) if p.stage == GovStage::Solved => Class::Claim,
        EventBody::RecheckPass(_) | EventBody::ConfirmSpotFix(_) => Class::Check,
        EventBody::TransferResult(t) => match t.outcome {
            TransferOutcome::Fixed => Class::Claim,
            TransferOutcome::Verified => Class::Check,
            TransferOutcome::Unfounded => Class::Ending,
            TransferOutcome::Ordered => Class::Other,
        },
        EventBody::Close(_) | EventBody::Void(_) | EventBody::MarkDuplicate(_) => Class::Ending,
        EventBody::Assign(_)
        | EventBody::StartRectify(_)
        | EventBody::GovDecision(_)
        | EventBody::Transfer(_)
        | EventBody::TransferAccept(_)
        | EventBody::TransferReturn(_)
        | EventBody::TransferWithdraw(_) => Class::Work,
        EventBody::Note(_)
        | EventBody::AddPhoto(_)
        | EventBody::OfficialNumber(_)
        | EventBody::Redact(_) => Class::Silent,
        _ => Class::Other,
    }
}

/// Whether the event is passing or ending, which are the events that a conflict suspends (section 5.6).
pub(crate) fn passes_or_ends(body: &EventBody) -> bool {
    matches!(class(body), Class::Check | Class::Ending)
}

/// Section 3, "Effects": whether an event whose effect is pending counts. A claim, a check, an ending, an extension and
/// a `resolve` do not.
pub(crate) fn counts_while_pending(body: &EventBody) -> bool {
    let waits = matches!(body, EventBody::ExtendDeadline(_) | EventBody::Resolve(_));
    let is_decision = matches!(class(body), Class::Claim | Class::Check | Class::Ending);
    !waits && !is_decision
}
