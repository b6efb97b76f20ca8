//! `device records|show`: prints the activities and inspections on the device.

use cli_simulator::phone::Phone;
use sync_core::{campaign::Verdict, catalogue::INSPECTION, device::CampaignFilter};

use super::campaign::{find, history, state_words};

pub(super) fn list(phone: &Phone, of: Option<String>, limit: usize) -> anyhow::Result<()> {
    let filter = CampaignFilter {
        r#type: of,
        limit,
        ..CampaignFilter::default()
    };
    let rows = phone.device.campaign_list(&filter)?;
    for row in &rows {
        let unsent = if row.unsent > 0 {
            format!(" ↑{}", row.unsent)
        } else {
            String::new()
        };
        println!(
            "{}  {}  {}  {}{unsent}",
            row.doc,
            row.row.code,
            state_words(row.row.state),
            row.row.description
        );
    }
    println!("共 / total: {}", rows.len());
    Ok(())
}

/// One activity or inspection with its history; parts of the folded state as JSON.
pub(super) fn show(phone: &Phone, id: &str) -> anyhow::Result<()> {
    let row = find(phone, id)?;
    println!(
        "{}\n{}  {}",
        row.doc,
        row.row.description,
        state_words(row.row.state)
    );
    let (state, events) = if row.row.record.as_deref() == Some(INSPECTION) {
        let (state, events) = phone.device.inspection(row.doc)?;
        (serde_json::to_value(state)?, events)
    } else {
        let (state, events) = phone.device.campaign_record(row.doc)?;
        (serde_json::to_value(state)?, events)
    };
    for judged in history(phone, &row)? {
        let Some(stated) = events.iter().find(|s| s.id == judged.id) else {
            continue;
        };
        let verdict = match judged.verdict {
            Verdict::Accepted | Verdict::Added => "已记录".to_owned(),
            Verdict::Void { reason } => format!("无效：{}", reason.zh()),
            Verdict::Unknown => "新版本事件".to_owned(),
        };
        println!(
            "  {}  {}  {}  {verdict}",
            stated.id,
            stated.event.body.zh(),
            stated.event.author
        );
    }
    for part in [
        "versions",
        "answers",
        "signatures",
        "received",
        "responses",
        "result",
    ] {
        if let Some(value) = state.get(part).filter(|v| !v.is_null()) {
            println!("{part}: {value}");
        }
    }
    Ok(())
}
