//! Prints states and events.

use cli_simulator::phone::Phone;
use sync_core::{
    activity::State,
    catalogue::{Catalogue, StateCode},
    document::Folded,
    history::{Validity, Verdict},
    record::{DocId, EventId},
};
use xuncha_server::say;

use super::find;

/// The state of a hazard.
pub(super) fn hazard_state(number: u16) -> String {
    let state = StateCode(number);
    let zh = Catalogue::embedded()
        .rules
        .state(state)
        .map(|s| s.zh.as_str())
        .unwrap_or_default();
    format!("{state} {zh}")
}

/// The state of an activity or an inspection.
pub(super) fn activity_state(number: u16) -> &'static str {
    State::from_number(number).map_or("", State::zh)
}

/// Prints each event with its verdict, causes before effects.
pub(super) fn print_events(folded: &Folded<'_>) {
    for event in folded.events(0..folded.judged().len()) {
        let verdict = match &event.verdict {
            Verdict::Accepted { step: Some(step) } => {
                format!("{} {}→{}", step.transition, step.from, step.to)
            }
            Verdict::Accepted { step: None } | Verdict::Added => "已记录".to_owned(),
            Verdict::Proposed { transition } => format!("{transition} 建议，待审"),
            Verdict::Void { reason } => format!("无效：{}", reason.zh()),
            Verdict::Unknown => "新版本事件".to_owned(),
        };
        let counts = event.verdict.has_effect() && event.count != Validity::Yes;
        let count = if counts { event.count.zh() } else { "" };
        say!(
            "  {}  {}  {}  {verdict}  {count}",
            event.id,
            event.kind_zh,
            event.author
        );
    }
}

/// Prints the endings of this device's person that are contested or must be stated again.
pub(super) fn endings(phone: &Phone) -> anyhow::Result<()> {
    for notice in phone.device.ending_notices()? {
        say!("⚠ {notice}");
    }
    Ok(())
}

/// Prints what was saved, and why it has no effect if it is void.
pub(super) fn saved(phone: &Phone, doc: DocId, event: EventId) -> anyhow::Result<()> {
    let row = find::activity(phone, &doc.to_string())?;
    say!(
        "已保存 / saved: {doc} {} {}",
        row.row.description,
        activity_state(row.row.state)
    );
    let folded = phone.device.open_document(doc)?;
    let judged = folded.judged().iter().find(|j| j.id == event);
    if let Some(Verdict::Void { reason }) = judged.map(|j| &j.verdict) {
        say!(
            "注意 / note: {} — 已留痕，但不计数 / {}: kept, counts nothing",
            reason.zh(),
            reason.en()
        );
    }
    Ok(())
}
