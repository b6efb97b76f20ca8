//! The stage: a server and all devices, with one clock for the week.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
};

use anyhow::Context;
use sync_core::{
    record::{
        ActivityEntry, Data, DeviceTime, DocId, EventBody, EventId, HOUR_MS, LocationKind,
        PhotoRef, PhotoRole, ServerTime, Short, TypeCode,
    },
    sync::{Options, Report},
};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
    host::Now,
};

use crate::{
    network::{Profile, Proxy},
    phone::{Http, Phone},
    world::{World, observation, photo},
};

/// Monday, 25 March 2024, 00:00 in China.
const MONDAY: i64 = 1_711_296_000_000;
/// Steps of the week, for the progress bar.
const STEPS: u64 = 34;

/// People with a device: in the field over a bad network, or at a desk over a good one.
const FIELD: [&str; 3] = ["网格员甲", "网格员乙", "物业经理丙"];
const DESK: [&str; 5] = [
    "审核员丁",
    "街道干部戊",
    "消防员己",
    "城管队员庚",
    "审核员辛",
];

/// How often a person tries again after a sync that did not complete.
const TRIES: usize = 5;

/// The second device of 审核员丁, carried on visits.
pub(super) const TABLET: &str = "审核员丁的平板";

pub(super) struct Stage<'s> {
    say: &'s mut dyn FnMut(u64, u64, &str),
    done: u64,
    pub(super) runtime: Runtime,
    pub(super) app: App,
    pub(super) world: World,
    pub(super) good: Http,
    pub(super) proxy: Proxy,
    bad: Http,
    phones: BTreeMap<&'static str, Phone>,
    /// Added to the system's clock, so that the server has the time of the week.
    offset: Arc<AtomicI64>,
    now: i64,
    shots: u64,
    pub(super) reports: Vec<(&'static str, Report)>,
}

impl<'s> Stage<'s> {
    /// A server on a new folder and nine enrolled devices: one person of the desk has a second one.
    pub(super) fn set(
        folder: &Path,
        listen: SocketAddr,
        say: &'s mut dyn FnMut(u64, u64, &str),
    ) -> anyhow::Result<Self> {
        say(
            0,
            STEPS,
            "启动服务器，登记八人九部手机 / a server, eight people on nine devices",
        );
        let runtime = Runtime::new()?;
        let config = Config::new(folder.join("server"), listen);
        let offset = Arc::new(AtomicI64::new(MONDAY + 8 * HOUR_MS - system_clock()().0));
        let shift = Arc::clone(&offset);
        let now: Now = Arc::new(move || ServerTime(system_clock()().0 + shift.load(SeqCst)));
        let app = runtime.block_on(App::start(&config, now))?;
        let world = World::small();
        runtime.block_on(world.seed(&app.storage))?;
        let server = format!("http://{}", app.address);
        let proxy = runtime.block_on(Proxy::start(&server, Profile::named("tunnel")?, 2024))?;
        let (good, bad) = (
            Http::new(&server)?,
            Http::new(&format!("http://{}", proxy.address))?,
        );
        let mut stage = Self {
            say,
            done: 0,
            runtime,
            app,
            world,
            good,
            proxy,
            bad,
            phones: BTreeMap::new(),
            offset,
            now: MONDAY + 8 * HOUR_MS,
            shots: 0,
            reports: Vec::new(),
        };
        for (n, name) in (1..).zip(FIELD.into_iter().chain(DESK)) {
            let phone = stage.enrol(&folder.join(format!("phone-{n}")), name, n, &server)?;
            stage.phones.insert(name, phone);
        }
        let tablet = stage.enrol(&folder.join("phone-9"), "审核员丁", 9, &server)?;
        stage.phones.insert(TABLET, tablet);
        Ok(stage)
    }

    fn enrol(
        &mut self,
        home: &Path,
        name: &str,
        number: u64,
        server: &str,
    ) -> anyhow::Result<Phone> {
        let invited = self.world.invite(
            &self.app.storage,
            &self.app.components,
            self.world.actor(name),
        );
        let code = self.runtime.block_on(invited)?;
        let mut phone = Phone::simulated(home, number, DeviceTime(self.now))?;
        phone.enrol(&mut self.good.clone(), server, &code)?;
        phone.sync(&mut self.good.clone(), Options::default())?;
        Ok(phone)
    }

