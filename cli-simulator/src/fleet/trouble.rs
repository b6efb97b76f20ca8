//! Faults other than those of the network: damaged photo files, wrong clocks of devices, a server whose clock jumps
//! and that is restored from an older backup; and city officers in addition to the members.

use std::fs;

use anyhow::Context;
use serde::Serialize;
use sync_core::record::{AreaPath, DAY_MS, HOUR_MS, Role, ServerTime};
use xuncha_server::{
    access::{Invitation, invite},
    app::App,
};

use crate::{phone::Phone, world::World};

/// The faults of a run; none by default.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Trouble {
    /// One photo file in six is truncated, emptied or removed before it is sent.
    pub photos: bool,
    /// One device in four has a clock that is hours or days wrong.
    pub clocks: bool,
    /// The server's clock is two days behind for a while, and later a month ahead.
    pub server_clock: bool,
    /// Half way, the server is restored from a backup made a quarter of the run earlier; only SQLite in this
    /// process.
    pub restore: bool,
    /// Of each twenty devices one is revoked, one is copied, one is used by two persons, and four move to another area; a new one
    /// is enrolled. With `restore`, the server does not know it afterwards, and is restored a second time.
    pub staff: bool,
    /// Number of city officers in addition to the members.
    pub city: usize,
}

impl Trouble {
    /// All faults at once.
    pub const ALL: Self = Self {
        photos: true,
        clocks: true,
        server_clock: true,
        restore: true,
        staff: true,
        city: 2,
    };
}

/// The error of a device's clock, in milliseconds.
pub(super) fn wrong_by(trouble: &Trouble, n: usize) -> i64 {
    match n % 8 {
        2 if trouble.clocks => 3 * DAY_MS,
        5 if trouble.clocks => -7 * HOUR_MS,
        _ => 0,
    }
}

/// The jump of the server's clock at a turn, in milliseconds.
pub(super) fn jump(trouble: &Trouble, turn: usize, turns: usize) -> i64 {
    if !trouble.server_clock {
        return 0;
    }
    match (turn * 8).checked_div(turns) {
        Some(3) => -2 * DAY_MS,
        Some(6) => 30 * DAY_MS,
        _ => 0,
    }
}

/// Damages the file of a photo, in one of three ways.
pub(super) fn spoil(
    phone: &Phone,
    hash: &sync_core::record::PhotoHash,
    how: u64,
) -> anyhow::Result<()> {
    let file = phone.folder().join("photos").join(format!("{hash}.jpg"));
    let Ok(bytes) = fs::read(&file) else {
        return Ok(());
    };
    match how {
        0 => fs::remove_file(&file),
        1 => fs::write(&file, b""),
        _ => fs::write(&file, &bytes[..bytes.len() / 2]),
    }
    .context("a photo file")
}

/// An enrolment code for a city officer, whose device holds the city's log and the county's.
pub(super) async fn invite_officer(app: &App, world: &World) -> anyhow::Result<String> {
    let codes: Vec<&str> = world.county.codes().collect();
    let city: AreaPath = codes[..codes.len() - 1].join("/").parse()?;
    let actor = &world.actors[3];
    let invitation = Invitation {
        person: actor.person,
        organ: actor.organ,
        role: Role::CityReviewer,
        area: city.clone(),
        space: city,
    };
    let expires = ServerTime(app.components.access.now().0 + DAY_MS);
    Ok(invite(&app.storage, &invitation, expires).await?)
}
