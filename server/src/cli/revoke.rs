//! `xuncha admin revoke`: disables a device.

use anyhow::ensure;
use clap::Args;
use sync_core::record::DeviceId;
use xuncha_server::{
    app::system_clock,
    say,
    storage::{Storage, devices::DeviceState, server_notices},
};

use super::lists;

/// Arguments of `revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The device's id, or the beginning of its id, as `xuncha admin devices list` shows it.
    device: String,
    /// Also request the device to erase its data at its next contact.
    #[arg(long)]
    wipe: bool,
}

pub(super) async fn revoke(storage: &Storage, asked: Revoke) -> anyhow::Result<()> {
    let device: DeviceId = lists::device_like(storage, &asked.device).await?;
    let state = if asked.wipe {
        DeviceState::Wipe
    } else {
        DeviceState::Revoked
    };
    let now = system_clock()();
    let known = storage
        .write(move |tx| server_notices::revoke(tx, device, state, now))
        .await?;
    ensure!(known, "device {device} is not known to this server");
    say!("设备已停用 / device {device} is {}", state.name());
    Ok(())
}
