//! Plays the simulated days.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use sync_core::{
    record::{
        BlobHash, DeviceTime, DocId, EventBody, EventId, LocationKind, PhotoRole, ServerTime,
    },
    sync::Options,
};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
    host::Now,
};

use super::{
    Moving, Plan,
    cluster::Running,
    moving::{self, Mover},
    trouble::{self, Trouble},
};
use crate::{
    chance::mix,
    network::Proxy,
    phone::{Http, Phone},
    world::{World, evidence, note, observation, photo},
};

/// 2024-03-25 08:00 in Wuhan.
const SPRING: i64 = 1_711_324_800_000;
/// Actions of a person in one day.
const STEPS: usize = 8;

/// A person's device, and the person's events and photos, which are checked at the end.
pub(super) struct Member {
    pub(super) phone: Phone,
    pub(super) http: Http,
    pub(super) stated: Vec<(DocId, EventId)>,
    pub(super) photos: Vec<BlobHash>,
}

/// The running fleet.
pub(super) struct Fleet {
    pub(super) runtime: Runtime,
    pub(super) app: App,
    pub(super) proxy: Proxy,
    pub(super) direct: Http,
    pub(super) members: Vec<Member>,
    pub(super) world: World,
    cluster: Option<Running>,
    pub(super) config: Config,
    pub(super) now: Now,
    trouble: Trouble,
    mover: Option<Mover>,
    /// The comparison of the move, if there was one.
    pub(super) moved: Option<String>,
    pub(super) kills: usize,
    start: i64,
    pub(super) clock: Arc<AtomicI64>,
    chance: u64,
    /// Number of calls of each sync.
    pub(super) requests: Vec<u64>,
    pub(super) syncs: usize,
    pub(super) interrupted: usize,
}

/// A new device, enrolled with a code.
fn member(
    folder: &Path,
    code: &str,
    (n, seed, start): (usize, u64, i64),
    (direct, bad): (&Http, &Http),
) -> anyhow::Result<Member> {
    let mut phone = Phone::simulated(&folder.join(format!("phone-{n}")), seed, DeviceTime(start))?;
    phone.enrol(&mut direct.clone(), "http://server", code)?;
    Ok(Member {
        phone,
        http: bad.as_phone(&n.to_string()),
        stated: Vec::new(),
        photos: Vec::new(),
    })
}

