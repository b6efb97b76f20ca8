//! Acknowledged means durable: no SIGKILL at any time loses what was reported as durable.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use cli_simulator::{
    chance::mix,
    phone::{Http, Phone},
    world::World,
};
use sync_core::{
    record::{DocId, EventId},
    sync::Options,
};
use xuncha_server::{
    app::{open, system_clock},
    config::Config,
};

use crate::support::store::row_of;

/// The number of kills of each side; more with `XUNCHA_KILLS`.
fn rounds() -> u64 {
    std::env::var("XUNCHA_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(100)
}

struct Victim(Child, BufReader<ChildStdout>);

impl Victim {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_victim"))
            .args(arguments)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self(child, out)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Sends SIGKILL and returns the remaining output.
    fn kill(mut self) -> Vec<String> {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        self.1.lines().map_while(Result::ok).collect()
    }
}

fn settle(folder: &Path) -> (World, Config) {
    let world = World::small();
    let config = Config::new(folder.join("server"), ([127, 0, 0, 1], 0).into());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (storage, components) = open(&config, system_clock()).unwrap();
    runtime.block_on(world.seed(&storage)).unwrap();
    let code = runtime
        .block_on(world.invite(&storage, &components, world.actor("网格员甲")))
        .unwrap();
    drop((storage, components));
    let server = Victim::start(&["serve", config.data.to_str().unwrap()]);
    let (server, address) = address(server);
    let mut phone = Phone::open(&folder.join("phone")).unwrap();
    phone
        .enrol(&mut Http::new(&address).unwrap(), &address, &code)
        .unwrap();
    server.kill();
    (world, config)
}

fn address(mut server: Victim) -> (Victim, String) {
    let address = format!("http://{}", server.line());
    (server, address)
}

fn read(line: &str, saved: &mut BTreeMap<EventId, DocId>) {
    let words: Vec<&str> = line.split(' ').collect();
    if let ["saved", doc, event] = words[..] {
        saved.insert(event.parse().unwrap(), doc.parse().unwrap());
    }
}

fn assert_held(phone: &Phone, saved: &BTreeMap<EventId, DocId>, round: u64) {
    for (event, doc) in saved {
        let (_, events) = phone.hazard(*doc).unwrap();
        assert!(
            events.iter().any(|s| s.id == *event),
            "round {round}: {event} was saved and is gone"
        );
    }
}

#[test]
fn a_phone_killed_at_any_point_keeps_what_it_said_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let (_, config) = settle(folder.path());
    let (server, address) = address(Victim::start(&["serve", config.data.to_str().unwrap()]));
    let home = folder.path().join("phone");
    let (mut saved, mut chance) = (BTreeMap::new(), 41);
    for round in 0..rounds() {
        let mut victim = Victim::start(&["phone", home.to_str().unwrap(), &address]);
        let mut fresh = BTreeMap::new();
        for _ in 0..1 + mix(&mut chance) % 9 {
            read(&victim.line(), &mut fresh);
        }
        for line in victim.kill() {
            read(&line, &mut fresh);
        }
        assert_held(&Phone::open(&home).unwrap(), &fresh, round);
        saved.append(&mut fresh);
    }
    let mut phone = Phone::open(&home).unwrap();
    let report = phone
        .sync(&mut Http::new(&address).unwrap(), Options::default())
        .unwrap();
    assert!(report.complete && report.refused == 0, "{report:?}");
    assert_held(&phone, &saved, rounds());
    server.kill();
    assert_stored(&config, &saved);
}

#[test]
fn a_server_killed_at_any_point_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (_, config) = settle(folder.path());
    let home = folder.path().join("phone");
    let mut chance = 43;
    let (mut saved, mut phone_saved) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..rounds() {
        let (server, address) = address(Victim::start(&["serve", config.data.to_str().unwrap()]));
        let mut victim = Victim::start(&["phone", home.to_str().unwrap(), &address]);
        for _ in 0..3 + mix(&mut chance) % 12 {
            read(&victim.line(), &mut phone_saved);
        }
        server.kill();
        for line in victim.kill() {
            read(&line, &mut phone_saved);
        }
        // What the device holds as acknowledged must be in the log of the killed server.
        let phone = Phone::open(&home).unwrap();
        let acknowledged = |doc: &DocId| row_of(&phone, *doc).is_some_and(|r| r.unsent == 0);
        saved = phone_saved
            .iter()
            .filter(|(_, d)| acknowledged(d))
            .map(|(e, d)| (*e, *d))
            .collect();
        assert_stored(&config, &saved);
    }
    let (server, address) = address(Victim::start(&["serve", config.data.to_str().unwrap()]));
    let mut phone = Phone::open(&home).unwrap();
    let report = phone
        .sync(&mut Http::new(&address).unwrap(), Options::default())
        .unwrap();
    assert!(report.complete && report.repairs == 0, "{report:?}");
    assert_eq!(phone.device.status().unwrap().sent_unacknowledged, 0);
    server.kill();
    assert_stored(&config, &phone_saved);
    assert!(
        saved.len() > 20,
        "hardly anything was acknowledged before a kill: {}",
        saved.len()
    );
}

/// Asserts that every event is in the log of a server that is not running.
fn assert_stored(config: &Config, saved: &BTreeMap<EventId, DocId>) {
    use sync_core::crdt::Document;
    use xuncha_server::storage::{StorageError, Tx, docs, log};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (storage, _) = open(config, system_clock()).unwrap();
    let docs: std::collections::BTreeSet<DocId> = saved.values().copied().collect();
    for doc in docs {
        let read = move |tx: &mut dyn Tx| {
            let space = docs::find(tx, doc)?.map(|found| found.space);
            space.map_or(Ok(Vec::new()), |space| log::changes(tx, &space, doc))
        };
        let changes = runtime
            .block_on(storage.read::<_, StorageError>(read))
            .unwrap();
        let document = Document::load(None, changes.iter().map(Vec::as_slice)).unwrap();
        let events: Vec<EventId> = document.events().0.into_iter().map(|(id, _)| id).collect();
        for (event, _) in saved.iter().filter(|(_, d)| **d == doc) {
            assert!(
                events.contains(event),
                "{event} was acknowledged and is gone"
            );
        }
    }
}
