//! A temporary PostgreSQL: a real server in a temporary folder, for fleets, benchmarks and tests.
//!
//! Without TLS it listens only on a socket in that folder: it uses no port, and other users cannot connect.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

/// The folder of `initdb`: on the path, or in Debian's folder of versions.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    folders.extend(debian.map(|version| version.path().join("bin")));
    // A link on the path leads to one program only; the folder of its target has all of them.
    let whole = |folder: PathBuf| {
        Some(
            folder
                .join("initdb")
                .canonicalize()
                .ok()?
                .parent()?
                .to_owned(),
        )
    };
    folders.into_iter().filter_map(whole).find(|folder| {
        let has = |program| folder.join(program).exists();
        has("pg_ctl") && has("psql")
    })
}

/// A running server; stopped and removed when dropped.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    /// Set if it listens on loopback, over TLS only.
    port: Option<u16>,
    /// Whether commits wait for the disk. Without it the data outlive the end of every process, but not a power cut.
    fsync: bool,
}

impl Server {
    /// Starts a server on a socket in a temporary folder; `None` if PostgreSQL is not installed.
    ///
    /// # Errors
    /// If it is installed and does not start.
    pub fn start() -> anyhow::Result<Option<Self>> {
        Self::start_with(None, true)
    }

    /// Starts a server as [`Self::start`] does, whose commits do not wait for the disk: for tests, which end processes
    /// and not the machine.
    ///
    /// # Errors
    /// If it is installed and does not start.
    pub fn start_without_fsync() -> anyhow::Result<Option<Self>> {
        Self::start_with(None, false)
    }

    /// Starts a server that also listens on loopback, at a free port, with a self-signed certificate for `localhost`
    /// that `openssl` makes, see [`Self::certificate`]; `None` if PostgreSQL is not installed.
    ///
    /// # Errors
    /// If it is installed and does not start.
    pub fn start_with_tls() -> anyhow::Result<Option<Self>> {
        // The listener is dropped here, so that PostgreSQL can bind the port.
        let free = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        Self::start_with(Some(free.port()), true)
    }

    fn start_with(port: Option<u16>, fsync: bool) -> anyhow::Result<Option<Self>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("xuncha-pg-").tempdir()?;
        let server = Self {
            programs,
            folder,
            port,
            fsync,
        };
        if is_root() {
            let status = Command::new("chown")
                .arg("postgres")
                .arg(server.folder.path())
                .status()?;
            ensure!(
                status.success(),
                "PostgreSQL does not run as root, and there is no user postgres"
            );
        }
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
        )?;
        if port.is_some() {
            server.certify()?;
        }
        server.run()?;
        Ok(Some(server))
    }

    /// The file (PEM) of its self-signed certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("data/server.crt")
    }

    fn certify(&self) -> anyhow::Result<()> {
        let data = self.folder.path().join("data");
        let mut openssl = as_owner(OsStr::new("openssl"));
        let made = openssl
            .current_dir(&data)
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            ])
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "server.key", "-out", "server.crt"])
            .output()
            .context("openssl")?;
        ensure!(
            made.status.success(),
            "no certificate: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        // PostgreSQL refuses a key that other users can read.
        let mut closed = as_owner(OsStr::new("chmod"));
        let closed = closed.current_dir(&data).args(["600", "server.key"]);
        let status = closed.status()?;
        ensure!(status.success(), "the key cannot be closed to others");
        Ok(())
    }

    fn run(&self) -> anyhow::Result<()> {
        // Without a port only on a socket: other users cannot connect.
        let listen = match self.port {
            None => "-c listen_addresses=''".to_owned(),
            Some(port) => format!("-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on"),
        };
        let options = format!(
            "-k {} {listen} -c max_connections=400 -c fsync={}",
            self.folder.path().display(),
            if self.fsync { "on" } else { "off" },
        );
        let log = self.folder.path().join("log");
        let log = log.to_str().context("a path that is text")?;
        self.call("pg_ctl", &["-w", "-o", &options, "-l", log, "start"])
    }

    /// Stops the server without a shutdown, as a power cut would, and starts it again.
    ///
    /// # Errors
    /// If it does not start again.
    pub fn crash_and_recover(&self) -> anyhow::Result<()> {
        self.call("pg_ctl", &["-w", "-m", "immediate", "stop"])?;
        self.run()
    }

    /// The connection string of the server, without a database.
    pub fn address(&self) -> String {
        match self.port {
            None => format!("host={} user=postgres", self.folder.path().display()),
            Some(port) => format!("host=localhost port={port} user=postgres"),
        }
    }

    /// Creates a database; returns its connection string for `--database`.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(&self, name: &str) -> anyhow::Result<String> {
        self.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(format!("{} dbname={name}", self.address()))
    }

    /// Runs statements in a database; returns their output, one line for each row.
    ///
    /// # Errors
    /// If one of them fails.
    pub fn execute(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let folder = self.folder.path().display().to_string();
        let arguments = ["-qAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres"];
        let output = Command::new(self.programs.join("psql"))
            .args(arguments)
            .args(["-h", &folder, "-p", &self.port.unwrap_or(5432).to_string()])
            .args(["-d", database, "-c", sql])
            .current_dir(self.folder.path())
            .output()
            .context("psql")?;
        ensure!(
            output.status.success(),
            "{database}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn call(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = as_owner(self.programs.join(program).as_os_str());
        command
            .current_dir(self.folder.path())
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(arguments);
        let status = command
            .stdout(Stdio::null())
            .status()
            .context("PostgreSQL")?;
        ensure!(
            status.success(),
            "{command:?} failed; see {}",
            self.folder.path().display()
        );
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.call("pg_ctl", &["-m", "immediate", "stop"]);
    }
}

/// Runs a program as the owner of the folder, because PostgreSQL does not run as root.
fn as_owner(program: &OsStr) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0"))
}
