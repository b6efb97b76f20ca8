//! A command that is killed at any of its system calls leaves a state that its next run completes.
//!
//! `strace` kills at the n-th call of a kind; without it these tests are skipped. A few points are always tried; `cargo
//! xtask kill-points` tries many and shows the table.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cli_simulator::world::photo;
use sync_core::record::PhotoRole;

use crate::support::{Town, copy_folder, database, found_with, schema};

/// System calls that change the disk or send data.
const CALLS: [&str; 8] = [
    "openat",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "unlink",
    "sendto",
];

/// The number of points that are tried for each kind of call.
fn points() -> usize {
    let named = std::env::var("XUNCHA_KILL_POINTS").ok();
    named.map_or(2, |text| text.parse().unwrap())
}

fn has_strace() -> bool {
    Command::new("strace").arg("-V").output().is_ok()
}

fn program(data: &Path, arguments: &[&str], killed: Option<(&str, usize)>) -> Output {
    let own = env!("CARGO_BIN_EXE_xuncha-tested");
    let mut command = match killed {
        None => Command::new(own),
        Some((call, at)) => {
            let mut command = Command::new("strace");
            let inject = format!("inject={call}:signal=SIGKILL:when={at}");
            command.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
            command.arg(format!("trace={call}")).arg("-e").arg(inject);
            command.arg(own);
            command
        }
    };
    command
        .env_remove("XUNCHA_DATABASE")
        .env("XUNCHA_DATA", data)
        .args(arguments)
        .output()
        .unwrap()
}

/// Kills a command at successive points of each kind of call; after each kill `whole` checks the result of the next
/// run.
fn at_each_point(
    what: &str,
    mut begin: impl FnMut(usize) -> (PathBuf, Vec<String>),
    mut whole: impl FnMut(&Path, usize),
) {
    let (mut tried, mut kills) = (0, 0);
    for call in CALLS {
        let mut of_call = 0;
        // The distance between points grows: the first calls open libraries, the last ones rename files.
        let (mut at, mut step) = (1, 1);
        while of_call < points() {
            let (data, arguments) = begin(tried);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let output = program(&data, &arguments, Some((call, at)));
            tried += 1;
            of_call += 1;
            let killed = !output.status.success();
            kills += usize::from(killed);
            whole(&data, tried - 1);
            if !killed {
                // The command makes fewer such calls.
                break;
            }
            at += step;
            if points() <= 4 || of_call % 8 == 0 {
                step *= 2;
            }
        }
        println!("{what:<14} {call:<10} {of_call:>4} points: whole after each");
    }
    println!("{what:<14} {tried} points, {kills} kills");
    assert!(kills > 4, "{what}: the kills did not happen");
}

/// A server's data folder with a hazard and two photos, and no running process.
fn made(town: &mut Town) -> PathBuf {
    let mut liu = town.phone("网格员甲");
    let shots = [1, 2].map(|n| photo(&mut liu.device, n, PhotoRole::Before).unwrap());
    found_with(&mut liu, town, "两张照片", shots.to_vec());
    town.sync(&mut liu);
    town.sync(&mut liu);
    let app = town.app.take().unwrap();
    town.runtime.block_on(app.stop()).unwrap();
    town.config.data.clone()
}

fn succeeds(data: &Path, arguments: &[&str]) {
    let output = program(data, arguments, None);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn verified(data: &Path) {
    let output = program(data, &["admin", "verify"], None);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("2 photos"),
        "{output:?}"
    );
}

