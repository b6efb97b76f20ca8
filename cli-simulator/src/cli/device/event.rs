//! `device event`: adds an event to a hazard or an activity.

use std::path::PathBuf;

use anyhow::bail;
use cli_simulator::phone::Phone;
use sync_core::{
    history::Verdict,
    record::{DocId, EventBody, Evidence, Long, PhotoRole, Reason, Voiding},
};
use xuncha_server::say;

use super::{
    find,
    photos::take,
    print::{hazard_state, saved},
};

/// Adds an event by the name of its kind to the document whose id begins with `id`.
pub(super) fn add(
    phone: &mut Phone,
    id: &str,
    kind: &str,
    text: &str,
    photos: &[PathBuf],
) -> anyhow::Result<()> {
    let Ok(doc) = find::hazard(phone, id) else {
        // Not a hazard: an activity, an inspection, or an unknown id.
        let doc = find::activity(phone, id)?.doc;
        return activity(phone, doc, kind, text, photos);
    };
    let photos = take(phone, photos, PhotoRole::After)?;
    let evidence = || {
        anyhow::Ok(Evidence {
            note: Long::new(text)?,
            photos: photos.clone(),
            position: None,
        })
    };
    let reason = || {
        anyhow::Ok(Reason {
            reason: Long::new(text)?,
        })
    };
    let body = match kind {
        "note" => EventBody::Note(reason()?),
        "close" => EventBody::Close(reason()?),
        "void" => EventBody::Void(Voiding {
            reason: Long::new(text)?,
            verified_by: None,
        }),
        "confirm_spot_fix" => EventBody::ConfirmSpotFix(reason()?),
        "fix_on_spot" => EventBody::FixOnSpot(evidence()?),
        "claim_fixed" => EventBody::ClaimFixed(evidence()?),
        "recheck_pass" => EventBody::RecheckPass(evidence()?),
        "recheck_fail" => EventBody::RecheckFail(evidence()?),
        "reopen" => EventBody::Reopen(evidence()?),
        "add_photo" => EventBody::AddPhoto(evidence()?),
        other => bail!("{other} cannot be given on the command line; see `device event --help`"),
    };
    let id = phone.device.state(doc, body, None)?;
    let (state, _) = phone.hazard(doc)?;
    say!("已保存 / saved: {id}  {}", hazard_state(state.state.0));
    if let Some(Verdict::Void { reason }) = state
        .history
        .iter()
        .find(|j| j.id == id)
        .map(|j| &j.verdict)
    {
        say!(
            "注意 / note: {} — 已留痕，但不改变状态 / {}: kept, changes nothing",
            reason.zh(),
            reason.en()
        );
    }
    Ok(())
}

/// Adds an event to an activity by the name of its kind: confirm, withdraw, receive, respond, note, add_photo.
fn activity(
    phone: &mut Phone,
    doc: DocId,
    kind: &str,
    text: &str,
    photos: &[PathBuf],
) -> anyhow::Result<()> {
    let reason = Long::new(text)?;
    let body = match kind {
        "confirm" => EventBody::Confirm(Reason { reason }),
        "withdraw" => EventBody::Withdraw(Reason { reason }),
        "receive" => EventBody::Receive(Reason { reason }),
        "note" => EventBody::Note(Reason { reason }),
        "respond" | "add_photo" => {
            let evidence = Evidence {
                note: reason,
                photos: take(phone, photos, PhotoRole::Other)?,
                position: None,
            };
            if kind == "respond" {
                EventBody::Respond(evidence)
            } else {
                EventBody::AddPhoto(evidence)
            }
        }
        other => bail!("{other} cannot be said of a record; see `device event --help`"),
    };
    state(phone, doc, body)
}

/// States an event of an activity or an inspection and prints what was saved.
pub(super) fn state(phone: &mut Phone, doc: DocId, body: EventBody) -> anyhow::Result<()> {
    let event = phone.device.state(doc, body, None)?;
    saved(phone, doc, event)
}
