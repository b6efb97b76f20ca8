//! Wakes what follows the log in this process: the projection and the long polls.
//!
//! A wake-up carries nothing. A lost one does no harm: who waits also looks by the clock.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// The wake-ups of one process. A clone wakes the same waiters.
#[derive(Debug, Clone)]
pub struct Wake {
    projection: Arc<Notify>,
    polls: watch::Sender<u64>,
}

impl Default for Wake {
    fn default() -> Self {
        Self {
            projection: Arc::default(),
            polls: watch::Sender::new(0),
        }
    }
}

impl Wake {
    /// A log has grown: wakes the projection and the long polls.
    pub fn log_grew(&self) {
        self.projection.notify_one();
        self.polls.send_modify(|count| *count += 1);
    }

    /// A photo was stored: wakes the projection, which marks the rows that name it.
    pub fn photo_stored(&self) {
        self.projection.notify_one();
    }

    /// Waits until the projection is woken, or for `longest`. A wake-up since the last wait ends it at once.
    pub(crate) async fn projection(&self, longest: Duration) {
        let _ = timeout(longest, self.projection.notified()).await;
    }

    /// How often the long polls were woken; a receiver sees each change.
    pub(crate) fn polls(&self) -> &watch::Sender<u64> {
        &self.polls
    }
}
