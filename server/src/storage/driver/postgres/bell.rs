//! Telling the other processes that a log has grown, and hearing it from them.
//!
//! A notification inside the writing transaction would make all commits of the database wait for each other, so it is
//! sent after them, a few together. One that is lost is made up for: everybody also looks by himself now and then.

use std::{future::poll_fn, sync::Arc, time::Duration};

use tokio::sync::{Notify, watch};
use tokio_postgres::AsyncMessage;

use super::target::Target;
use crate::storage::StorageError;

const CHANNEL: &str = "xuncha_grown";
/// What grows within this time is told together.
const TOGETHER: Duration = Duration::from_millis(10);
/// Pause before a lost connection is made anew.
const PAUSE: Duration = Duration::from_secs(1);

/// The bell of one process; its connection ends when it is dropped.
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
            .map_err(|e| StorageError::Engine(e.to_string()))?;
        let (sender, heard) = watch::channel(0);
        let (alive, mut ended) = watch::channel(());
        let ring = Arc::new(Notify::new());
        let rung = Arc::clone(&ring);
        let listen = async move {
            loop {
                if let Err(error) = listen(&target, &rung, &sender).await {
                    tracing::warn!(%error, "no word from the other processes; looking by the clock meanwhile");
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
            .map_err(|e| StorageError::Engine(e.to_string()))?;
        Ok(Self {
            ring,
            heard,
            _alive: alive,
        })
    }

    /// Says that a log has grown.
    pub(super) fn ring(&self) -> Arc<Notify> {
        Arc::clone(&self.ring)
    }

    /// Counts what was heard.
    pub(super) fn heard(&self) -> watch::Receiver<u64> {
        self.heard.clone()
    }
}

/// Listens and tells until the connection is lost.
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
    // What came while nobody listened.
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