impl Fleet {
    /// Plays all days, until all devices are synced.
    pub(super) fn play(
        folder: &Path,
        plan: &Plan,
        step: &dyn Fn(u64, u64),
    ) -> anyhow::Result<Self> {
        let mut fleet = Self::gather(folder, plan)?;
        let members = fleet.members.len();
        let total = (plan.days * STEPS * members) as u64;
        for turn in 0..plan.days * STEPS {
            fleet.copy_or_restore(&plan.trouble, folder, turn, plan.days * STEPS)?;
            if let Some(moving) = plan
                .moving
                .as_ref()
                .filter(|_| turn == plan.days * STEPS / 2)
            {
                let key = fleet.app.components.access.key().clone();
                fleet.mover = Some(moving.begin(folder.join("server"), key));
            }
            for n in 0..members {
                fleet.turn(n, turn, plan.days * STEPS)?;
                fleet.follow(plan.moving.as_ref(), false)?;
                step((turn * members + n) as u64 + 1, total);
            }
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

    fn gather(folder: &Path, plan: &Plan) -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let mut config = Config::new(folder.join("server"), ([127, 0, 0, 1], 0).into());
        // All clocks have the same simulated days: a grant of the present would not cover events of another year.
        let mut start = SPRING;
        if let Some(cluster) = &plan.cluster {
            config.database = Some(cluster.database.clone());
            config.blobs.clone_from(&cluster.blobs);
        }
        let world = World::small();
        if let Some(moving) = &plan.moving {
            moving.fill(&config, &world, plan.seed)?;
        }
        let others = plan.cluster.is_some() || plan.moving.is_some();
        if others {
            // Other processes use the system's clock, so the grants of this run are valid from now.
            start = system_clock()().0 + 60_000;
        }
        let clock = Arc::new(AtomicI64::new(start));
        let read = Arc::clone(&clock);
        let now: Now = if others {
            system_clock()
        } else {
            Arc::new(move || ServerTime(read.load(Ordering::SeqCst)))
        };
        let app = runtime.block_on(App::start(&config, Arc::clone(&now)))?;
        runtime.block_on(world.seed(&app.storage))?;
        let server = format!("http://{}", app.address);
        let proxy = runtime.block_on(Proxy::start(&server, plan.profile, plan.seed))?;
        let (direct, bad) = (
            Http::new(&server)?,
            Http::new(&format!("http://{}", proxy.address))?,
        );
        let mut members = Vec::new();
        for n in 0..plan.devices + plan.trouble.city {
            let seed = plan.seed.wrapping_mul(1_000_003) + n as u64;
            let code = if n < plan.devices {
                // One in eight is a reviewer; the others are in turn two grid workers and a property manager.
                let actor = &world.actors[if n % 8 == 7 { 3 } else { n % 3 }];
                runtime.block_on(world.invite(&app.storage, &app.components, actor))?
            } else {
                runtime.block_on(trouble::invite_officer(&app, &world))?
            };
            members.push(member(folder, &code, (n, seed, start), (&direct, &bad))?);
        }
        if let Some(moving) = &plan.moving {
            let Member { phone, photos, .. } = &mut members[0];
            photos.extend(moving.take(phone, &world, &direct)?);
        }
        let cluster = match &plan.cluster {
            Some(cluster) => Some(Running::start(cluster, folder.join("server"), &proxy)?),
            None => None,
        };
        let (chance, syncs, interrupted) = (plan.seed, 0, 0);
        Ok(Self {
            runtime,
            app,
            proxy,
            direct,
            members,
            world,
            cluster,
            config,
            now,
            trouble: plan.trouble,
            mover: None,
            moved: None,
            kills: 0,
            start,
            clock,
            chance,
            requests: Vec::new(),
            syncs,
            interrupted,
        })
    }

    fn roll(&mut self, sides: u64) -> u64 {
        mix(&mut self.chance) % sides
    }

    /// One person takes one action.
    fn turn(&mut self, n: usize, turn: usize, turns: usize) -> anyhow::Result<()> {
        let today = self.start + turn as i64 * 86_400_000 / STEPS as i64;
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

    fn observe(&mut self, n: usize) -> anyhow::Result<()> {
        let which = self.roll(2) as usize;
        let compound = self.world.compounds[which].clone();
        let (code, words, kind) = [
            ("FL-01", "私家车占用消防车通道", LocationKind::FireLane),
            ("EV-06", "架空层飞线充电", LocationKind::Pilotis),
            ("WN-01", "外窗防盗网未留逃生口", LocationKind::Window),
        ][self.roll(3) as usize];
        let building = format!("{}栋", 1 + self.roll(9));
        let photos = self.shoot(n, PhotoRole::Before)?;
        let member = &mut self.members[n];
        let found = observation(
            &compound,
            code,
            (&building, "1单元", "1层", kind),
            words,
            photos,
        );
        let stated = member.phone.device.observe(found, None)?;
        member.stated.push(stated);
        Ok(())
    }

    fn shoot(
        &mut self,
        n: usize,
        role: PhotoRole,
    ) -> anyhow::Result<Vec<sync_core::record::PhotoRef>> {
        if self.roll(4) > 0 {
            Ok(Vec::new())
        } else {
            self.shot(n, role)
        }
    }

    fn shot(
        &mut self,
        n: usize,
        role: PhotoRole,
    ) -> anyhow::Result<Vec<sync_core::record::PhotoRef>> {
        let seed = self.roll(40);
        let member = &mut self.members[n];
        let taken = photo(&mut member.phone.device, seed, role)?;
        member.photos.push(taken.hash);
        if self.trouble.photos && self.roll(6) == 0 {
            let how = self.roll(3);
            trouble::spoil(&self.members[n].phone, &taken.hash, how)?;
        }
        Ok(vec![taken])
    }

    fn respond(&mut self, n: usize) -> anyhow::Result<()> {
        let all = sync_core::device::Filter {
            limit: 10_000,
            ..sync_core::device::Filter::default()
        };
        let mut rows = self.members[n].phone.device.list(&all)?;
        if rows.is_empty() {
            return self.observe(n);
        }
        // People choose hazards that changed last or the oldest ones, so that several people write to the same hazard.
        if self.roll(2) == 0 {
            rows.sort_by_key(|row| row.doc);
            rows.truncate(3);
        }
        let doc = rows[self.roll(rows.len().min(6) as u64) as usize].doc;
        let state = self.members[n].phone.hazard(doc)?.0.state;
        let kind = match state.0 {
            // Only reviewers close; the fold makes the close of any other author void.
            70 if n % 8 == 7 => 5,
            _ => self.roll(5),
        };
        let photos = if kind == 0 || kind == 5 {
            Vec::new()
        } else {
            self.shot(n, PhotoRole::After)?
        };
        let body = match kind {
            1 => EventBody::ClaimFixed(evidence("已整改", photos)),
            2 => EventBody::RecheckFail(evidence("仍存在", photos)),
            3 => EventBody::RecheckPass(evidence("已消除", photos)),
            4 => EventBody::AddPhoto(evidence("补充", photos)),
            5 => EventBody::Close(note("现场与照片一致，同意销号")),
            _ => EventBody::Note(note("已联系责任人")),
        };
        let member = &mut self.members[n];
        let id = member.phone.device.state(doc, body, None)?;
        member.stated.push((doc, id));
        Ok(())
    }

    fn sync(&mut self, n: usize, patient: bool) -> anyhow::Result<()> {
        let member = &mut self.members[n];
        let options = if patient {
            Options {
                patience: 60,
                ..Options::default()
            }
        } else {
            Options {
                patience: 3,
                ..Options::default()
            }
        };
        let report = member.phone.sync(&mut member.http, options)?;
        self.syncs += 1;
        self.requests.push(report.requests);
        self.interrupted += usize::from(!report.complete);
        if self.roll(3) == 0 {
            self.members[n].phone.rest()?;
        }
        Ok(())
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
