//! Changes of people and devices during a run: revoked, copied, shared and new devices, and people who move to another area.
//!
//! All happen in one turn, after the backup from which the server is restored later.

use std::{fs, path::Path};

use anyhow::Context;
use sync_core::{
    host::Clock,
    record::{AreaPath, DAY_MS, DeviceId, PersonId, ServerTime},
    sync::Options,
};
use xuncha_server::{
    access::{Invitation, Terms, invite_with},
    storage::{
        StorageError, Tx,
        devices::{self, DeviceState},
        server_notices,
    },
};

use super::running::{Fleet, Member, member};
use crate::{
    phone::{Http, Phone},
    world::Actor,
};

/// What happens to a member, of each twenty: one revoked, one copied, one shared, four moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Revoked,
    Copied,
    Shared,
    Moves,
}

impl Fate {
    fn of(n: usize) -> Self {
        match n % 20 {
            1 => Self::Revoked,
            2 => Self::Copied,
            3 => Self::Shared,
            4 | 5 | 6 | 9 => Self::Moves,
            _ => Self::Stays,
        }
    }
}

impl Fleet {
    /// Applies the changes in their turn. The number of members may grow.
    pub(super) fn change_staff(
        &mut self,
        folder: &Path,
        turn: usize,
        turns: usize,
    ) -> anyhow::Result<()> {
        if !self.trouble.staff || turn != turns * 5 / 16 {
            return Ok(());
        }
        let before = self.members.len();
        for n in 0..before {
            match Fate::of(n) {
                Fate::Stays => {}
                Fate::Revoked => self.revoke(n)?,
                Fate::Copied => self.copy(n, folder)?,
                Fate::Shared => self.share(n)?,
                Fate::Moves => self.relocate(n)?,
            }
        }
        let code = self.invite(&self.world.actors[0].clone(), None, false)?;
        self.add(folder, &code)?;
        // A restore brings back what devices know: some have been in contact since.
        for n in (0..before).filter(|n| Fate::of(*n) == Fate::Stays) {
            let phone = &mut self.members[n].phone;
            phone.sync(&mut self.direct.clone(), Options::default())?;
        }
        Ok(())
    }

    /// The present time of the server.
    fn server_time(&self) -> ServerTime {
        self.app.components.access.now()
    }

    fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut dyn Tx) -> Result<T, StorageError> + Send + Sync + 'static,
    ) -> anyhow::Result<T> {
        Ok(self.runtime.block_on(self.app.storage.write(act))?)
    }

    fn device(&self, n: usize) -> anyhow::Result<DeviceId> {
        Ok(self.members[n].phone.device.enrolment()?.device)
    }

    fn invite(
        &self,
        actor: &Actor,
        area: Option<&AreaPath>,
        shared: bool,
    ) -> anyhow::Result<String> {
        let invitation = Invitation {
            person: actor.person,
            organ: actor.organ,
            role: actor.role,
            area: area.unwrap_or(&actor.area).clone(),
            space: self.world.county.clone(),
        };
        let expires = ServerTime(self.server_time().0 + DAY_MS);
        let terms = Terms {
            shared,
            ..Terms::default()
        };
        let invited = invite_with(&self.app.storage, &invitation, expires, terms);
        Ok(self.runtime.block_on(invited)?)
    }

    fn enrol(&mut self, n: usize, code: &str) -> anyhow::Result<()> {
        let mut direct = self.direct.clone();
        self.members[n]
            .phone
            .enrol(&mut direct, "http://server", code)?;
        Ok(())
    }

    fn revoke(&mut self, n: usize) -> anyhow::Result<()> {
        let (device, now) = (self.device(n)?, self.server_time());
        self.write(move |tx| server_notices::revoke(tx, device, DeviceState::Revoked, now))?;
        self.members[n].revoked = true;
        Ok(())
    }

    /// Copies the store of a device; both copies continue.
    fn copy(&mut self, n: usize, folder: &Path) -> anyhow::Result<()> {
        let (from, to) = (
            self.members[n].phone.folder().to_owned(),
            folder.join(format!("copy-of-{n}")),
        );
        copy_folder(&from, &to)?;
        let count = self.members.len();
        let seed = self.chance.wrapping_add(count as u64);
        let clock = self.members[n].phone.clock.as_ref();
        let now = clock.context("a simulated clock")?.now();
        let copy = Member {
            phone: Phone::simulated(&to, seed, now)?,
            http: self.bad()?.as_phone(&count.to_string()),
            stated: Vec::new(),
            photos: Vec::new(),
            persons: Vec::new(),
            revoked: false,
        };
        self.members.push(copy);
        Ok(())
    }

    /// Has a second person use a device.
    fn share(&mut self, n: usize) -> anyhow::Result<()> {
        let first = self.members[n].phone.device.own_grants()?[0].1.person;
        let other = self.world.actors.iter().find(|a| a.person != first);
        let other = other.context("a second person")?.clone();
        let code = self.invite(&other, None, true)?;
        self.enrol(n, &code)?;
        self.members[n].persons = vec![first, other.person];
        Ok(())
    }

    /// Ends the grants of a person and gives a new one for the second grid.
    fn relocate(&mut self, n: usize) -> anyhow::Result<()> {
        let (device, now) = (self.device(n)?, self.server_time());
        self.write(move |tx| {
            for held in devices::device_grants(tx, device)? {
                server_notices::end_grant(tx, held.sealed.id(), now)?;
            }
            Ok(())
        })?;
        let person = self.members[n].phone.device.own_grants()?[0].1.person;
        let actor = self.world.actors.iter().find(|a| a.person == person);
        let actor = actor.context("the person")?.clone();
        let area = self.world.grids[1].clone();
        let code = self.invite(&actor, Some(&area), false)?;
        self.enrol(n, &code)
    }

    fn add(&mut self, folder: &Path, code: &str) -> anyhow::Result<()> {
        let n = self.members.len();
        let start = self.clock.load(std::sync::atomic::Ordering::SeqCst);
        let (direct, bad) = (self.direct.clone(), self.bad()?);
        let seed = self.chance.wrapping_add(n as u64);
        self.members
            .push(member(folder, code, (n, seed, start), (&direct, &bad))?);
        Ok(())
    }

    fn bad(&self) -> anyhow::Result<Http> {
        Http::new(&format!("http://{}", self.proxy.address))
    }

    /// The person who uses a member's device now; `None`: the only one.
    pub(super) fn person(&mut self, n: usize) -> Option<PersonId> {
        let count = self.members[n].persons.len() as u64;
        (count > 0).then(|| {
            let which = self.roll(count) as usize;
            self.members[n].persons[which]
        })
    }
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
