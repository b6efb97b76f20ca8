//! Notifies other processes that a log has grown, and receives their notifications.
//!
//! A notification inside the writing transaction would make all commits of the database wait for each other. It is
//! therefore sent after the commits, one for several of them. A lost notification does no harm: every process also
//! polls at intervals.

use std::{future::poll_fn, sync::Arc, time::Duration};

use sync_core::causes::with_causes;
use tokio::sync::{Notify, watch};
use tokio_postgres::AsyncMessage;

use super::{connection::engine, target::Target};
use crate::storage::StorageError;

const CHANNEL: &str = "xuncha_grown";
/// Commits within this time share one notification.
const TOGETHER: Duration = Duration::from_millis(10);
/// Pause before a lost connection is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// The notifications of one process; its connection ends when this is dropped.
pub(super) struct Bell {
    ring: Arc<Notify>,
    heard: watch::Receiver<u64>,
    _alive: watch::Sender<()>,
}

impl Bell {
    pub(super) fn hang(target: Target) -> Result<Self, StorageError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StorageError::engine)?;
        let (sender, heard) = watch::channel(0);
        let (alive, mut ended) = watch::channel(());
        let ring = Arc::new(Notify::new());
        let rung = Arc::clone(&ring);
        let listen = async move {
            loop {
                if let Err(error) = listen(&target, &rung, &sender).await.map_err(engine) {
                    tracing::warn!(error = %with_causes(&error), "no word from the other processes; looking by the clock meanwhile");
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        std::thread::Builder::new()
            .name("postgres-bell".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = listen => {}
                        _ = ended.changed() => {}
                    }
                });
            })
            .map_err(StorageError::engine)?;
        Ok(Self {
            ring,
            heard,
            _alive: alive,
        })
    }

    /// The handle with which writers report a commit.
    pub(super) fn ring(&self) -> Arc<Notify> {
        Arc::clone(&self.ring)
    }

    /// Counts received notifications.
    pub(super) fn heard(&self) -> watch::Receiver<u64> {
        self.heard.clone()
    }
}

/// Sends and receives notifications until the connection is lost.
async fn listen(
    target: &Target,
    ring: &Notify,
    heard: &watch::Sender<u64>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = target.config.connect(target.tls.clone()).await?;
    let sender = heard.clone();
    let pump = tokio::spawn(async move {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if matches!(message?, AsyncMessage::Notification(_)) {
                sender.send_modify(|n| *n += 1);
            }
        }
        Ok(())
    });
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    // Counts once for notifications that were sent before this connection listened.
    heard.send_modify(|n| *n += 1);
    let tell = async {
        loop {
            ring.notified().await;
            client.batch_execute(&format!("NOTIFY {CHANNEL}")).await?;
            tokio::time::sleep(TOGETHER).await;
        }
    };
    tokio::select! {
        told = tell => told,
        ended = pump => ended.unwrap_or(Ok(())),
    }
}
