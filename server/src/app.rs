//! The composition root: builds all components, connects them, and serves until it is stopped.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, ensure};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    access::Access,
    blobs::{Blobs, Lifetimes, Store, Target},
    config::{Config, Limits},
    feed::Feed,
    folder,
    front::Front,
    hints::Hints,
    host::Now,
    http::{self, Components},
    ingest::Ingest,
    keys::{embedded_key, shared_key},
    metrics::Metrics,
    migrate::FILLING,
    projection::Projection,
    quota::Quota,
    reporting::Reporting,
    review::Review,
    storage::{Storage, StorageError, spaces},
    wake::Wake,
};

pub use crate::host::system_clock;

/// Connections to the operators' listener at most.
const HEALTH_CONNECTIONS: usize = 64;

/// A running server.
#[derive(Debug)]
pub struct App {
    /// The components, for programs that run the server in their own process.
    pub components: Components,
    /// The database.
    pub storage: Storage,
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The address of the listener for health and metrics, if there is one.
    pub health_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    jobs: Vec<JoinHandle<()>>,
}

/// Opens the data folder and builds every component on it.
///
/// # Errors
/// If the folder, the database or the key cannot be opened; the error names the path and what to do.
pub fn open(config: &Config, now: Now) -> anyhow::Result<(Storage, Components)> {
    let data = &config.data;
    folder::make(data).with_context(|| {
        format!(
            "data folder {} cannot be made; choose another with --data",
            data.display()
        )
    })?;
    ensure!(
        !data.join(folder::UNFINISHED).exists(),
        "{} holds a restore that was not finished; run `xuncha admin restore` again",
        data.display()
    );
    ensure!(
        !folder::is_read_only(data),
        "{} is on a disk that takes no writes (it is read-only): only backup, verify and lists work there",
        data.display()
    );
    let closed = folder::tighten(data).context("--data")?;
    if closed > 0 {
        tracing::warn!(data = %data.display(), closed, "files and folders of the server were readable by others; they are closed now");
    }
    let (storage, key) = match &config.database {
        Some(url) => {
            let authority = config.database_ca.as_deref();
            let storage = Storage::connect(url, authority).context("--database")?;
            let filling = storage.write_now(|tx| spaces::meta(tx, FILLING))?;
            ensure!(
                filling.is_none(),
                "--database: it is being filled by `xuncha admin migrate-store`; run that to its end first"
            );
            let key = shared_key(&storage, config.key.as_deref()).context("server key")?;
            (storage, key)
        }
        None => {
            let storage = Storage::open(&data.join("xuncha.db"))
                .with_context(|| format!("database in {} cannot be opened", data.display()))?;
            // A write fails if the records have moved to another database; this empty one checks that.
            storage
                .write_now(|_| Ok::<_, StorageError>(()))
                .with_context(|| format!("database in {}", data.display()))?;
            let key = embedded_key(&storage, &config.key_file()).context("server key")?;
            folder::tighten(data).context("--data")?;
            (storage, key)
        }
    };
    let access = Access::new(
        storage.clone(),
        key.clone(),
        Arc::clone(&now),
        config.session_ms,
    );
    let target = Target::parse(config.blobs.as_deref(), data).context("--blobs")?;
    let wake = Wake::default();
    let blobs = Blobs::new(
        storage.clone(),
        Store::open(&target).context("--blobs")?,
        key.clone(),
        Arc::clone(&now),
        wake.clone(),
        Lifetimes {
            upload: config.upload_ms,
            orphan: config.orphan_ms,
            unnamed: config.unnamed_ms,
        },
    )?;
    let components = Components {
        ingest: Ingest::new(storage.clone(), key, Arc::clone(&now), wake.clone()),
        feed: Feed::new(storage.clone(), access.clone()),
        blobs,
        projection: Projection::new(storage.clone(), Arc::clone(&now), wake.clone()),
        review: Review::new(storage.clone()),
        reporting: Reporting::new(storage.clone()),
        hints: Hints::new(storage.clone(), wake),
        metrics: Arc::new(Metrics::default()),
        quota: Quota::new(storage.clone(), Arc::clone(&now), config.limits.clone()),
        limits: config.limits.clone(),
        access,
    };
    Ok((storage, components))
}