fn owned(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_backup_that_is_killed_anywhere_is_whole_or_not_there() {
    if database::is_postgres() || !has_strace() {
        return;
    }
    let mut town = Town::new();
    let data = made(&mut town);
    let root = town.folder.path().to_owned();
    let name = |n: usize| root.join(format!("backup-{n}"));
    let key = data.join("server.key");
    let begin = |n: usize| {
        let to = name(n);
        (
            data.clone(),
            owned(&["admin", "backup", to.to_str().unwrap()]),
        )
    };
    let whole = |data: &Path, n: usize| {
        let to = name(n);
        let shown = to.to_str().unwrap();
        if !to.exists() {
            succeeds(data, &["admin", "backup", shown]);
        }
        let restored = root.join(format!("restored-{n}"));
        let from = ["admin", "restore", shown, "--key", key.to_str().unwrap()];
        succeeds(&restored, &from);
        verified(&restored);
        std::fs::remove_dir_all(restored).unwrap();
        std::fs::remove_dir_all(to).unwrap();
    };
    at_each_point("backup", begin, whole);
}

#[test]
fn a_restore_that_is_killed_anywhere_is_made_whole_by_the_next() {
    if database::is_postgres() || !has_strace() {
        return;
    }
    let mut town = Town::new();
    let data = made(&mut town);
    let root = town.folder.path().to_owned();
    let backup = root.join("backup");
    succeeds(&data, &["admin", "backup", backup.to_str().unwrap()]);
    let key = data.join("server.key");
    let arguments = owned(&[
        "admin",
        "restore",
        backup.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
    ]);
    let begin = |n: usize| (root.join(format!("to-{n}")), arguments.clone());
    let whole = |to: &Path, _: usize| {
        let again: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let cut = to.join("restore.xuncha-part").exists();
        if cut {
            let served = program(to, &["admin", "key"], None);
            assert!(!served.status.success(), "served before it is whole");
        }
        if cut || !to.join("xuncha.db").exists() {
            succeeds(to, &again);
        }
        verified(to);
        std::fs::remove_dir_all(to).unwrap();
    };
    at_each_point("restore", begin, whole);
}

#[test]
fn a_change_of_the_schema_that_is_killed_anywhere_is_made_by_the_next_start() {
    if database::is_postgres() || !has_strace() {
        return;
    }
    let mut town = Town::new();
    let data = made(&mut town);
    let root = town.folder.path().to_owned();
    let old = root.join("old");
    copy_folder(&data, &old);
    schema::SERVER.turn_back(&old.join("xuncha.db"), 1);
    let begin = |n: usize| {
        let to = root.join(format!("old-{n}"));
        copy_folder(&old, &to);
        (to, owned(&["admin", "key"]))
    };
    let whole = |to: &Path, _: usize| {
        succeeds(to, &["admin", "key"]);
        verified(to);
        std::fs::remove_dir_all(to).unwrap();
    };
    at_each_point("schema", begin, whole);
}

#[test]
fn a_schema_of_postgresql_that_is_killed_anywhere_is_made_by_the_next_start() {
    if !database::is_postgres() || !has_strace() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let root = tempfile::tempdir().unwrap();
    let urls = std::cell::RefCell::new(Vec::<String>::new());
    let begin = |n: usize| {
        let url = database::fresh(&runtime).unwrap();
        urls.borrow_mut().push(url.clone());
        let data = root.path().join(format!("data-{n}"));
        let make = ["admin", "--database", &url, "--key-in-database", "key"];
        (data, owned(&make))
    };
    let whole = |data: &Path, n: usize| {
        let url = urls.borrow()[n].clone();
        let key = ["admin", "--database", &url, "--key-in-database", "key"];
        succeeds(data, &key);
        succeeds(data, &["admin", "--database", &url, "verify"]);
    };
    at_each_point("schema", begin, whole);
}

#[test]
fn a_move_that_is_killed_anywhere_is_finished_by_the_next_run() {
    let Some(mut town) = Town::embedded().filter(|_| has_strace()) else {
        return;
    };
    let data = made(&mut town);
    let root = town.folder.path().to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let to = std::cell::RefCell::new(Vec::<Vec<String>>::new());
    let begin = |n: usize| {
        let from = root.join(format!("from-{n}"));
        copy_folder(&data, &from);
        let url = database::fresh(&runtime).unwrap();
        let photos = root.join(format!("photos-{n}"));
        let arguments = owned(&[
            "admin",
            "migrate-store",
            "--to-database",
            &url,
            "--to-photos",
            photos.to_str().unwrap(),
        ]);
        to.borrow_mut().push(arguments.clone());
        (from, arguments)
    };
    let whole = |from: &Path, n: usize| {
        let arguments = to.borrow()[n].clone();
        let again: Vec<&str> = arguments.iter().map(String::as_str).collect();
        succeeds(from, &again);
        let undo = program(from, &["admin", "migrate-store", "--undo"], None);
        assert!(!undo.status.success(), "the new database was released");
        let key = data.join("server.key");
        let verify = [
            "admin",
            "--key-file",
            key.to_str().unwrap(),
            "--database",
            again[3],
            "--photos",
            again[5],
            "verify",
        ];
        succeeds(&root.join("new"), &verify);
        std::fs::remove_dir_all(from).unwrap();
    };
    at_each_point("migrate-store", begin, whole);
}
