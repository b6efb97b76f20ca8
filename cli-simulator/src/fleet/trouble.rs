//! What goes wrong beside the network: photo files that get damaged, wrong clocks of phones, a server whose clock jumps
//! and that is restored from an older copy; and officers of the city among the people.

use std::{fs, path::Path, sync::atomic::Ordering};

use anyhow::Context;
use serde::Serialize;
use sync_core::record::{AreaPath, Role, ServerTime};
use xuncha_server::{
    access::{Invitation, invite},
    app::App,
    backup::{backup, restore},
    blobs::Target,
};

use super::play::Fleet;
use crate::{
    phone::{Http, Phone},
    world::World,
};

const DAY: i64 = 86_400_000;

/// What goes wrong; nothing by default.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Trouble {
    /// One photo file in six is cut, emptied or removed before it is sent.
    pub photos: bool,
    /// One phone in four has a clock that is hours or days wrong.
    pub clocks: bool,
    /// The server's clock is two days behind for a while, then a month ahead.
    pub server_clock: bool,
    /// The server goes back to a copy of a quarter of the run before; SQLite in this process only.
    pub restore: bool,
    /// Officers of the city beside the others.
    pub city: usize,
}

impl Trouble {
    /// Everything at once.
    pub const ALL: Self = Self {
        photos: true,
        clocks: true,
        server_clock: true,
        restore: true,
        city: 2,
    };
}

/// How wrong a phone's clock is, in milliseconds.
pub(super) fn wrong_by(trouble: &Trouble, n: usize) -> i64 {
    match n % 8 {
        2 if trouble.clocks => 3 * DAY,
        5 if trouble.clocks => -7 * 3_600_000,
        _ => 0,
    }
}

/// How far the server's clock has jumped at a turn of so many.
pub(super) fn jump(trouble: &Trouble, turn: usize, turns: usize) -> i64 {
    if !trouble.server_clock {
        return 0;
    }
    match (turn * 8).checked_div(turns) {
        Some(3) => -2 * DAY,
        Some(6) => 30 * DAY,
        _ => 0,
    }
}

/// Damages the file of a photo, in one of three ways.
pub(super) fn spoil(
    phone: &Phone,
    hash: &sync_core::record::BlobHash,
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

/// A code for an officer of the city, who holds the city's own log and the county's.
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
    let expires = ServerTime(app.rooms.access.now().0 + DAY);
    Ok(invite(&app.storage, &invitation, expires).await?)
}

impl Fleet {
    /// Takes a copy of the server, or goes back to it, when it is time.
    pub(super) fn copy_or_restore(
        &mut self,
        trouble: &Trouble,
        folder: &Path,
        turn: usize,
        turns: usize,
    ) -> anyhow::Result<()> {
        if !trouble.restore || turns < 4 {
            return Ok(());
        }
        let (data, copy) = (self.config.data.clone(), folder.join("copy"));
        if turn == turns / 4 {
            self.runtime
                .block_on(backup(&self.app.storage, Some(&data), &copy))?;
        }
        if turn == turns / 2 {
            self.config.data = folder.join("restored");
            let (to, key) = (self.config.data.clone(), data.join("server.key"));
            let (photos, own) = (Target::parse(None, &to)?, to.join("server.key"));
            self.runtime
                .block_on(restore(&copy, &to, &photos, Some(&key), &own))?;
            let app = self
                .runtime
                .block_on(App::start(&self.config, self.now.clone()))?;
            let server = format!("http://{}", app.address);
            self.proxy.redirect(vec![server.clone()]);
            self.direct = Http::new(&server)?;
            let old = std::mem::replace(&mut self.app, app);
            self.runtime.block_on(old.stop())?;
        }
        Ok(())
    }

    /// Sets the server's clock for a turn.
    pub(super) fn set_server_clock(&self, ms: i64) {
        self.clock.store(ms, Ordering::SeqCst);
    }
}
