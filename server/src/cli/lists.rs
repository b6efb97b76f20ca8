//! `xuncha admin devices|tokens|codes`: lists them, and ends tokens and codes.

use anyhow::{bail, ensure};
use clap::Subcommand;
use jiff::{Timestamp, tz::Offset};
use sync_core::record::DeviceId;
use xuncha_server::{
    app::system_clock,
    say,
    storage::{
        Storage,
        listings::{self, Holder, Secret, Secrets},
    },
};

/// Digits of an id that are required at least: fewer are probably a typing error.
const LEAST: usize = 4;
/// Digits of a hash that are shown.
const SHOWN: usize = 12;

/// Commands for devices.
#[derive(Debug, Subcommand)]
pub(crate) enum Devices {
    /// 列出设备 / List all devices: id, state, last contact, person, role, area.
    List,
}

/// Commands for tokens or codes.
#[derive(Debug, Subcommand)]
pub(crate) enum Ending {
    /// 列出 / List them: id, state, end, person, role, area.
    List,
    /// 结束 / End one immediately and permanently.
    End {
        /// Its id, or the beginning of its id, as the list shows it.
        id: String,
    },
}

/// A time in China (UTC+8).
pub(super) fn moment(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).map(|at| {
        let here = Offset::constant(8).to_datetime(at);
        here.strftime("%Y-%m-%d %H:%M +08:00").to_string()
    });
    at.unwrap_or_else(|_| ms.to_string())
}

fn who(holder: &Holder) -> String {
    let role = holder
        .role
        .map_or_else(|| "?".to_owned(), |r| r.to_string());
    let person = holder.person.to_string();
    let name = holder.name.as_ref().unwrap_or(&person);
    format!("{name}  {role}  {}", holder.area)
}

/// The hexadecimal digits of the beginning of an id.
pub(super) fn digits(text: &str) -> anyhow::Result<String> {
    let digits: String = text
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    ensure!(
        digits.len() >= LEAST && digits.chars().all(|c| c.is_ascii_hexdigit()),
        "{text:?} is not an id and not the beginning of one; type at least {LEAST} digits of an id in the list"
    );
    Ok(digits)
}

/// The only match; an error if there is none or more than one.
fn only<T: Copy>(asked: &str, found: &[T], show: impl Fn(&T) -> String) -> anyhow::Result<T> {
    match found {
        [one] => Ok(*one),
        [] => bail!("{asked} is not known to this server; see the list"),
        several => {
            let all: Vec<String> = several.iter().map(show).collect();
            bail!(
                "{asked} is the beginning of several; write more of it: {}",
                all.join(", ")
            )
        }
    }
}

/// The device whose id begins with these digits.
pub(super) async fn device_like(storage: &Storage, asked: &str) -> anyhow::Result<DeviceId> {
    let hex = digits(asked)?;
    let found = storage
        .read(move |tx| listings::devices_like(tx, &hex))
        .await?;
    only(asked, &found, DeviceId::to_string)
}

impl Devices {
    pub(super) async fn run(self, storage: &Storage) -> anyhow::Result<()> {
        let Self::List = self;
        let found = storage.read(|tx| listings::devices(tx)).await?;
        let mut last = None;
        for device in &found {
            if last != Some(device.id) {
                let forks = if device.forks > 0 {
                    format!("  复制 / copies detected {}", device.forks)
                } else {
                    String::new()
                };
                say!(
                    "{}  {:<7}  {}  {}{forks}",
                    device.id,
                    device.state.name(),
                    moment(device.seen.0),
                    device.model
                );
            }
            if let Some((grant, holder, until)) = &device.grant {
                let until =
                    until.map_or_else(String::new, |end| format!("  至 / until {}", moment(end.0)));
                say!("    {}{until}  {grant}", who(holder));
            }
            last = Some(device.id);
        }
        if found.is_empty() {
            say!("没有设备 / no devices");
        }
        Ok(())
    }
}

fn state(secret: &Secret, which: Secrets, now: i64) -> String {
    match (secret.expires.map(|at| at.0), secret.used_by) {
        (Some(0), _) => "已结束 / ended".to_owned(),
        (_, Some(device)) => format!("已使用 / used by {device}"),
        (Some(at), _) if at <= now => format!("已过期 / expired {}", moment(at)),
        (Some(at), _) => format!("有效至 / until {}", moment(at)),
        (None, _) if which == Secrets::Tokens => "无期限 / without an end".to_owned(),
        (None, _) => String::new(),
    }
}

impl Ending {
    pub(super) async fn run(self, storage: &Storage, which: Secrets) -> anyhow::Result<()> {
        match self {
            Self::List => {
                let now = system_clock()().0;
                let found = storage.read(move |tx| listings::secrets(tx, which)).await?;
                for secret in &found {
                    let hash = hex::encode(&secret.hash);
                    say!(
                        "{}  {}  {}  {}",
                        &hash[..SHOWN.min(hash.len())],
                        state(secret, which, now),
                        who(&secret.holder),
                        secret.of
                    );
                }
                if found.is_empty() {
                    say!("没有 / none");
                }
                Ok(())
            }
            Self::End { id } => {
                let begun = digits(&id)?;
                let like = move |tx: &mut dyn xuncha_server::storage::Tx| {
                    listings::secrets_like(tx, which, &begun)
                };
                let found: Vec<Vec<u8>> = storage.read(like).await?;
                let at: Vec<usize> = (0..found.len()).collect();
                let one = only(&id, &at, |at| hex::encode(&found[*at])[..SHOWN].to_owned())?;
                let hash = found[one].clone();
                let end = move |tx: &mut dyn xuncha_server::storage::Tx| {
                    listings::end_secret(tx, which, &hash)
                };
                ensure!(storage.write(end).await?, "{id} is gone; see the list");
                say!(
                    "已结束 / ended: {}",
                    hex::encode(&found[one])[..SHOWN].to_owned()
                );
                Ok(())
            }
        }
    }
}
