//! Serves one connection until it ends or exceeds a limit.

use std::{net::IpAddr, sync::Arc};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    answer::Answer,
    connection::{HANDSHAKE_FAILED, HANDSHAKE_TIMEOUT, Look, Stage},
    peer::Peer,
    registry::Slot,
    socket::Watched,
};
use crate::{config::Limits, metrics::Metrics};

/// Largest buffer in bytes for headers, and for a body that no handler has requested yet.
const BUFFER: usize = 64 * 1024;

/// A connection being served.
pub(super) struct Serving {
    pub(super) place: Slot,
    pub(super) from: IpAddr,
    pub(super) router: Router,
    pub(super) limits: Arc<Limits>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tls: Option<TlsAcceptor>,
}

impl Serving {
    /// Serves the connection on its socket.
    pub(super) async fn run(self, socket: TcpStream, mut stop: watch::Receiver<bool>) {
        let watched = Watched {
            socket,
            connection: Arc::clone(&self.place.connection),
        };
        let Some(acceptor) = &self.tls else {
            return self.serve(watched, stop).await;
        };
        if let Some(stream) = self.handshake(acceptor, watched, &mut stop).await {
            self.serve(stream, stop).await;
        }
    }

    /// Agrees on TLS within the time for it. The connection counts as one that has sent no request.
    async fn handshake(
        &self,
        acceptor: &TlsAcceptor,
        socket: Watched,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<TlsStream<Watched>> {
        let connection = &self.place.connection;
        tokio::select! {
            agreed = acceptor.accept(socket) => match agreed {
                Ok(stream) => {
                    // The time for the headers begins now.
                    connection.enter(Stage::Fresh);
                    Some(stream)
                }
                Err(error) => {
                    tracing::trace!(%error, "handshake");
                    self.over(Some(HANDSHAKE_FAILED));
                    None
                }
            },
            () = connection.evicted.notified() => None,
            () = tokio::time::sleep(self.limits.handshake) => {
                self.over(Some(HANDSHAKE_TIMEOUT));
                None
            }
            _ = stop.wait_for(|stop| *stop) => None,
        }
    }

    /// Serves the requests of a connection.
    async fn serve<S>(&self, stream: S, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connection = Arc::clone(&self.place.connection);
        let router = TowerToHyperService::new(self.router.clone());
        let peer = Peer {
            address: self.from,
            secure: self.tls.is_some(),
            connection: Arc::clone(&connection),
        };
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let answering = peer.connection.request();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer.clone());
            let answer = router.call(request);
            async move {
                let answer = answer.await?;
                Ok::<_, std::convert::Infallible>(answer.map(|body| Answer::new(body, answering)))
            }
        });
        let mut serving = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                // hyper's time-out also runs between requests; the limits of `Connection` are shorter and distinguish
                // the two.
                .header_read_timeout(self.limits.header + self.limits.idle)
                .max_buf_size(BUFFER)
                .serve_connection(TokioIo::new(stream), service)
        );
        let mut look = std::pin::pin!(tokio::time::sleep(self.limits.header));
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = serving.as_mut() => {
                    if let Err(error) = ended {
                        tracing::trace!(%error, "connection ended");
                    }
                    return;
                }
                () = connection.evicted.notified() => return,
                () = look.as_mut() => match connection.look(&self.limits) {
                    Look::At(then) => look.as_mut().reset(then),
                    Look::Over(cause) => return self.over(cause),
                },
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    if connection.rests() {
                        return;
                    }
                    stopping = true;
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }

    fn over(&self, cause: Option<&'static str>) {
        let Some(cause) = cause else { return };
        self.metrics.refused(cause, 1);
        if let Some(times) = self.metrics.note(cause, &self.from.to_string()) {
            tracing::info!(cause, address = %self.from, times, "connection closed");
        }
    }
}
