//! How many requests each caller has open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::caller::Caller;

/// How long a request waits for an earlier one of the same caller.
const WAIT: Duration = Duration::from_secs(10);

/// Long polls of one caller at once: a device needs one, and a broken connection leaves one open.
const POLLS: usize = 16;

/// Bodies of one caller that are received concurrently.
const BODIES: usize = 8;

/// Sync requests of one device that are answered at once: it sends one at a time.
const SYNCS: usize = 4;

/// Requests about photos, and requests of people, of one caller that are answered at once.
const READS: usize = 8;

/// Sign-ins from one known browser that are answered at once.
const SIGN_INS: usize = 2;

/// Exports of one caller at once.
const EXPORTS: usize = 2;

/// What is counted of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Long polls.
    Poll,
    /// Bodies that are being received.
    Body,
    /// Requests of devices that are being answered.
    Sync,
    /// Requests about photos that are being answered.
    Photo,
    /// Requests of people that are being answered.
    Ledger,
    /// Sign-ins from a known browser that are being answered.
    SignIn,
    /// Exports, to their last byte.
    Export,
}

impl Part {
    /// The most of one caller at once.
    const fn most(self) -> usize {
        match self {
            Self::Poll => POLLS,
            Self::Body => BODIES,
            Self::Sync => SYNCS,
            Self::Photo | Self::Ledger => READS,
            Self::SignIn => SIGN_INS,
            Self::Export => EXPORTS,
        }
    }
}

type Key = (Part, Caller);

/// The turns of a caller, and how many requests have or await one.
#[derive(Debug)]
struct Turns {
    free: Arc<Semaphore>,
    known: usize,
}

/// How many requests each caller has open.
#[derive(Debug, Default)]
pub(super) struct Slots(Mutex<HashMap<Key, Turns>>);

/// One open request of a caller; released when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    key: Key,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    fn inner(&self) -> MutexGuard<'_, HashMap<Key, Turns>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, key: Key) -> (Slot, Arc<Semaphore>) {
        let mut inner = self.inner();
        let turns = inner.entry(key).or_insert_with(|| Turns {
            free: Arc::new(Semaphore::new(key.0.most())),
            known: 0,
        });
        turns.known += 1;
        let slot = Slot {
            slots: Arc::clone(self),
            key,
            permit: None,
        };
        (slot, Arc::clone(&turns.free))
    }

    /// Opens a request; `None` if the caller has the most open.
    pub(super) fn take(self: &Arc<Self>, part: Part, caller: Caller) -> Option<Slot> {
        let (mut slot, free) = self.enter((part, caller));
        slot.permit = Some(free.try_acquire_owned().ok()?);
        Some(slot)
    }

    /// Opens a request as soon as the caller has fewer than the most open; `None` after 10 s.
    pub(super) async fn wait(self: &Arc<Self>, part: Part, caller: Caller) -> Option<Slot> {
        let (mut slot, free) = self.enter((part, caller));
        slot.permit = Some(timeout(WAIT, free.acquire_owned()).await.ok()?.ok()?);
        Some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut inner = self.slots.inner();
        if let Some(turns) = inner.get_mut(&self.key) {
            turns.known -= 1;
            if turns.known == 0 {
                inner.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_caller_waits_for_itself_alone_and_nothing_is_left_of_it() {
        let slots = Arc::<Slots>::default();
        let (one, other) = (Caller::Token([1; 32]), Caller::Token([2; 32]));
        let mut open = Vec::new();
        for _ in 0..Part::Export.most() {
            open.extend(slots.take(Part::Export, one));
        }
        assert_eq!(open.len(), 2);
        assert!(slots.take(Part::Export, one).is_none());
        assert!(slots.wait(Part::Export, one).await.is_none());
        assert!(slots.take(Part::Export, other).is_some());
        assert!(slots.take(Part::Ledger, one).is_some());
        let waiting = slots.wait(Part::Export, one);
        let freed = async { drop(open.pop()) };
        let (slot, ()) = tokio::join!(waiting, freed);
        assert!(slot.is_some());
        drop((slot, open));
        assert!(slots.inner().is_empty());
    }
}
