//! `device status`: prints what is only on this device, what is in transfer, and what is durable on the server.

use cli_simulator::phone::Phone;

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
