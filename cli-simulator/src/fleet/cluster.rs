//! Several server processes over one database; some of them are killed during the run.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::JoinHandle,
};

use anyhow::Context;

use crate::{network::Proxy, postgres};

/// The servers behind the devices' network.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// `--database` of every process.
    pub database: String,
    /// `--photos` of every process; `None` means the shared data folder.
    pub photo_store: Option<String>,
    /// A program with its first arguments. It serves the data folder in its last argument, with the database and the
    /// photo store of its environment. It prints its address first.
    pub program: Vec<OsString>,
    /// Number of processes.
    pub processes: usize,
    /// Calls after which one of them is killed and another is started.
    pub kill_every: u64,
    /// The PostgreSQL server; it runs until this is dropped.
    pub server: Arc<postgres::Server>,
    /// Whether the PostgreSQL server crashes once, too.
    pub crash_server: bool,
}

/// A server process; killed when dropped.
struct Process {
    child: Child,
    address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(cluster: &Cluster, data: &Path) -> anyhow::Result<Self> {
        let (program, arguments) = cluster.program.split_first().context("a program")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(data)
            .env("XUNCHA_DATABASE", &cluster.database)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped());
        if let Some(photos) = &cluster.photo_store {
            command.env("XUNCHA_PHOTOS", photos);
        }
        let mut child = command.spawn().context("a server process")?;
        let out = child.stdout.take().context("the server's output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        anyhow::ensure!(!line.trim().is_empty(), "a server process did not start");
        let address = format!("http://{}", line.trim());
        Ok(Self { child, address })
    }
}

/// The running processes, and the thread that kills them.
pub(super) struct Running {
    quiet: Arc<AtomicBool>,
    kills: Arc<AtomicUsize>,
    processes: Arc<Mutex<Vec<Process>>>,
    killer: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Running {
    /// Starts the processes, sends the proxy's calls to them in turn, and starts the killing thread.
    pub(super) fn start(cluster: &Cluster, data: PathBuf, proxy: &Proxy) -> anyhow::Result<Self> {
        let mut processes = Vec::new();
        for _ in 0..cluster.processes {
            processes.push(Process::start(cluster, &data)?);
        }
        proxy.redirect(processes.iter().map(|p| p.address.clone()).collect());
        let (quiet, kills) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let processes = Arc::new(Mutex::new(processes));
        let killer = Killer {
            cluster: cluster.clone(),
            data,
            proxy: proxy.clone(),
            quiet: Arc::clone(&quiet),
            kills: Arc::clone(&kills),
            processes: Arc::clone(&processes),
        };
        let killer = std::thread::spawn(move || killer.run());
        Ok(Self {
            quiet,
            kills,
            processes,
            killer: Some(killer),
        })
    }

    /// Stops the killing; the remaining processes continue. Returns how many were killed.
    pub(super) fn calm(&mut self) -> anyhow::Result<usize> {
        self.quiet.store(true, SeqCst);
        if let Some(killer) = self.killer.take() {
            killer
                .join()
                .map_err(|_| anyhow::anyhow!("the killer died"))??;
        }
        Ok(self.kills.load(SeqCst))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.quiet.store(true, SeqCst);
        let mut processes = self
            .processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        processes.clear();
    }
}

struct Killer {
    cluster: Cluster,
    data: PathBuf,
    proxy: Proxy,
    quiet: Arc<AtomicBool>,
    kills: Arc<AtomicUsize>,
    processes: Arc<Mutex<Vec<Process>>>,
}

impl Killer {
    /// After every `kill_every` calls, while the last of them is in progress: kills a process and starts another in
    /// its place.
    fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut calls = self.proxy.calls();
        let mut next = self.cluster.kill_every;
        loop {
            let waiting = async {
                let limit = std::time::Duration::from_millis(200);
                tokio::time::timeout(limit, calls.wait_for(|count| *count >= next)).await
            };
            match runtime.block_on(waiting) {
                _ if self.quiet.load(SeqCst) => return Ok(()),
                Ok(Ok(count)) => next = *count + self.cluster.kill_every,
                Ok(Err(_)) => return Ok(()),
                Err(_) => continue,
            }
            self.kill()?;
        }
    }

    fn kill(&self) -> anyhow::Result<()> {
        let kills = self.kills.fetch_add(1, SeqCst) + 1;
        let mut processes = self
            .processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let which = kills % processes.len();
        let victim = &mut processes[which];
        victim.child.kill()?;
        victim.child.wait()?;
        if kills == 2 && self.cluster.crash_server {
            self.cluster.server.crash_and_recover()?;
        }
        *victim = Process::start(&self.cluster, &self.data)?;
        let addresses = processes.iter().map(|p| p.address.clone()).collect();
        self.proxy.redirect(addresses);
        Ok(())
    }
}
