//! The composition root: builds all components, connects them, and serves until it is stopped.
//!
//! Input is a configuration and a clock. It contains no rule; each component is built from others and knows only these.

mod jobs;
mod open;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use sync_core::causes::with_causes;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use self::jobs::{follow, keep_audit, sweep, write_refusals};
use crate::{
    audit::{Entry, Exporter, Kind},
    config::{Config, Limits},
    front::{Certificate, Front},
    host::Now,
    http::{self, Components},
    storage::Storage,
};

pub use open::open;

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
    /// The certificate of `address`, if it speaks TLS.
    pub certificate: Option<Arc<Certificate>>,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    jobs: Vec<JoinHandle<()>>,
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
        components.photos.probe().await.context("--photos")?;
        let certificate = match &config.tls {
            Some(files) => {
                let opened = Certificate::open(files, Arc::clone(&components.metrics))?;
                Some(Arc::new(opened))
            }
            None => None,
        };
        let to = config.audit.syslog.as_deref();
        let exporter = to.map(|target| {
            let authority = config.audit.syslog_ca.as_deref();
            Exporter::new(components.audit.clone(), target, authority)
        });
        let exporter = exporter.transpose()?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!(
                "cannot listen on {}; choose another with --listen",
                config.listen
            )
        })?;
        let address = listener.local_addr()?;
        let health = operators_listener(config).await?;
        let health_address = health.as_ref().and_then(|h| h.local_addr().ok());
        let (stop, stopped) = watch::channel(false);
        let front = |listener, router, limits: Limits| {
            Front::new(listener, router, limits, Arc::clone(&components.metrics))
        };
        let router = http::router(components.clone());
        let mut public = front(listener, router, config.limits.clone());
        if let Some(certificate) = &certificate {
            public = public.with_tls(Arc::clone(certificate));
        }
        let mut serving = JoinSet::new();
        serving.spawn(public.serve(stopped.clone()));
        if let Some(listener) = health {
            let limits = Limits {
                max_connections: HEALTH_CONNECTIONS,
                ..config.limits.clone()
            };
            let operators = front(listener, http::operators(&components), limits);
            serving.spawn(operators.serve(stopped.clone()));
        }
        let started = Entry::new(Kind::Start, "server").about(env!("CARGO_PKG_VERSION"));
        let recorded = components.audit.record(started).await;
        recorded.context("the audit log cannot be written")?;
        let mut jobs = start_jobs(&components, &storage, config);
        if let Some(certificate) = &certificate {
            jobs.push(tokio::spawn(Arc::clone(certificate).follow()));
        }
        jobs.extend(exporter.map(|exporter| tokio::spawn(exporter.run())));
        Ok(Self {
            components,
            storage,
            address,
            health_address,
            certificate,
            stop,
            serving,
            jobs,
        })
    }

    /// Stops accepting work, waits at most 10 s for requests in progress, then writes the quotas, releases the leases
    /// and closes an embedded database: afterwards no file of the data folder changes.
    ///
    /// # Errors
    /// None: what fails while the server stops is logged.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let _ = self.stop.send(true);
        let limit = Duration::from_secs(10);
        let serving = &mut self.serving;
        let finished = async { while serving.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, finished).await.is_err() {
            self.serving.abort_all();
        }
        for job in &self.jobs {
            job.abort();
        }
        for job in self.jobs {
            let _ = job.await;
        }
        if let Err(error) = self.components.quota.write().await {
            tracing::warn!(error = %with_causes(&error), "shares of the last seconds are not written down");
        }
        if let Err(error) = self.components.audit.write_refusals(true).await {
            tracing::warn!(error = %with_causes(&error), "refusals of the last minute are not in the audit log");
        }
        if let Err(error) = self.components.projection.release().await {
            tracing::warn!(error = %with_causes(&error), "other processes take over when the leases end");
        }
        let storage = self.storage;
        if let Err(error) = tokio::task::spawn_blocking(move || storage.close()).await {
            tracing::warn!(%error, "the database is completed at the next start");
        }
        Ok(())
    }
}

/// The listener for health and metrics; none if its address is taken and it is optional.
async fn operators_listener(config: &Config) -> anyhow::Result<Option<TcpListener>> {
    match TcpListener::bind(config.health_listen).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if config.health_optional => {
            tracing::warn!(%error, address = %config.health_listen, "no listener for health and metrics; choose another with --health-listen");
            Ok(None)
        }
        Err(error) => {
            let address = config.health_listen;
            Err(error).with_context(|| {
                format!("cannot listen on {address}; choose another with --health-listen")
            })
        }
    }
}

/// Starts the jobs of every process.
fn start_jobs(components: &Components, storage: &Storage, config: &Config) -> Vec<JoinHandle<()>> {
    let key = components.access.key().clone();
    let mut jobs = vec![
        tokio::spawn(components.projection.clone().run()),
        tokio::spawn(sweep(components.photos.clone())),
        tokio::spawn(components.quota.clone().run()),
        tokio::spawn(write_refusals(components.audit.clone())),
        tokio::spawn(keep_audit(components.audit.clone(), config.audit.days, key)),
    ];
    if let Some(heard) = storage.heard() {
        jobs.push(tokio::spawn(follow(
            heard,
            components.ingest.wake().clone(),
        )));
    }
    jobs
}
