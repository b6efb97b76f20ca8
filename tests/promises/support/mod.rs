//! The world of a test: a real server in this process on port 0, and real device stores in a temporary folder.
//!
//! A town has enrolled devices and a server that can be restarted. The test drives the clocks of the server and of the
//! devices.

pub(crate) mod answer;
pub(crate) mod browser;
pub(crate) mod database;
pub(crate) mod province;
pub(crate) mod s3;
pub(crate) mod schema;
pub(crate) mod sealing;
pub(crate) mod store;
pub(crate) mod tus;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
};

use cli_simulator::{
    phone::{Http, Phone, Transport},
    world::{Actor, World, note, observation},
};
use sync_core::{
    record::{DeviceId, DeviceTime, DocId, Event, EventBody, LocationKind, PhotoRef, ServerTime},
    sync::{Call, Lost, Options, Reply, Report},
};
use tokio::runtime::Runtime;
use xuncha_server::{
    app::App,
    backup::{backup, restore},
    config::Config,
    host::Now,
    photos::Target,
    storage::{StorageError, Tx, devices::DeviceState, server_notices, spaces},
};

/// 2024-03-25 09:00 in Wuhan.
pub(crate) const MORNING: i64 = 1_711_328_400_000;

/// A server with its world.
pub(crate) struct Town {
    pub(crate) runtime: Runtime,
    pub(crate) world: World,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) app: Option<App>,
    pub(crate) http: Http,
    pub(crate) clock: Arc<AtomicI64>,
    phones: u64,
    pub(crate) config: Config,
}

fn clock_of(clock: &Arc<AtomicI64>) -> Now {
    let clock = Arc::clone(clock);
    Arc::new(move || ServerTime(clock.load(SeqCst)))
}

impl Town {
    pub(crate) fn new() -> Self {
        Self::with_photos(None)
    }

    /// A town whose photos are in this store instead of the data folder.
    pub(crate) fn with_photos(photos: Option<String>) -> Self {
        let runtime = Runtime::new().unwrap();
        let database = database::fresh(&runtime);
        Self::over(runtime, database, photos)
    }

    /// A town on SQLite, only in runs that have a PostgreSQL to move to.
    pub(crate) fn embedded() -> Option<Self> {
        database::is_postgres().then(|| Self::over(Runtime::new().unwrap(), None, None))
    }

    /// A town with other settings.
    pub(crate) fn configured(set: impl FnOnce(&mut Config)) -> Self {
        let runtime = Runtime::new().unwrap();
        let database = database::fresh(&runtime);
        Self::set_up(runtime, database, None, set)
    }

    fn over(runtime: Runtime, database: Option<String>, photos: Option<String>) -> Self {
        Self::set_up(runtime, database, photos, |_| {})
    }

