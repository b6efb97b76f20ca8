//! `device list|show`: prints the hazards on the device.

use anyhow::Context;
use cli_simulator::phone::Phone;
use sync_core::{device::Filter, hazard::Flags, record::EventId};
use xuncha_server::say;

use super::{
    find,
    print::{endings, hazard_state, print_events},
};

pub(super) fn list(phone: &Phone, text: Option<String>, limit: usize) -> anyhow::Result<()> {
    for row in phone.device.list(&Filter {
        text,
        limit,
        offset: 0,
    })? {
        let flag = if row.row.flags & 1 == 1 {
            " ⚠冲突"
        } else {
            ""
        };
        let unsent = if row.unsent > 0 {
            format!(" ↑{}", row.unsent)
        } else {
            String::new()
        };
        say!(
            "{}  {}  {}  {}  {}{flag}{unsent}",
            row.doc,
            row.row.code,
            hazard_state(row.row.state),
            row.row.place,
            row.row.description
        );
    }
    say!("共 / total: {}", phone.device.count()?);
    endings(phone)
}

pub(super) fn show(phone: &Phone, id: &str) -> anyhow::Result<()> {
    let doc = find::hazard(phone, id)?;
    let folded = phone.device.open_document(doc)?;
    let hazard = folded
        .hazard()
        .with_context(|| format!("{doc} 不是隐患 / is no hazard"))?;
    let state = hazard.state();
    say!(
        "{doc}\n{}  第{}轮",
        hazard_state(state.state.0),
        state.cycle
    );
    let bits = state.flags.bits();
    let flags: Vec<_> = Flags::NAMES
        .iter()
        .enumerate()
        .filter(|(b, _)| bits >> b & 1 == 1)
        .map(|(_, n)| *n)
        .collect();
    say!("标记 / flags: {}", flags.join(" "));
    print_events(&folded);
    for conflict in &state.conflicts {
        let ids = |events: &[EventId]| {
            let ids: Vec<_> = events.iter().map(ToString::to_string).collect();
            ids.join(" ")
        };
        let what = if conflict.is_card {
            "核对 / to check"
        } else {
            "冲突 / conflict"
        };
        say!(
            "  {what} {} {}: {} ∥ {}",
            conflict.rules.join(" "),
            conflict.fate.label(),
            ids(&conflict.objections),
            ids(&conflict.decisions)
        );
    }
    Ok(())
}
