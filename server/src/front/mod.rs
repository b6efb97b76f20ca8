//! The listeners: accept connections, limit their number and their time, speak TLS, and pass requests to a router.
//!
//! Each request carries the [`Peer`] that it came from. Its contents are not examined here. `axum::serve` is not used
//! because it installs no timer, so hyper's time-outs would not run, and because it accepts connections without a
//! bound.

mod answer;
mod certificate;
mod connection;
mod peer;
mod registry;
mod serving;
mod socket;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use self::{registry::Registry, serving::Serving};
use crate::{config::Limits, metrics::Metrics};

pub use certificate::{Certificate, CertificateError};
pub use connection::Connection;
pub use peer::Peer;
pub use registry::customer;

/// Time without traffic after which TCP probes the other side, and the interval of probes.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(60))
    .with_interval(Duration::from_secs(15));

/// One listener with its connections.
#[derive(Debug)]
pub struct Front {
    listener: TcpListener,
    router: Router,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    registry: Arc<Registry>,
    tls: Option<Arc<Certificate>>,
}

impl Front {
    /// Serves a router on a listener.
    pub fn new(
        listener: TcpListener,
        router: Router,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            listener,
            router,
            limits: Arc::new(limits),
            metrics,
            registry: Arc::default(),
            tls: None,
        }
    }

    /// Speaks TLS with this certificate.
    pub fn with_tls(mut self, certificate: Arc<Certificate>) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Serves until `stop` is true, then finishes the requests in progress.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, from)) => self.begin(&mut connections, socket, from, stop.clone()),
                Err(error) => self.refused_by_the_system(&error).await,
            }
        }
        drop(self.listener);
        while connections.join_next().await.is_some() {}
    }

    /// Ignores a connection that was closed before it was accepted. Any other error, such as no free file descriptor,
    /// means that there is no room for another connection.
    async fn refused_by_the_system(&self, error: &std::io::Error) {
        use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset
        ) {
            return;
        }
        let count = self.registry.make_room();
        self.metrics.refused(registry::EVICTED, count as u64);
        let noted = self.metrics.note(registry::CONNECTIONS, "system");
        if let Some(times) = noted {
            tracing::warn!(%error, times, "connections cannot be accepted; raise the limit of open files");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    fn begin(
        &self,
        connections: &mut JoinSet<()>,
        socket: TcpStream,
        from: SocketAddr,
        stop: watch::Receiver<bool>,
    ) {
        let from = from.ip().to_canonical();
        let admitted = self.registry.admit(from, &self.limits, |cause, count| {
            self.metrics.refused(cause, count as u64);
        });
        let place = match admitted {
            Ok(place) => place,
            Err(cause) => {
                self.metrics.refused(cause, 1);
                if let Some(times) = self.metrics.note(cause, &from.to_string()) {
                    tracing::warn!(cause, address = %from, times, "connection refused");
                }
                return;
            }
        };
        // Small responses are sent at once instead of waiting for more bytes.
        let _ = socket.set_nodelay(true);
        let _ = SockRef::from(&socket).set_tcp_keepalive(&KEEPALIVE);
        let connection = Serving {
            place,
            from,
            router: self.router.clone(),
            limits: Arc::clone(&self.limits),
            metrics: Arc::clone(&self.metrics),
            tls: self.tls.as_ref().map(|certificate| certificate.acceptor()),
        };
        connections.spawn(connection.run(socket, stop));
    }
}