    fn set_up(
        runtime: Runtime,
        database: Option<String>,
        photos: Option<String>,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(MORNING));
        let mut config = Config::new(folder.path().join("server"), ([127, 0, 0, 1], 0).into());
        config.database = database;
        config.key_in_database = true;
        config.photos = photos;
        set(&mut config);
        let app = runtime
            .block_on(App::start(&config, clock_of(&clock)))
            .unwrap();
        let http = Http::new(&format!("http://{}", app.address)).unwrap();
        let world = World::small();
        runtime.block_on(world.seed(&app.storage)).unwrap();
        Self {
            runtime,
            world,
            folder,
            app: Some(app),
            http,
            clock,
            phones: 0,
            config,
        }
    }

    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    /// Stops the server and starts it again with the town's folder `name` as its data folder.
    pub(crate) fn restart_on(&mut self, name: &str) {
        let app = self.app.take().unwrap();
        self.runtime.block_on(app.stop()).unwrap();
        self.config.data = self.folder.path().join(name);
        let app = self.another();
        self.http = self.http.to(&format!("http://{}", app.address));
        self.app = Some(app);
    }

    /// Another process of the same server: same database, same photo store.
    pub(crate) fn another(&self) -> App {
        self.start(&self.config).unwrap()
    }

    /// A server with the town's clock.
    pub(crate) fn start(&self, config: &Config) -> anyhow::Result<App> {
        let start = App::start(config, clock_of(&self.clock));
        self.runtime.block_on(start)
    }

    /// Stops the old server; devices call `app` from now on.
    pub(crate) fn move_to(&mut self, app: App) {
        let old = self.app.take().unwrap();
        self.runtime.block_on(old.stop()).unwrap();
        self.http = self.http.to(&format!("http://{}", app.address));
        self.app = Some(app);
    }

    /// Enrols a new device for an actor of the world.
    pub(crate) fn phone(&mut self, name: &str) -> Phone {
        self.phones += 1;
        let folder = self.folder.path().join(format!("phone-{}", self.phones));
        let mut phone = Phone::simulated(&folder, self.phones, DeviceTime(MORNING)).unwrap();
        self.enrol(&mut phone, self.world.actor(name));
        phone
    }

    /// A one-time code for a person of the world.
    pub(crate) fn code(&self, person: &Actor) -> String {
        let app = self.app();
        let invite = self.world.invite(&app.storage, &app.components, person);
        self.runtime.block_on(invite).unwrap()
    }

    /// Enrols a device for a person with a new code.
    pub(crate) fn enrol(&self, phone: &mut Phone, person: &Actor) {
        let code = self.code(person);
        let mut http = self.http.clone();
        phone.enrol(&mut http, "http://test", &code).unwrap();
    }

    /// Syncs until complete.
    pub(crate) fn sync(&self, phone: &mut Phone) -> Report {
        let report = self.contact(phone);
        assert!(report.complete, "{report:?}");
        report
    }

    /// Syncs as far as the server lets the device.
    pub(crate) fn contact(&self, phone: &mut Phone) -> Report {
        let mut http = self.http.clone();
        phone.sync(&mut http, Options::default()).unwrap()
    }

    /// An administrator accepts the server's clock.
    pub(crate) fn accept_clock(&self) {
        let access = &self.app().components.access;
        self.runtime.block_on(access.clock().accept()).unwrap();
    }

    /// Projects the log up to its head.
    pub(crate) fn project(&self) {
        self.runtime
            .block_on(self.app().components.projection.catch_up())
            .unwrap();
    }

    /// A token of the review API for an actor of the world.
    pub(crate) fn token(&self, name: &str) -> String {
        let actor = self.world.actor(name).clone();
        let access = &self.app().components.access;
        self.runtime
            .block_on(access.issue_token(actor.person, actor.role, actor.area, String::new()))
            .unwrap()
    }

    /// A URL on the server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app().address)
    }

    /// The response of the operators' listener.
    pub(crate) fn operators(&self, path: &str) -> (u16, String) {
        let address = self.app().health_address.unwrap();
        let answer = reqwest::blocking::get(format!("http://{address}{path}")).unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    }

    /// The number of refusals with this cause in the server's metrics.
    pub(crate) fn refusals(&self, cause: &str) -> u64 {
        let (_, text) = self.operators("/metrics");
        let name = format!("xuncha_refusals_total{{cause=\"{cause}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    }

    /// A GET with a token: status and body.
    pub(crate) fn get(&self, path: &str, token: &str) -> (u16, Vec<u8>) {
        let call = Call {
            method: sync_core::sync::Method::Get,
            path: path.to_owned(),
            headers: vec![("authorization", format!("Bearer {token}"))],
            body: Vec::new(),
        };
        let reply = self.http.clone().send(&call).unwrap();
        (reply.status, reply.body)
    }

    /// A GET of JSON.
    pub(crate) fn json(&self, path: &str, token: &str) -> serde_json::Value {
        let (status, body) = self.get(path, token);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }
}

impl Town {
    /// The number of changes in the log.
    pub(crate) fn changes_stored(&self) -> u64 {
        self.count("SELECT CAST(COALESCE(SUM(change_count), 0) AS BIGINT) FROM path_sum")
    }

    /// The number of stored photos.
    pub(crate) fn photos_listed(&self) -> u64 {
        self.count("SELECT COUNT(*) FROM photo")
    }

    /// The number of changes in quarantine.
    pub(crate) fn quarantined(&self) -> u64 {
        self.count("SELECT COUNT(*) FROM quarantine")
    }

    /// The number of changes that have a receive time before this one.
    pub(crate) fn received_before(&self, at: i64) -> u64 {
        let counted = self.app().storage.read(move |tx| {
            let sql = "SELECT COUNT(*) FROM chg c JOIN pack p ON p.hash = c.pack WHERE p.received_at < $1";
            Ok::<_, StorageError>(tx.first(sql, &[at.into()], |row| row.int(0))?.unwrap())
        });
        self.runtime.block_on(counted).unwrap().unsigned_abs()
    }

    /// How often a copy of a device was detected.
    pub(crate) fn forks(&self) -> u64 {
        self.count("SELECT CAST(COALESCE(SUM(fork_count), 0) AS BIGINT) FROM device")
    }

    /// The number of devices that are not active.
    pub(crate) fn disabled(&self) -> u64 {
        self.count("SELECT COUNT(*) FROM device WHERE state <> 'active'")
    }

    fn count(&self, sql: &'static str) -> u64 {
        let storage = &self.app().storage;
        let rows = storage.read(move |tx| tx.all(sql, &[], |row| row.int(0)));
        self.runtime.block_on(rows).unwrap()[0].unsigned_abs()
    }

    /// Sets the head of the log back without a new log epoch, as an incorrect restore would.
    pub(crate) fn forget_log(&self) {
        let sql = "UPDATE space SET head = 0";
        let set = self.app().storage.write(move |tx| tx.execute(sql, &[]));
        self.runtime.block_on(set).unwrap();
    }

    /// States that an off-site backup has everything until now.
    pub(crate) fn mark_safe(&self) {
        let mark = |tx: &mut dyn Tx| {
            for space in spaces::list(tx)? {
                spaces::raise_safe_mark(tx, &space.id, space.head)?;
            }
            Ok::<_, StorageError>(())
        };
        self.runtime
            .block_on(self.app().storage.write(mark))
            .unwrap();
    }

    /// Revokes a device.
    pub(crate) fn revoke(&self, id: DeviceId) {
        self.mark(id, DeviceState::Revoked);
    }

    /// Reports a device lost, so that it is directed to erase its data.
    pub(crate) fn report_lost(&self, id: DeviceId) {
        self.mark(id, DeviceState::Wipe);
    }

    fn mark(&self, id: DeviceId, state: DeviceState) {
        let storage = &self.app().storage;
        let now = ServerTime(self.clock.load(SeqCst));
        let set = storage.write(move |tx| server_notices::revoke(tx, id, state, now));
        assert!(self.runtime.block_on(set).unwrap());
    }

    /// Takes a backup while the server runs.
    pub(crate) fn backup_to(&self, name: &str) {
        let (data, to) = (self.config.data.clone(), self.folder.path().join(name));
        self.runtime
            .block_on(backup(&self.app().storage, Some(&data), &to))
            .unwrap();
    }

    /// Restores a backup into a new folder.
    pub(crate) fn restore_from(&self, name: &str, to: &str) {
        let (from, to) = (self.folder.path().join(name), self.folder.path().join(to));
        let photos = Target::parse(None, &to).unwrap();
        let (key, own) = (self.config.key_file(), to.join("server.key"));
        self.runtime
            .block_on(restore(&from, &to, &photos, Some(&key), &own))
            .unwrap();
    }
}

/// Records a hazard in a compound of the world.
pub(crate) fn found_in(
    phone: &mut Phone,
    town: &Town,
    compound: usize,
    words: &str,
    photos: Vec<PhotoRef>,
) -> DocId {
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let found = observation(
        &town.world.compounds[compound],
        "EG-03",
        place,
        words,
        photos,
    );
    phone.device.observe(found, None).unwrap().0
}

/// Records a hazard with photos in the first compound.
pub(crate) fn found_with(
    phone: &mut Phone,
    town: &Town,
    words: &str,
    photos: Vec<PhotoRef>,
) -> DocId {
    found_in(phone, town, 0, words, photos)
}

/// Records a hazard in the first compound.
pub(crate) fn found(phone: &mut Phone, town: &Town, words: &str) -> DocId {
    found_in(phone, town, 0, words, Vec::new())
}

/// The events of a document that were made on this device and are in no snapshot, as they were signed.
pub(crate) fn raw_events(phone: &Phone, doc: DocId) -> Vec<Event> {
    let store = rusqlite::Connection::open(phone.folder().join("device.db")).unwrap();
    let mut changes = store
        .prepare("SELECT bytes FROM chg WHERE doc = ?1 AND bytes IS NOT NULL ORDER BY n")
        .unwrap();
    let changes = changes.query_map([doc.as_bytes()], |row| row.get::<_, Vec<u8>>(0));
    let events = changes.unwrap().flat_map(|bytes| {
        let facts = sync_core::crdt::inspect(&bytes.unwrap()).unwrap();
        facts
            .events
            .into_iter()
            .map(|(_, bytes)| Event::from_bytes(&bytes).unwrap())
    });
    events.collect()
}

/// Adds a remark to a hazard.
pub(crate) fn remark(phone: &mut Phone, doc: DocId, words: &str) {
    phone
        .device
        .state(doc, EventBody::Note(note(words)), None)
        .unwrap();
}

/// Words that do not compress, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let letter = |state: &mut u64| {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from_u32(0x4e00 + u32::try_from(*state >> 33).unwrap() % 20_000).unwrap()
    };
    (0..length).map(|_| letter(&mut state)).collect()
}

/// Copies a folder and everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Passes only a number of calls; every further call is lost.
pub(crate) struct Only<T>(pub(crate) T, pub(crate) u32);

impl<T: Transport> Transport for Only<T> {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        if self.1 == 0 {
            return Err(Lost("no signal".to_owned()));
        }
        self.1 -= 1;
        self.0.send(call)
    }
}
