//! `xuncha admin enrol`, `token`, `revoke`: who gets access, in which role, until when.

use anyhow::{Context, ensure};
use clap::Args;
use jiff::{civil::Date, tz::Offset};
use sync_core::record::{AreaPath, DeviceId, OrganId, PersonId, Role, ServerTime};
use xuncha_server::{
    access::{Invitation, TOKEN_DAYS, invite_until},
    app::system_clock,
    http::Rooms,
    storage::{Storage, StorageError, devices::DeviceState, docs, names, revocations, spaces},
};

use super::lists;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Longest validity of a token in days: a longer one would outlast its holder.
const MOST_DAYS: i64 = 3650;
/// Longest validity of a code in hours.
const MOST_HOURS: i64 = 720;

/// A person with a role in an area.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// Role, for example `grid_worker`, `property_manager`, `county_reviewer`.
    #[arg(long)]
    role: Role,
    /// Area: administrative path such as `429999/429998/429998001/G01`.
    #[arg(long)]
    area: AreaPath,
    /// The person's id (a UUID), if the person is already known.
    #[arg(long)]
    person: Option<PersonId>,
    /// The organisation's id (a UUID), if it is already known.
    #[arg(long)]
    organ: Option<OrganId>,
    /// Name shown in the ledger; stored in a table of names, never in an event.
    #[arg(long)]
    name: Option<String>,
    /// Name of the organisation.
    #[arg(long)]
    organ_name: Option<String>,
}

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
    /// Address of the server for the QR code.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
}

/// Arguments of `token`.
#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    person: Person,
    /// Purpose of the token, shown in lists.
    #[arg(long, default_value = "")]
    label: String,
    /// Days that the token is valid, 1 to 3650.
    #[arg(long, default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(i64).range(1..=MOST_DAYS))]
    days: i64,
}

/// Arguments of `revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The device's id, or the beginning of its id, as `xuncha admin devices list` shows it.
    device: String,
    /// Also request the device to erase its data at its next contact.
    #[arg(long)]
    wipe: bool,
}

fn fresh() -> anyhow::Result<[u8; 16]> {
    let mut random = [0; 10];
    getrandom::fill(&mut random)
        .map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}"))?;
    Ok(sync_core::record::ids::uuid_v7(system_clock()().0, random))
}

/// Creates ids for the person and the organisation unless they are given, and stores their names.
async fn introduce(storage: &Storage, person: &Person) -> anyhow::Result<(PersonId, OrganId)> {
    let id = person.person.map_or_else(|| fresh().map(PersonId), Ok)?;
    let organ = person.organ.map_or_else(|| fresh().map(OrganId), Ok)?;
    let (name, organ_name) = (person.name.clone(), person.organ_name.clone());
    storage
        .write(move |tx| {
            if let Some(name) = &name {
                names::set_person(tx, id, organ, name)?;
            }
            organ_name
                .as_ref()
                .map_or(Ok(()), |name| names::set_organ(tx, organ, name))
        })
        .await?;
    Ok((id, organ))
}

/// The time at which a day ends in China (UTC+8).
fn end_of(day: Date) -> anyhow::Result<ServerTime> {
    let next = day.tomorrow().context("--until")?;
    let midnight = Offset::constant(8).to_timestamp(next.at(0, 0, 0, 0));
    Ok(ServerTime(midnight.context("--until")?.as_millisecond()))
}

/// Ensures that a new space covers no documents of an existing one: they would stay in its log, which devices of the
/// new space do not read.
async fn apart(storage: &Storage, space: &AreaPath) -> anyhow::Result<()> {
    let new = space.clone();
    let around = storage
        .read(move |tx| {
            let all = spaces::list(tx)?;
            if all.iter().any(|there| there.id == new) {
                return Ok(None);
            }
            for there in all.into_iter().filter(|there| there.id.covers(&new)) {
                if !docs::tail(tx, &there.id, &new, 0, 1)?.is_empty() {
                    return Ok(Some(there.id));
                }
            }
            Ok::<_, StorageError>(None)
        })
        .await?;
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
    let (person, organ) = introduce(storage, &who).await?;
    let invitation = Invitation {
        person,
        organ,
        role: who.role,
        area: who.area,
        space,
    };
    let expires = ServerTime(now.0 + hours * 3_600_000);
    let code = invite_until(storage, &invitation, expires, until).await?;
    let address = format!("{server}/#enrol={code}");
    let qr = qrcode::QrCode::new(address.as_bytes()).context("QR code")?;
    println!(
        "{}",
        qr.render::<qrcode::render::unicode::Dense1x2>().build()
    );
    println!("登记码 / code: {code}  ({hours} h, once)");
    println!("人员 / person: {person}   单位 / organisation: {organ}");
    println!("xuncha-sim device enrol {code} --server {server}");
    Ok(())
}

/// Writes the token alone on its line: a ready command with it would be saved in the history of the shell.
pub(super) async fn token(storage: &Storage, rooms: &Rooms, asked: Token) -> anyhow::Result<()> {
    let who = asked.person;
    let (person, _) = introduce(storage, &who).await?;
    let until = ServerTime(system_clock()().0 + asked.days * DAY_MS);
    let token = rooms
        .access
        .issue_token_until(person, who.role, who.area, asked.label, until)
        .await?;
    println!("{token}");
    println!(
        "有效至 / valid until {}; 结束 / end it with: xuncha admin tokens end",
        lists::moment(until.0)
    );
    Ok(())
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
        .write(move |tx| revocations::revoke(tx, device, state, now))
        .await?;
    ensure!(known, "phone {device} is not known to this server");
    println!("手机已停用 / phone {device} is {}", state.name());
    Ok(())
}
