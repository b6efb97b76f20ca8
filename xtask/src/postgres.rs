//! A throw-away PostgreSQL in a temporary folder, and every promise tried on it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

/// Runs the promises on PostgreSQL; `Ok(false)` if there is none on this machine.
pub(crate) fn run() -> anyhow::Result<bool> {
    let Some(programs) = programs() else {
        return Ok(false);
    };
    let server = Server::start(&programs)?;
    let mut tests = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    if crate::ci::has("cargo-nextest", "--version") {
        tests.args(["nextest", "run", "--profile", "postgres"]);
    } else {
        tests.arg("test");
    }
    tests.args(["-p", "promises", "--locked", "--test", "promises"]);
    let address = format!("host={} user=postgres", server.folder.display());
    let status = tests.env("XUNCHA_TEST_POSTGRES", address).status()?;
    ensure!(status.success(), "the promises do not hold on PostgreSQL");
    Ok(true)
}

/// The folder of `initdb`: on the path, or where Debian keeps the newest.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    folders.extend(debian.map(|version| version.path().join("bin")));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// A running server; stopped and removed when dropped.
struct Server {
    programs: PathBuf,
    folder: PathBuf,
}

impl Server {
    fn start(programs: &Path) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("xuncha-pg-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let server = Self {
            programs: programs.to_owned(),
            folder,
        };
        if is_root() {
            let status = Command::new("chown")
                .arg("postgres")
                .arg(&server.folder)
                .status()?;
            ensure!(
                status.success(),
                "PostgreSQL does not run as root, and there is no user postgres"
            );
        }
        let data = server.folder.join("data");
        server.call(
            "initdb",
            &[
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ],
            &data,
        )?;
        // On a socket only: no port is taken, nobody else can connect.
        let options = format!(
            "-k {} -c listen_addresses='' -c max_connections=400",
            server.folder.display()
        );
        let log = server.folder.join("log");
        let log = log.to_str().context("a path that is text")?;
        server.call("pg_ctl", &["-w", "-o", &options, "-l", log, "start"], &data)?;
        Ok(server)
    }

    fn call(&self, program: &str, arguments: &[&str], data: &Path) -> anyhow::Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .current_dir(&self.folder)
            .arg("-D")
            .arg(data)
            .args(arguments);
        let status = command
            .stdout(Stdio::null())
            .status()
            .context("PostgreSQL")?;
        ensure!(
            status.success(),
            "{command:?} failed; see {}",
            self.folder.display()
        );
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.call(
            "pg_ctl",
            &["-m", "immediate", "stop"],
            &self.folder.join("data"),
        );
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0"))
}
