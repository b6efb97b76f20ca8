//! A siege: a real server process is attacked in all the ways of strangers and rogue devices at the same time. The
//! siege measures what an honest device and an operator notice.
//!
//! The result is a table: the promise, the measured value, and whether the promise holds. Needs Linux: memory is read
//! from `/proc`.

mod attack;
mod devices;
mod server;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::Serialize;

use crate::{
    phone::{Http, Phone},
    world::{World, observation},
};
use server::Besieged;

/// The plan of a siege.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server program.
    pub program: PathBuf,
    /// Connections that send half a header, or one byte of a body.
    pub stalled: usize,
    /// Endless bodies of 7 MB, and as many within the limit of their route.
    pub unfinished: usize,
    /// Small files that declare 169 million pixels, and as many of the largest accepted photos.
    pub bombs: usize,
    /// Concurrent long polls.
    pub polls: usize,
    /// Duration in seconds.
    pub seconds: u64,
}

/// A promise and the measured value.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What is promised.
    pub promise: String,
    /// The measured value.
    pub found: String,
    /// Whether it holds.
    pub holds: bool,
}

/// The result of a siege.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Every promise.
    pub rows: Vec<Row>,
}

impl Outcome {
    /// The result as a table.
    pub fn text(&self) -> String {
        let line = |row: &Row| {
            let mark = if row.holds {
                "成立 holds "
            } else {
                "不成立 BROKEN"
            };
            format!("{mark}  {:<58} {}", row.promise, row.found)
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Whether every promise holds.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds)
    }
}

/// Milliseconds that a push of an honest device may take.
const PUSH_MS: u128 = 500;
/// Milliseconds in which a health request must be answered.
const HEALTH_MS: u128 = 1_000;
/// Resident megabytes at most: at the peak, and within one minute after the siege.
const MEMORY: (u64, u64) = (400, 150);

/// What an honest device and an operator measured.
struct Seen {
    /// The start of each push, from the start of the siege, and its duration.
    pushes: Vec<(Duration, Duration)>,
    unanswered: usize,
    health: Vec<(u16, Duration)>,
    peak: u64,
}

fn row(promise: String, found: String, holds: bool) -> Row {
    Row {
        promise,
        found,
        holds,
    }
}

/// Besieges a server.
///
/// # Errors
/// If the server or the devices cannot be set up.
pub fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("server");
    // A device may have sixteen open long polls.
    let wanted = plan
        .polls
        .div_ceil(16)
        .max(plan.bombs)
        .max(plan.unfinished)
        .max(1);
    let runtime = tokio::runtime::Runtime::new()?;
    let (world, codes) = devices::invite(&runtime, &data, wanted + 1)?;
    let besieged = Besieged::start(&plan.program, &data)?;
    let (honest, codes) = codes.split_last().context("codes")?;
    let mut phone = Phone::open(&folder.path().join("phone"))?;
    let mut http = Http::new(&besieged.url)?;
    phone.enrol(&mut http, &besieged.url, honest)?;
    let calm = push(&mut phone, &mut http, &world)?.context("a push before the siege")?;
    let tokens = devices::enrol(&mut http, codes)?;
    let photos = attack::Photos::make(plan.bombs);

    let over = Arc::<AtomicBool>::default();
    let polls = attack::polls(&runtime, &besieged.address, &tokens, plan.polls, &world);
    let open = attack::stall(&besieged.address, &tokens, plan)?;
    let bombs = photos.send(&besieged.url, &tokens);
    let watch = {
        let (pid, over) = (besieged.pid(), Arc::clone(&over));
        std::thread::spawn(move || server::peak(pid, &over))
    };
    let health = {
        let (urls, over) = (besieged.health_urls(), Arc::clone(&over));
        std::thread::spawn(move || server::health(&urls, &over))
    };
    let (mut pushes, mut unanswered) = (Vec::new(), 0);
    let (begun, lasts) = (Instant::now(), Duration::from_secs(plan.seconds));
    while begun.elapsed() < lasts {
        let at = begun.elapsed();
        match push(&mut phone, &mut http, &world)? {
            Some(took) => pushes.push((at, took)),
            None => unanswered += 1,
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    let (refused, stored) = bombs
        .join()
        .map_err(|_| anyhow::anyhow!("the bombs' thread died"))??;
    over.store(true, SeqCst);
    let polled = polls.seen();
    let died = |_| anyhow::anyhow!("a thread that watched died");
    let seen = Seen {
        pushes,
        unanswered,
        health: health.join().map_err(died)??,
        peak: watch.join().map_err(died)?,
    };
    drop((open, polls));
    runtime.shutdown_background();
    let after = server::settles(besieged.pid(), MEMORY.1, Duration::from_secs(60));
    let mut rows = seen.rows(calm);
    let most = plan.polls;
    rows.push(row(
        format!("{most} long polls wait at once, none refused"),
        format!("{} at once, {} refused or cut", polled.0, polled.1),
        polled.0 >= most && polled.1 == 0,
    ));
    rows.push(row(
        format!("{} image bombs are refused by name", plan.bombs),
        format!("{refused}"),
        refused == plan.bombs,
    ));
    rows.push(row(
        format!("{} of the largest photos at once are stored", plan.bombs),
        format!("{stored}"),
        stored == plan.bombs,
    ));
    let (megabytes, seconds) = after;
    rows.push(row(
        format!("memory within 60 s after it: at most {} MB", MEMORY.1),
        format!("{megabytes} MB after {seconds} s"),
        megabytes <= MEMORY.1,
    ));
    Ok(Outcome { rows })
}

impl Seen {
    fn rows(&self, calm: Duration) -> Vec<Row> {
        let slowest = self.pushes.iter().max_by_key(|(_, took)| *took);
        let (at, slowest) =
            slowest.map_or((0.0, 0), |(at, took)| (at.as_secs_f64(), took.as_millis()));
        let well = self
            .health
            .iter()
            .filter(|(status, _)| *status == 200)
            .count();
        let slow = self.health.iter().map(|(_, took)| took.as_millis()).max();
        let slow = slow.unwrap_or_default();
        vec![
            row(
                format!("an honest device's push: at most {PUSH_MS} ms"),
                format!(
                    "{slowest} ms at {at:.0} s, of {} pushes, {} without answer ({} ms before)",
                    self.pushes.len(),
                    self.unanswered,
                    calm.as_millis()
                ),
                slowest <= PUSH_MS && self.unanswered == 0 && !self.pushes.is_empty(),
            ),
            row(
                format!("health is answered within {HEALTH_MS} ms, on both listeners"),
                format!("{well} of {} with 200, {slow} ms", self.health.len()),
                well == self.health.len() && well > 0 && slow <= HEALTH_MS,
            ),
            row(
                format!("memory at the peak: at most {} MB", MEMORY.0),
                format!("{} MB", self.peak),
                self.peak > 0 && self.peak <= MEMORY.0,
            ),
        ]
    }
}

/// Records a hazard and syncs it; returns the duration of the sync, or `None` if it did not complete.
fn push(phone: &mut Phone, http: &mut Http, world: &World) -> anyhow::Result<Option<Duration>> {
    let place = (
        "3栋",
        "1单元",
        "1层",
        sync_core::record::LocationKind::Stairwell,
    );
    let found = observation(
        &world.compounds[0],
        "EG-03",
        place,
        "围攻时发现",
        Vec::new(),
    );
    phone.device.observe(found, None)?;
    let begun = Instant::now();
    let report = phone.sync(http, sync_core::sync::Options::default())?;
    Ok((report.complete && report.acknowledged > 0).then(|| begun.elapsed()))
}