impl App {
    /// Starts serving.
    ///
    /// # Errors
    /// If the data folder cannot be opened or the address is taken.
    pub async fn start(config: &Config, now: Now) -> anyhow::Result<Self> {
        let opening = (config.clone(), now);
        let opened = tokio::task::spawn_blocking(move || open(&opening.0, opening.1)).await;
        let (storage, components) = opened.context("opening")??;
        components.blobs.probe().await.context("--blobs")?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!(
                "cannot listen on {}; choose another with --listen",
                config.listen
            )
        })?;
        let address = listener.local_addr()?;
        let health = match TcpListener::bind(config.health_listen).await {
            Ok(listener) => Some(listener),
            Err(error) if config.health_optional => {
                tracing::warn!(%error, address = %config.health_listen, "no listener for health and metrics; choose another with --health-listen");
                None
            }
            Err(error) => {
                let address = config.health_listen;
                return Err(error).with_context(|| {
                    format!("cannot listen on {address}; choose another with --health-listen")
                });
            }
        };
        let health_address = health.as_ref().and_then(|h| h.local_addr().ok());
        let (stop, stopped) = watch::channel(false);
        let front = |listener, router, limits: Limits| {
            Front::new(listener, router, limits, Arc::clone(&components.metrics))
                .serve(stopped.clone())
        };
        let mut serving = JoinSet::new();
        serving.spawn(front(
            listener,
            http::router(components.clone()),
            config.limits.clone(),
        ));
        if let Some(listener) = health {
            let limits = Limits {
                max_connections: HEALTH_CONNECTIONS,
                ..config.limits.clone()
            };
            serving.spawn(front(listener, http::operators(&components), limits));
        }
        let mut jobs = vec![
            tokio::spawn(components.projection.clone().run()),
            tokio::spawn(sweep(components.blobs.clone())),
            tokio::spawn(components.quota.clone().run()),
        ];
        if let Some(heard) = storage.heard() {
            jobs.push(tokio::spawn(follow(
                heard,
                components.ingest.wake().clone(),
            )));
        }
        Ok(Self {
            components,
            storage,
            address,
            health_address,
            stop,
            serving,
            jobs,
        })
    }

    /// Stops accepting work, waits at most 10 s for requests in progress, then writes the quotas and releases the
    /// leases.
    ///
    /// # Errors
    /// None: what fails while the server stops is logged.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let _ = self.stop.send(true);
        let limit = std::time::Duration::from_secs(10);
        let serving = &mut self.serving;
        let finished = async { while serving.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, finished).await.is_err() {
            self.serving.abort_all();
        }
        for job in &self.jobs {
            job.abort();
        }
        if let Err(error) = self.components.quota.write().await {
            tracing::warn!(%error, "shares of the last seconds are not written down");
        }
        if let Err(error) = self.components.projection.release().await {
            tracing::warn!(%error, "other processes take over when the leases end");
        }
        Ok(())
    }
}

/// Wakes the projection and the waiting polls when another process has written to a log.
async fn follow(mut heard: watch::Receiver<u64>, wake: Wake) {
    while heard.changed().await.is_ok() {
        wake.log_grew();
    }
}

/// Removes expired uploads and orphaned objects every 15 minutes, and photos that no document names once a day.
async fn sweep(blobs: Blobs) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(900));
    for turn in 0_u64.. {
        every.tick().await;
        if turn % 96 == 0 {
            match blobs.collect_unnamed().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(photos = count, "photos that no record names removed"),
                Err(error) => {
                    tracing::warn!(%error, "photos that no record names are removed later");
                }
            }
        }
        match blobs.sweep().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(uploads = count, "expired uploads removed"),
            Err(error) => tracing::warn!(%error, "expired uploads are removed later"),
        }
        match blobs.collect_orphans().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(objects = count, "photo bytes that nothing names removed"),
            Err(error) => {
                tracing::warn!(%error, "photo bytes that nothing names are removed later")
            }
        }
    }
}
