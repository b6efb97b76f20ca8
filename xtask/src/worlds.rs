//! `cargo xtask worlds`: compares very many random worlds with the independent models, in parts of ascending seeds.
//!
//! The result of each part is written to `target/worlds.txt` with the version of the sources, so that an interrupted run
//! continues where it ended, and a change of the sources begins it again.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, ensure};

use crate::cargo::{program, target};

/// A kind of worlds: its name, its test, the variable that takes their number, and the worlds of one part.
struct Kind {
    name: &'static str,
    test: &'static str,
    variable: &'static str,
    part: u64,
}

const FOLD: Kind = Kind {
    name: "fold",
    test: "fold::the_fold_judges_every_world_as_the_rules_do",
    variable: "XUNCHA_MODEL_WORLDS",
    part: 20_000,
};

const FIGURES: Kind = Kind {
    name: "figures",
    test: "figures::figures_are_those_of_the_reference_as_of_every_cut_off_however_late_they_are_asked",
    variable: "XUNCHA_MODEL_WORLDS",
    part: 480,
};

const RECORDS: Kind = Kind {
    name: "records",
    test: "records::compare::the_folds_of_activities_and_inspections_judge_every_world_as_the_rules_do",
    variable: "XUNCHA_MODEL_RECORDS",
    part: 50_000,
};

const HIERARCHY: Kind = Kind {
    name: "hierarchy",
    test: "hierarchy::imports_and_reporting_trees_agree_with_the_reference_in_every_world_of_hierarchy",
    variable: "XUNCHA_MODEL_WORLDS",
    part: 20_000,
};

const EDITIONS: Kind = Kind {
    name: "editions",
    test: "editions::the_folds_judge_by_the_edition_that_the_rules_name",
    variable: "XUNCHA_MODEL_WORLDS",
    part: 50_000,
};

/// What the results depend on.
const SOURCES: [&str; 5] = [
    "sync-core",
    "server",
    "schemas",
    "tests/model",
    "Cargo.lock",
];

/// Compares so many worlds of each kind. Fails at the first part with a difference.
/// `counts`: in the order fold, figures, records, hierarchy, editions.
pub(crate) fn run(counts: [u64; 5]) -> anyhow::Result<()> {
    let version = version()?;
    let kinds = [FOLD, FIGURES, RECORDS, HIERARCHY, EDITIONS];
    for (kind, count) in kinds.into_iter().zip(counts) {
        let begun = Instant::now();
        let mut done = 0;
        for from in (0..count).step_by(usize::try_from(kind.part)?) {
            let worlds = kind.part.min(count - from);
            let line = format!("{version} {} {from} {worlds}", kind.name);
            if written().lines().any(|known| known == line) {
                continue;
            }
            compare(&kind, from, worlds)?;
            write(&line)?;
            done += worlds;
            let seconds = begun.elapsed().as_secs_f64();
            let rate = done as f64 / seconds;
            let left = (count - from - worlds) as f64 / rate / 60.0;
            println!(
                "{}: seeds {from} to {}, 0 differences; {rate:.0}/s, {left:.0} min left / 尚需{left:.0}分钟",
                kind.name,
                from + worlds - 1
            );
        }
        println!("{}: {count} worlds, 0 differences", kind.name);
    }
    Ok(())
}

fn compare(kind: &Kind, from: u64, worlds: u64) -> anyhow::Result<()> {
    let run = Command::new(program())
        .env("XUNCHA_MODEL_FROM", from.to_string())
        .env(kind.variable, worlds.to_string())
        .args(["test", "--release", "--locked", "--quiet"])
        .args([
            "-p",
            "promises",
            "-p",
            "xuncha-server",
            "-p",
            "cli-simulator",
            "-p",
            "sync-core",
        ])
        .args(["--test", "model", "--", "--exact", kind.test])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .context("cargo test")?;
    let text = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    ensure!(
        run.status.success() && text.contains("1 passed"),
        "worlds from {from} differ, or were not compared:\n{text}"
    );
    Ok(())
}

/// A name of the committed sources. Uncommitted changes would make the results worthless.
fn version() -> anyhow::Result<String> {
    let changed = git(&["status", "--porcelain", "--"], &SOURCES)?;
    ensure!(changed.is_empty(), "commit first / 请先提交：\n{changed}");
    let of_head = SOURCES.map(|path| format!("HEAD:{path}"));
    let names = git(&["rev-parse"], &of_head.each_ref().map(String::as_str))?;
    let names: Vec<&str> = names.lines().filter_map(|name| name.get(..8)).collect();
    Ok(names.join("-"))
}

fn git(arguments: &[&str], paths: &[&str]) -> anyhow::Result<String> {
    let run = Command::new("git")
        .args(arguments)
        .args(paths)
        .output()
        .context("git")?;
    ensure!(run.status.success(), "git {}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&run.stdout).into_owned())
}

fn written() -> String {
    std::fs::read_to_string(target().join("worlds.txt")).unwrap_or_default()
}

fn write(line: &str) -> anyhow::Result<()> {
    let path = target().join("worlds.txt");
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    writeln!(file, "{line}")?;
    Ok(())
}
