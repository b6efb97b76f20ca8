//! Memory for all bodies together.

use std::{sync::Arc, time::Duration};

use sync_core::wire::Code;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::refusal::Refusal;

/// Unit of memory that a budget counts, in bytes.
const UNIT: usize = 1024;

/// Bytes of memory reserved in one step: a body of which little has arrived occupies little.
pub(super) const STEP: usize = 64 * UNIT;

/// How long a request waits for memory that others occupy.
const WAIT: Duration = Duration::from_secs(5);

/// Reserved memory; released when dropped.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<OwnedSemaphorePermit>);

/// Memory for bodies. A quarter of it is for their first step, so that large bodies that stall do not delay small ones.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    small: Pool,
    large: Pool,
}

#[derive(Debug, Clone)]
struct Pool {
    free: Arc<Semaphore>,
    units: usize,
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            free: Arc::new(Semaphore::new(units)),
            units,
        }
    }
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            small: Pool::new(bytes / 4),
            large: Pool::new(bytes - bytes / 4),
        }
    }

    /// Reserves memory for something whose size is known; waits up to 5 s if others occupy it.
    pub(super) async fn more(&self, held: &mut Held, bytes: usize) -> Result<(), Refusal> {
        self.take(held, bytes, bytes <= STEP).await
    }

    /// Reserves memory; `small`: for the first step of a body.
    pub(super) async fn take(
        &self,
        held: &mut Held,
        bytes: usize,
        small: bool,
    ) -> Result<(), Refusal> {
        let pool = if small { &self.small } else { &self.large };
        let units = u32::try_from(bytes.div_ceil(UNIT).min(pool.units)).unwrap_or(u32::MAX);
        let free = Arc::clone(&pool.free).acquire_many_owned(units);
        match timeout(WAIT, free).await {
            Ok(Ok(permit)) => {
                held.0.push(permit);
                Ok(())
            }
            _ => Err(Refusal::new(Code::Busy, "too much is being sent at once")),
        }
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        (self.small.free.available_permits() + self.large.free.available_permits()) * UNIT
    }
}
