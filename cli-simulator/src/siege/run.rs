//! Runs a siege.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use anyhow::Context;

use super::{
    attack, devices, greed,
    honest::{MEMORY, Seen, push},
    outcome::{Outcome, row},
    plan::Plan,
    server::{self, Besieged},
};
use crate::phone::{Http, Phone};

/// Besieges a server.
///
/// # Errors
/// If the server or the devices cannot be set up.
pub fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("server");
    let runtime = tokio::runtime::Runtime::new()?;
    let (world, codes, reviewer) = devices::invite(&runtime, &data, plan.devices() + 1)?;
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
    let trickle = attack::trickle(&open, &over)?;
    greed::begin(&runtime, &besieged, &tokens[0], &reviewer, plan.greedy);
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
    trickle.join().map_err(died)?;
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
