//! `device sync`.

use anyhow::bail;
use cli_simulator::phone::{Http, Phone};
use indicatif::ProgressBar;
use sync_core::sync::Options;
use xuncha_server::say;

use super::print::endings;

pub(super) fn sync(mut phone: Phone, photos: bool) -> anyhow::Result<()> {
    let server = phone.device.server_address()?;
    let bar = ProgressBar::new_spinner();
    bar.set_message(format!("同步 / syncing with {server}"));
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let report = phone.sync(
        &mut Http::new(&server)?,
        Options {
            photos,
            ..Options::default()
        },
    )?;
    if report.wipe {
        bar.finish_and_clear();
        let unsent = phone.erase()?;
        bail!(
            "管理员已挂失这台手机，数据已清除（未发送 {unsent} 条） / this phone was reported lost and was erased ({unsent} statements unsent)"
        );
    }
    phone.rest()?;
    bar.finish_and_clear();
    say!(
        "请求 {} 次，上行 {} B，下行 {} B；确认 {} 条，收到 {} 份，照片 {} 张",
        report.requests,
        report.bytes_up,
        report.bytes_down,
        report.acknowledged,
        report.documents,
        report.photos
    );
    if let Some(edition) = report.edition {
        say!("目录已更新至第{edition}版 / the catalogue is now edition {edition}");
    }
    if let Some(why) = &report.edition_refused {
        say!(
            "新版目录未能更新，请升级本应用 / the new catalogue was not taken, update the app: {why}"
        );
    }
    for notice in phone.device.notices()? {
        say!("  {notice}");
    }
    endings(&phone)?;
    if report.complete {
        return Ok(());
    }
    let why = report
        .refusal
        .map(|code| format!("{} / {}", code.zh(), code.en()))
        .or(report.last_failure);
    bail!(
        "未完成，记录仍在手机上 / not complete, everything is kept on the phone: {}",
        why.unwrap_or_default()
    )
}