    /// Begins the next step, at an hour of a day of the week (0 is Monday), and sets all clocks.
    pub(super) fn at(&mut self, day: i64, hour: i64, words: &str) {
        (self.say)(self.done.min(STEPS), STEPS, words);
        self.done += 1;
        self.now = MONDAY + day * 24 * HOUR_MS + hour * HOUR_MS;
        self.offset.store(self.now - system_clock()().0, SeqCst);
        for phone in self.phones.values() {
            if let Some(clock) = &phone.clock {
                clock.set(DeviceTime(self.now));
            }
        }
    }

    /// The time on all clocks.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    pub(super) fn phone(&mut self, who: &str) -> anyhow::Result<&mut Phone> {
        self.phones.get_mut(who).context("somebody of this stage")
    }

    /// Takes a new photo on a person's device.
    pub(super) fn shot(&mut self, who: &str, role: PhotoRole) -> anyhow::Result<PhotoRef> {
        self.shots += 1;
        let seed = 100 + self.shots;
        photo(&mut self.phone(who)?.device, seed, role)
    }

    /// A person finds a hazard in the first compound and takes a photo of it.
    pub(super) fn find(
        &mut self,
        who: &str,
        code: &str,
        place: (&str, &str, &str, LocationKind),
        words: &str,
    ) -> anyhow::Result<DocId> {
        let shot = self.shot(who, PhotoRole::Before)?;
        let found = observation(&self.world.compounds[0], code, place, words, vec![shot]);
        Ok(self.phone(who)?.device.observe(found, None)?.0)
    }

    /// A person adds an event to a hazard.
    pub(super) fn state(
        &mut self,
        who: &str,
        doc: DocId,
        body: EventBody,
    ) -> anyhow::Result<EventId> {
        Ok(self.phone(who)?.device.state(doc, body, None)?)
    }

    /// A person records an activity in the first compound.
    pub(super) fn record(
        &mut self,
        who: &str,
        of: &str,
        title: &str,
        data: &serde_json::Value,
    ) -> anyhow::Result<()> {
        let compound = &self.world.compounds[0];
        let entry = ActivityEntry {
            r#type: TypeCode::new(of)?,
            area: compound.grid.clone(),
            compound: Some(compound.id),
            title: Short::new(title)?,
            held: DeviceTime(self.now),
            photos: Vec::new(),
            data: Data::new(&data.to_string())?,
        };
        self.phone(who)?.device.begin_activity(entry, None)?;
        Ok(())
    }

    /// A person syncs until nothing is left to do.
    pub(super) fn sync(&mut self, who: &'static str) -> anyhow::Result<()> {
        let options = Options {
            patience: 40,
            ..Options::default()
        };
        self.sync_with(who, options)
    }

    /// A person syncs without photos.
    pub(super) fn sync_without_photos(&mut self, who: &'static str) -> anyhow::Result<()> {
        let options = Options {
            photos: false,
            patience: 40,
            ..Options::default()
        };
        self.sync_with(who, options)
    }

    fn sync_with(&mut self, who: &'static str, options: Options) -> anyhow::Result<()> {
        let field = FIELD.contains(&who);
        let mut line = if field {
            self.bad.as_phone(who)
        } else {
            self.good.clone()
        };
        // On a bad network a person tries again later.
        let mut report = self.phone(who)?.sync(&mut line, options)?;
        for _ in 0..TRIES {
            if report.complete {
                break;
            }
            report = self.phone(who)?.sync(&mut line, options)?;
        }
        anyhow::ensure!(
            report.complete,
            "{who}: the sync did not complete: {report:?}"
        );
        if field {
            self.reports.push((who, report));
        }
        Ok(())
    }

    /// These people sync one after the other, twice, so that each device has the events of all others.
    pub(super) fn meet(&mut self, people: &[&'static str]) -> anyhow::Result<()> {
        for who in people.iter().chain(people) {
            self.sync(who)?;
        }
        Ok(())
    }

    /// Folds into the ledger until it has caught up with the log.
    pub(super) fn fold(&self) -> anyhow::Result<()> {
        let projection = self.app.components.projection.clone();
        self.runtime.block_on(projection.catch_up())?;
        Ok(())
    }

    /// A person's token for the review API.
    pub(super) fn token(&self, who: &str) -> anyhow::Result<String> {
        let actor = self.world.actor(who).clone();
        let access = &self.app.components.access;
        let label = "demo".to_owned();
        let issued = access.issue_token(actor.person, actor.role, actor.area, label);
        self.runtime.block_on(issued).map_err(anyhow::Error::from)
    }
}
