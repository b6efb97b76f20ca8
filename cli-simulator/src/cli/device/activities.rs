//! `device records|show`: prints the activities and inspections on the device.

use cli_simulator::phone::Phone;
use sync_core::{device::ActivityFilter, document::DocumentState};
use xuncha_server::say;

use super::{
    find,
    print::{activity_state, print_events},
};

pub(super) fn list(phone: &Phone, of: Option<String>, limit: usize) -> anyhow::Result<()> {
    let filter = ActivityFilter {
        r#type: of,
        limit,
        ..ActivityFilter::default()
    };
    let rows = phone.device.activity_list(&filter)?;
    for row in &rows {
        let unsent = if row.unsent > 0 {
            format!(" ↑{}", row.unsent)
        } else {
            String::new()
        };
        say!(
            "{}  {}  {}  {}{unsent}",
            row.doc,
            row.row.code,
            activity_state(row.row.state),
            row.row.description
        );
    }
    say!("共 / total: {}", rows.len());
    Ok(())
}

/// One activity or inspection with its history; parts of the folded state as JSON.
pub(super) fn show(phone: &Phone, id: &str) -> anyhow::Result<()> {
    let row = find::activity(phone, id)?;
    say!(
        "{}\n{}  {}",
        row.doc,
        row.row.description,
        activity_state(row.row.state)
    );
    let folded = phone.device.open_document(row.doc)?;
    let state = match folded.state() {
        DocumentState::Hazard(state) => serde_json::to_value(state)?,
        DocumentState::Activity(state) => serde_json::to_value(state)?,
        DocumentState::Inspection(state) => serde_json::to_value(state)?,
    };
    print_events(&folded);
    for part in [
        "versions",
        "answers",
        "supplement",
        "signatures",
        "received",
        "responses",
        "result",
    ] {
        if let Some(value) = state.get(part).filter(|v| !v.is_null()) {
            say!("{part}: {value}");
        }
    }
    Ok(())
}
