//! `device list|show|status`: prints what is on the device.

use anyhow::Context;
use cli_simulator::phone::Phone;
use sync_core::{
    catalogue::{Catalogue, StateCode},
    device::Filter,
    document::Folded,
    hazard::Flags,
    history::Verdict,
};

use super::find;

pub(super) fn state_words(number: u16) -> String {
    let state = StateCode(number);
    let zh = Catalogue::embedded()
        .rules
        .state(state)
        .map(|s| s.zh.as_str())
        .unwrap_or_default();
    format!("{state} {zh}")
}

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
        println!(
            "{}  {}  {}  {}  {}{flag}{unsent}",
            row.doc,
            row.row.code,
            state_words(row.row.state),
            row.row.place,
            row.row.description
        );
    }
    println!("共 / total: {}", phone.device.count()?);
    Ok(())
}

pub(super) fn show(phone: &Phone, id: &str) -> anyhow::Result<()> {
    let doc = find(phone, id)?;
    let folded = phone.device.open_document(doc)?;
    let hazard = folded
        .hazard()
        .with_context(|| format!("{doc} 不是隐患 / is no hazard"))?;
    let state = hazard.state();
    println!("{doc}\n{}  第{}轮", state_words(state.state.0), state.cycle);
    let bits = state.flags.bits();
    let flags: Vec<_> = Flags::NAMES
        .iter()
        .enumerate()
        .filter(|(b, _)| bits >> b & 1 == 1)
        .map(|(_, n)| *n)
        .collect();
    println!("标记 / flags: {}", flags.join(" "));
    print_events(&folded);
    for conflict in &state.conflicts {
        let open = if conflict.resolved_by.is_some() {
            "已裁定"
        } else {
            "未裁定"
        };
        println!(
            "  冲突 / conflict {} {open}: {} ∥ {}",
            conflict.rule, conflict.one, conflict.other
        );
    }
    Ok(())
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
        println!(
            "  {}  {}  {}  {verdict}",
            event.id, event.kind_zh, event.author
        );
    }
}

pub(super) fn status(phone: &Phone, json: bool) -> anyhow::Result<()> {
    let s = phone.device.status()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&s)?);
        return Ok(());
    }
    println!("隐患 / hazards           {}", s.hazards);
    println!("其他登记 / records       {}", s.records);
    println!("未发送 / unsent          {}", s.unsent);
    println!("已发未确认 / sent        {}", s.sent_unacknowledged);
    println!("已确认 / acknowledged    {}", s.acknowledged);
    println!("被拒 / refused           {}", s.refused);
    println!("待核查 / quarantined     {}", s.quarantined);
    if s.held_back > 0 {
        println!("网络不放行 / held back   {}", s.held_back);
    }
    println!(
        "照片 / photos            拍摄 {} · 待传 {} · 上传中 {} · 已存 {} · 可移除 {} · 已移除 {} · 被拒 {}",
        s.photos_captured,
        s.photos_waiting,
        s.photos_uploading,
        s.photos_stored,
        s.photos_removable,
        s.photos_removed,
        s.photos_refused
    );
    if s.photos_damaged > 0 {
        println!("照片损坏或丢失 / damaged {}", s.photos_damaged);
    }
    let contact = s
        .last_contact_ms
        .map_or_else(|| "从未 / never".to_owned(), |ms| format!("{ms} ms UTC"));
    println!("最近联系 / last contact  {contact}");
    for notice in phone.device.notices()? {
        println!("  {notice}");
    }
    Ok(())
}
