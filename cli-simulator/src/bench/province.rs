//! A province on PostgreSQL: 120 counties, a million documents, one server process under load.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;
use sync_core::{
    record::{AreaPath, DeviceId, DeviceTime, PersonId, Role},
    sync::{Call, Lost, Method, Reply},
    wire::push,
};
use xuncha_server::config::Config;

use super::{
    Generator, Row,
    rows::{median, records_only, soon},
    server::Server,
};
use crate::{
    phone::{Http, Phone, Transport},
    postgres,
    world::World,
};

/// Counties of the province, in 17 cities.
const COUNTIES: usize = 120;
const CITIES: usize = 17;
/// Changes of a pack.
const CHANGES: usize = 50;
/// Devices whose empty syncs are repeated.
const PHONES: usize = 12;
/// Requests per second, and duration in seconds.
const RATE: u64 = 500;
const SECONDS: u64 = 20;

fn province() -> AreaPath {
    "429999".parse().expect("a constant path")
}

fn counties() -> Vec<World> {
    let county = |n: usize| {
        let city = n % CITIES;
        let path = format!("429999/4299{city:02}/4299{city:02}{:03}", n / CITIES);
        World::of(path.parse().expect("codes of a path"))
    };
    (0..COUNTIES).map(county).collect()
}

type Packs = Vec<Vec<(DeviceId, push::Request)>>;

/// Seals `packs` packs for every writer; one lane for each writer.
fn packs(generator: &mut Generator, packs: usize) -> anyhow::Result<Packs> {
    let mut lanes = Vec::new();
    for writer in 0..generator.writers.len() {
        let mut lane = Vec::new();
        for _ in 0..packs {
            let mut entries = Vec::with_capacity(CHANGES);
            for n in 0..CHANGES {
                entries.push(generator.record(writer, soon() + n as i64)?.1);
            }
            let device = generator.writers[writer].id;
            lane.push((device, generator.seal(writer, entries)));
        }
        lanes.push(lane);
    }
    Ok(lanes)
}

/// Pushes the lanes concurrently, each in its order; returns changes per second.
fn push_all(generator: &Generator, lanes: Packs) -> anyhow::Result<f64> {
    let changes = lanes.iter().map(Vec::len).sum::<usize>() * CHANGES;
    let started = Instant::now();
    let ingest = generator.components.ingest.clone();
    generator.block_on(async move {
        let lane = |lane: Vec<(DeviceId, push::Request)>| {
            let ingest = ingest.clone();
            tokio::spawn(async move {
                for (device, pack) in lane {
                    ingest
                        .push(device, pack)
                        .await
                        .map_err(anyhow::Error::from)?;
                }
                anyhow::Ok(())
            })
        };
        let lanes: Vec<_> = lanes.into_iter().map(lane).collect();
        for lane in lanes {
            lane.await??;
        }
        anyhow::Ok(())
    })?;
    Ok(changes as f64 / started.elapsed().as_secs_f64())
}

fn config(folder: &Path, database: String) -> Config {
    let mut config = Config::new(folder, ([127, 0, 0, 1], 0).into());
    config.database = Some(database);
    config
}

/// All rows of the province, on a PostgreSQL server of its own.
pub(super) fn rows(
    folder: &Path,
    records: usize,
    rows: &mut Vec<Row>,
    say: &dyn Fn(&str),
) -> anyhow::Result<()> {
    let server = postgres::Server::start()?.context("PostgreSQL is missing")?;
    let hot = config(&folder.join("hot"), server.create("hot")?);
    say("one hot space: making packs");
    let mut generator = Generator::open(&hot, vec![World::small()], 60, 1)?;
    let lanes = packs(&mut generator, 20)?;
    say("one hot space: pushing");
    let rate = push_all(&generator, lanes)?;
    let work = "durable ingest, PostgreSQL, 60 devices in one space";
    rows.push(Row::at_least(work, "rate", "changes/s", 10_000.0, rate));
    drop(generator);

    let database = server.create("province")?;
    let wide = config(&folder.join("province"), database.clone());
    say("120 spaces: making packs");
    let mut generator = Generator::open(&wide, counties(), COUNTIES, 2)?;
    let lanes = packs(&mut generator, 10)?;
    say("120 spaces: pushing");
    let rate = push_all(&generator, lanes)?;
    let work = "durable ingest, PostgreSQL, 120 devices in 120 spaces";
    rows.push(Row::at_least(work, "rate", "changes/s", 5_000.0, rate));

    let mut stored = COUNTIES * 10 * CHANGES;
    while stored < records {
        let more = (records - stored).div_ceil(COUNTIES * CHANGES).min(5);
        let lanes = packs(&mut generator, more)?;
        push_all(&generator, lanes)?;
        stored += COUNTIES * more * CHANGES;
        say(&format!("  {stored} of {records} records"));
    }
    let started = Instant::now();
    generator.project()?;
    let rate = stored as f64 / started.elapsed().as_secs_f64();
    let work = format!("ledger of {stored} records made from the log");
    rows.push(Row::shown(&work, "rate, one worker", "records/s", rate));
    reading(folder, &wide, database, &generator, stored, rows, say)
}

