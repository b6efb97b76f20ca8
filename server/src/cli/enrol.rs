//! `xuncha admin enrol`: a one-time code for a device.

use anyhow::{Context, ensure};
use clap::Args;
use jiff::{civil::Date, tz::Offset};
use sync_core::record::{AreaPath, ServerTime};
use xuncha_server::{
    access::{Invitation, Terms, invite_with, log_of_wider},
    app::system_clock,
    say,
    storage::Storage,
};

use super::person::{Person, introduce, report};

/// Longest validity of a code in hours.
const MOST_HOURS: i64 = 720;

/// Arguments of `enrol`.
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    person: Person,
    /// The space (county) whose log the area belongs to.
    #[arg(long)]
    space: AreaPath,
    /// Hours the code is valid, 1 to 720.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=MOST_HOURS))]
    hours: i64,
    /// Last day of the appointment, such as 2024-12-31 (China time); without it, the appointment has no end.
    #[arg(long)]
    until: Option<Date>,
    /// 共用设备 / The device may already be enrolled for another person, who uses it too.
    #[arg(long)]
    shared: bool,
    /// Address of the server for the QR code.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
}

/// The time at which a day ends in China (UTC+8).
fn end_of(day: Date) -> anyhow::Result<ServerTime> {
    let next = day.tomorrow().context("--until")?;
    let midnight = Offset::constant(8).to_timestamp(next.at(0, 0, 0, 0));
    Ok(ServerTime(midnight.context("--until")?.as_millisecond()))
}

/// Ensures that a new space covers no documents of an existing one.
async fn apart(storage: &Storage, space: &AreaPath) -> anyhow::Result<()> {
    let new = space.clone();
    let around = storage.read(move |tx| log_of_wider(tx, &new)).await?;
    let Some(there) = around else { return Ok(()) };
    anyhow::bail!(
        "--space {space}: 该区划的记录已在 {there} 的日志中 / records of this area are in the log of {there} already, and would not be seen from a log of its own; enrol with --space {there}"
    )
}

pub(super) async fn enrol(storage: &Storage, asked: Enrol) -> anyhow::Result<()> {
    let (space, hours, server) = (asked.space, asked.hours, asked.server);
    let who = asked.person;
    ensure!(
        space.covers(&who.area),
        "area {} does not lie in space {space}",
        who.area
    );
    ensure!(
        server.len() <= 1_000,
        "--server: at most 1,000 characters fit the QR code"
    );
    apart(storage, &space).await?;
    let until = asked.until.map(end_of).transpose()?;
    let now = system_clock()();
    ensure!(
        until.is_none_or(|until| until > now),
        "--until: the day is over; name one that is to come"
    );
    let command = format!("xuncha admin enrol --space {space}");
    let found = introduce(storage, &who, &command).await?;
    let invitation = Invitation {
        person: found.person,
        organ: found.organ,
        role: who.role,
        area: who.area,
        space,
    };
    let terms = Terms {
        until,
        shared: asked.shared,
    };
    let expires = ServerTime(now.0 + hours * 3_600_000);
    let code = invite_with(storage, &invitation, expires, terms).await?;
    let address = format!("{server}/#enrol={code}");
    let qr = qrcode::QrCode::new(address.as_bytes()).context("QR code")?;
    say!(
        "{}",
        qr.render::<qrcode::render::unicode::Dense1x2>().build()
    );
    say!("登记码 / code: {code}  ({hours} h, once)");
    report(&found);
    say!("xuncha-sim device enrol {code} --server {server}");
    Ok(())
}
