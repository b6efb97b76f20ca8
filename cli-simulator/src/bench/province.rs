//! A province on PostgreSQL: 120 counties, a million documents, one server process under load.

use std::{path::Path, time::Instant};

use anyhow::Context;
use sync_core::record::{AreaPath, DeviceTime, PersonId, Role};
use xuncha_server::config::Config;

use super::{
    generate::Generator,
    ingest::{CHANGES, packs, push_all},
    load::{RATE, Recording, SECONDS, asked, load},
    measure::{records_only, soon},
    row::Row,
    server::Server,
};
use crate::{phone::Phone, postgres, world::World};

/// Counties of the province, in 17 cities.
const COUNTIES: usize = 120;
const CITIES: usize = 17;
/// Devices whose empty syncs are repeated.
const PHONES: usize = 12;
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

fn config(folder: &Path, database: String) -> Config {
    let mut config = Config::new(folder, ([127, 0, 0, 1], 0).into());
    config.database = Some(database);
    config.key_in_database = true;
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