/// Measures a full province for devices and reviewers.
fn reading(
    folder: &Path,
    wide: &Config,
    database: String,
    generator: &Generator,
    stored: usize,
    rows: &mut Vec<Row>,
    say: &dyn Fn(&str),
) -> anyhow::Result<()> {
    let server = Server::start_on(&wide.data, Some(&database))?;
    let base = format!("http://{}", server.address);
    say("phones pull");
    let mut calls = Vec::new();
    for n in 0..PHONES {
        let world = &generator.worlds[n * 7 % COUNTIES];
        let actor = world.actor("网格员乙");
        let code =
            generator.block_on(world.invite(&generator.storage, &generator.components, actor))?;
        let home = folder.join(format!("phone-{n}"));
        let mut phone = Phone::simulated(&home, n as u64, DeviceTime(soon()))?;
        let mut line = Recording::new(&base)?;
        phone.enrol(&mut line, "http://bench", &code)?;
        phone.sync(&mut line, records_only())?;
        line.sent.clear();
        let report = phone.sync(&mut line, records_only())?;
        anyhow::ensure!(
            report.complete && line.sent.len() == 1,
            "not one request: {report:?}"
        );
        calls.append(&mut line.sent);
    }
    say("nothing new, 500 a second");
    let mut times = generator.block_on(load(&base, calls))?;
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let work = format!("nothing new at {stored}, {RATE} requests/s for {SECONDS} s");
    rows.push(Row::shown(&work, "time, median", "ms", at(0.5)));
    rows.push(Row::new(
        &work,
        "time, 99 of 100 within",
        "ms",
        20.0,
        at(0.99),
    ));
    let resident = server.resident_mb();
    rows.push(Row::new(&work, "resident, server", "MB", 400.0, resident));

    say("reviewers read");
    let county = generator.worlds[3].county.clone();
    let token = |role, area| {
        let (person, label) = (PersonId([7; 16]), String::new());
        let issued = generator
            .components
            .access
            .issue_token(person, role, area, label);
        generator.block_on(issued)
    };
    let key = token(Role::CountyReviewer, county)?;
    let took = asked(&base, "/v1/hazards?open=true&limit=50", &key)?;
    let work = format!("a county's open hazards, {stored} in the ledger");
    rows.push(Row::new(&work, "time, median of 50", "ms", 50.0, took));
    let key = token(Role::ProvinceReviewer, province())?;
    let took = asked(&base, "/v1/statistics?by=city", &key)?;
    let work = format!("statistics by city, {stored} in the ledger");
    rows.push(Row::new(&work, "time, median of 50", "ms", 1_000.0, took));
    let took = asked(&base, "/v1/hazards?open=true&limit=50", &key)?;
    let work = format!("a province's open hazards, {stored} in the ledger");
    rows.push(Row::shown(&work, "time, median of 50", "ms", took));
    Ok(())
}

/// Median time of 50 answers to the same request, in milliseconds.
fn asked(base: &str, path: &str, token: &str) -> anyhow::Result<f64> {
    let client = reqwest::blocking::Client::new();
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        let answer = client
            .get(format!("{base}{path}"))
            .bearer_auth(token)
            .send()?;
        let status = answer.status();
        let body = answer.bytes()?;
        anyhow::ensure!(status.is_success() && body.len() > 100, "{path}: {status}");
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(median(times))
}

/// A transport that keeps the calls it sends.
struct Recording {
    http: Http,
    sent: Vec<Call>,
}

impl Recording {
    fn new(base: &str) -> anyhow::Result<Self> {
        let (http, sent) = (Http::new(base)?, Vec::new());
        Ok(Self { http, sent })
    }
}

impl Transport for Recording {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        self.sent.push(call.clone());
        self.http.send(call)
    }
}

/// Sends the calls in turn at a constant rate, also when answers are late. Returns the time of each answer in
/// milliseconds, counted from the time at which its call was due.
async fn load(base: &str, calls: Vec<Call>) -> anyhow::Result<Vec<f64>> {
    let client = reqwest::Client::builder()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(256)
        .build()?;
    let start = tokio::time::Instant::now() + Duration::from_millis(100);
    let mut answers = Vec::new();
    for n in 0..RATE * SECONDS {
        let due = start + Duration::from_micros(n * 1_000_000 / RATE);
        tokio::time::sleep_until(due).await;
        let call = &calls[n as usize % calls.len()];
        let method = match call.method {
            Method::Post => reqwest::Method::POST,
            _ => reqwest::Method::GET,
        };
        let mut request = client.request(method, format!("{base}{}", call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(call.body.clone());
        answers.push(tokio::spawn(async move {
            let answer = request.send().await?;
            let status = answer.status();
            answer.bytes().await?;
            anyhow::ensure!(status.is_success(), "{status}");
            Ok(due.elapsed().as_secs_f64() * 1000.0)
        }));
    }
    let mut times = Vec::new();
    for answer in answers {
        times.push(answer.await??);
    }
    // The first second is dropped: it warms up connections and query plans.
    Ok(times.split_off(RATE as usize))
}
