//! Plays the simulated days.

use std::path::Path;

use sync_core::{
    record::{DAY_MS, DeviceTime},
    sync::Options,
};
use xuncha_server::app::{App, system_clock};

use super::{
    moving::{self, Moving},
    plan::Plan,
    running::Fleet,
    trouble,
};
use crate::phone::Http;

/// Actions of a person in one day.
const STEPS: usize = 8;

impl Fleet {
    /// Plays all days, until all devices are synced.
    pub(super) fn play(
        folder: &Path,
        plan: &Plan,
        step: &dyn Fn(u64, u64),
    ) -> anyhow::Result<Self> {
        let mut fleet = Self::gather(folder, plan)?;
        let total = (plan.days * STEPS) as u64;
        for turn in 0..plan.days * STEPS {
            fleet.copy_or_restore(&plan.trouble, folder, turn, plan.days * STEPS)?;
            fleet.change_staff(folder, turn, plan.days * STEPS)?;
            if let Some(moving) = plan
                .moving
                .as_ref()
                .filter(|_| turn == plan.days * STEPS / 2)
            {
                let key = fleet.app.components.access.key().clone();
                fleet.mover = Some(moving.begin(folder.join("server"), key));
            }
            for n in 0..fleet.members.len() {
                fleet.turn(n, turn, plan.days * STEPS)?;
                fleet.follow(plan.moving.as_ref(), false)?;
            }
            step(turn as u64 + 1, total);
        }
        fleet.follow(plan.moving.as_ref(), true)?;
        if let Some(cluster) = &mut fleet.cluster {
            fleet.kills = cluster.calm()?;
        }
        fleet.settle()?;
        Ok(fleet)
    }

    /// Starts the server on the new store once the move has ended; `wait`: blocks until then.
    fn follow(&mut self, moving: Option<&Moving>, wait: bool) -> anyhow::Result<()> {
        let ended = self.mover.take_if(|mover| wait || mover.is_finished());
        let (Some(moving), Some(mover)) = (moving, ended) else {
            return Ok(());
        };
        self.moved = Some(moving::joined(mover)?.text());
        let config = moving.config(&self.config);
        let app = self.runtime.block_on(App::start(&config, system_clock()))?;
        let server = format!("http://{}", app.address);
        self.proxy.redirect(vec![server.clone()]);
        self.direct = Http::new(&server)?;
        let old = std::mem::replace(&mut self.app, app);
        self.runtime.block_on(old.stop())
    }

    /// One person takes one action.
    fn turn(&mut self, n: usize, turn: usize, turns: usize) -> anyhow::Result<()> {
        let today = self.start + turn as i64 * DAY_MS / STEPS as i64;
        self.set_server_clock(today + trouble::jump(&self.trouble, turn, turns));
        let clock = self.members[n].phone.clock.clone();
        if let Some(clock) = clock {
            let wrong = trouble::wrong_by(&self.trouble, n);
            clock.set(DeviceTime(today + wrong + self.roll(600_000) as i64));
        }
        match self.roll(10) {
            0..=1 => self.observe(n),
            2..=5 => self.respond(n),
            6..=8 => self.sync(n, false),
            _ => Ok(()),
        }
    }

    /// Syncs all devices until all have everything.
    fn settle(&mut self) -> anyhow::Result<()> {
        for _ in 0..2 {
            for n in 0..self.members.len() {
                self.sync(n, true)?;
            }
        }
        for member in &mut self.members {
            member
                .phone
                .sync(&mut self.direct.clone(), Options::default())?;
            // Rows that a notice changes are folded again when a device is idle.
            member.phone.rest()?;
        }
        let projection = self.app.components.projection.clone();
        self.runtime.block_on(async {
            // Another process may hold the lease of the projection; the lease of a killed process ends after a while.
            while projection.lag().await? > 0 {
                projection.catch_up().await?;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            projection.catch_up().await?;
            Ok(())
        })
    }
}
