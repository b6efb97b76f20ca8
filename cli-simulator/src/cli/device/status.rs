//! `device status`: prints what is only on this device, what is in transfer, and what is durable on the server.

use cli_simulator::phone::Phone;
use xuncha_server::say;

use super::print::endings;

pub(super) fn status(phone: &Phone, json: bool) -> anyhow::Result<()> {
    let s = phone.device.status()?;
    if json {
        say!("{}", serde_json::to_string_pretty(&s)?);
        return Ok(());
    }
    say!("隐患 / hazards           {}", s.hazards);
    say!("其他登记 / records       {}", s.records);
    say!("未发送 / unsent          {}", s.unsent);
    say!("已发未确认 / sent        {}", s.sent_unacknowledged);
    say!("已确认 / acknowledged    {}", s.acknowledged);
    say!("被拒 / refused           {}", s.refused);
    say!("待核查 / quarantined     {}", s.quarantined);
    if s.held_back > 0 {
        say!("网络不放行 / held back   {}", s.held_back);
    }
    say!(
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
        say!("照片损坏或丢失 / damaged {}", s.photos_damaged);
    }
    let contact = s
        .last_contact_ms
        .map_or_else(|| "从未 / never".to_owned(), |ms| format!("{ms} ms UTC"));
    say!(
        "目录 / catalogue edition {}",
        phone.device.catalogue().newest()
    );
    say!("最近联系 / last contact  {contact}");
    for notice in phone.device.notices()? {
        say!("  {notice}");
    }
    endings(phone)
}
