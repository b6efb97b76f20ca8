//! `cargo xtask repeat`: runs the two test steps many times while a build loads the machine.
//!
//! A test that fails once in a hundred runs is a fault. The result of each round is written to `target/repeat.txt`
//! before the next round begins, so that an interrupted run can be resumed.

use std::{
    io::Write,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Instant,
};

use anyhow::{Context, bail, ensure};

use crate::{
    cargo::{cargo, program, target},
    gate, postgres,
    steps::Outcome,
};

/// Crates that the concurrent build compiles again and again; its results are not used.
const BESIDE: [&str; 2] = ["sync-core", "xuncha-server"];

/// Runs the steps until each has `times` results; fails if any round failed. With `loaded`, another build loads the
/// machine, and none is started here.
pub(crate) fn run(times: usize, fresh: bool, loaded: bool) -> anyhow::Result<()> {
    let notes = target().join("repeat.txt");
    if fresh && notes.exists() {
        std::fs::remove_file(&notes)?;
    }
    // The tested programs are built first, so that they do not depend on the concurrent build.
    crate::cargo::built("xuncha-sim")?;
    let beside = (!loaded).then(Beside::start);
    for round in 1..=times {
        for (engine, step) in [
            ("sqlite", gate::tests as fn() -> anyhow::Result<()>),
            ("postgresql", on_postgres),
        ] {
            let key = format!("{round} {engine} ");
            let written = std::fs::read_to_string(&notes).unwrap_or_default();
            if written.lines().any(|line| line.starts_with(&key)) {
                continue;
            }
            println!("\n── 第{round}轮，共{times}轮 / round {round} of {times}: {engine}");
            let started = Instant::now();
            let outcome = if step().is_ok() { "ok" } else { "failed" };
            let mut file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&notes)?;
            writeln!(
                file,
                "{key}{outcome} {:.0} s",
                started.elapsed().as_secs_f64()
            )?;
        }
    }
    drop(beside);
    let written = std::fs::read_to_string(&notes)?;
    println!("\n{written}");
    let failed = written
        .lines()
        .filter(|line| line.contains("failed"))
        .count();
    ensure!(
        failed == 0,
        "{failed} rounds failed; see above, and `{}`",
        notes.display()
    );
    Ok(())
}

fn on_postgres() -> anyhow::Result<()> {
    match postgres::run()? {
        Outcome::Passed => Ok(()),
        Outcome::Skipped(missing) => bail!("{missing}"),
    }
}

/// A concurrent build in its own folder that restarts whenever it ends.
struct Beside {
    over: Arc<AtomicBool>,
    work: Option<std::thread::JoinHandle<()>>,
}

impl Beside {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let work = std::thread::spawn(move || {
            while !ends.load(SeqCst) {
                if let Err(error) = build(&ends) {
                    println!("the build beside ended: {error:#}");
                    return;
                }
            }
        });
        Self {
            over,
            work: Some(work),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.over.store(true, SeqCst);
        if let Some(work) = self.work.take() {
            let _ = work.join();
        }
    }
}

/// Compiles our own crates once, from a clean state; the build is killed once `over` is set.
fn build(over: &AtomicBool) -> anyhow::Result<()> {
    let folder = target().join("beside");
    let folder = folder.to_string_lossy();
    for name in BESIDE {
        cargo(&["clean", "--quiet", "--target-dir", &folder, "-p", name])?;
    }
    let mut building = Command::new(program())
        .args(["build", "--workspace", "--locked", "--quiet"])
        .args(["--target-dir", &folder])
        .stderr(Stdio::null())
        .spawn()
        .context("cargo build")?;
    while !ended(&mut building)? {
        if over.load(SeqCst) {
            building.kill()?;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    Ok(())
}

fn ended(building: &mut Child) -> anyhow::Result<bool> {
    Ok(building.try_wait()?.is_some())
}
