//! The running fleet: its server, its network and its devices.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use sync_core::record::{DeviceTime, DocId, EventId, PersonId, PhotoHash, ServerTime};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
    host::Now,
};

use super::{
    cluster::Running,
    moving::Mover,
    plan::Plan,
    trouble::{self, Trouble},
};
use crate::{
    chance::mix,
    network::Proxy,
    phone::{Http, Phone},
    world::World,
};

/// 2024-03-25 08:00 in Wuhan.
const SPRING: i64 = 1_711_324_800_000;

/// A person's device, and the person's events and photos, which are checked at the end.
pub(super) struct Member {
    pub(super) phone: Phone,
    pub(super) http: Http,
    pub(super) stated: Vec<(DocId, EventId)>,
    pub(super) photos: Vec<PhotoHash>,
    /// The persons who use the device in turn; empty: the one who enrolled it.
    pub(super) persons: Vec<PersonId>,
    /// Its device was revoked.
    pub(super) revoked: bool,
}

/// The running fleet.
pub(super) struct Fleet {
    pub(super) runtime: Runtime,
    pub(super) app: App,
    pub(super) proxy: Proxy,
    pub(super) direct: Http,
    pub(super) members: Vec<Member>,
    pub(super) world: World,
    pub(super) cluster: Option<Running>,
    pub(super) config: Config,
    pub(super) now: Now,
    pub(super) trouble: Trouble,
    pub(super) mover: Option<Mover>,
    /// The comparison of the move, if there was one.
    pub(super) moved: Option<String>,
    pub(super) kills: usize,
    pub(super) start: i64,
    pub(super) clock: Arc<AtomicI64>,
    pub(super) chance: u64,
    /// Number of calls of each sync.
    pub(super) requests: Vec<u64>,
    pub(super) syncs: usize,
    pub(super) interrupted: usize,
}

/// A new device, enrolled with a code.
pub(super) fn member(
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
        persons: Vec::new(),
        revoked: false,
    })
}

impl Fleet {
    /// Starts the server, the network and the devices of a plan.
    pub(super) fn gather(folder: &Path, plan: &Plan) -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let mut config = Config::new(folder.join("server"), ([127, 0, 0, 1], 0).into());
        // All clocks have the same simulated days: a grant of the present would not cover events of another year.
        let mut start = SPRING;
        if let Some(cluster) = &plan.cluster {
            config.database = Some(cluster.database.clone());
            config.key_in_database = true;
            config.photos.clone_from(&cluster.photo_store);
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

    /// A number below `sides`, from the seed.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        mix(&mut self.chance) % sides
    }
}
