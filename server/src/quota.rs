//! Shares of a day: how many packs, bytes and photos one device may bring, and how much of a revoked one is kept.
//!
//! In comes what a device is about to take, out goes a refusal once its share is used up. Honest devices never meet it.
//! Counts are held in memory and written down every few seconds, so that a push costs no second transaction; what a
//! killed process had not written down is given to the device again, and with several processes a device may go over
//! its share by what they took in those seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sync_core::{record::DeviceId, wire::Code};

use crate::{
    access::{Now, Refusal},
    config::Limits,
    storage::{
        Storage, StorageError, devices,
        quotas::{self, Spent},
    },
};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Days that are kept.
const KEPT: i64 = 8;

/// Time between two writings.
const WRITTEN: Duration = Duration::from_secs(10);

/// What is known of a device's day.
#[derive(Debug, Clone, Copy)]
struct Known {
    day: i64,
    written: Spent,
    fresh: Spent,
    quarantined: i64,
}

/// The shares of all devices.
#[derive(Clone)]
pub struct Quota {
    storage: Storage,
    now: Now,
    limits: Arc<Limits>,
    known: Arc<Mutex<HashMap<DeviceId, Known>>>,
}

impl std::fmt::Debug for Quota {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quota").finish_non_exhaustive()
    }
}

fn used_up(most: i64, what: &str) -> Refusal {
    let detail = format!("this device brought its {most} {what} of today");
    Refusal::new(Code::TooMany, detail)
}

impl Quota {
    /// Over a storage.
    pub fn new(storage: Storage, now: Now, limits: Limits) -> Self {
        Self {
            storage,
            now,
            limits: Arc::new(limits),
            known: Arc::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<DeviceId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn today(&self) -> i64 {
        (self.now)().0.div_euclid(DAY)
    }

    /// A pack of this many bytes comes.
    ///
    /// # Errors
    /// [`Code::TooMany`] if the day's share, or a revoked device's room in quarantine, is used up.
    pub async fn pack(&self, device: DeviceId, bytes: usize) -> Result<(), Refusal> {
        let spent = Spent {
            packs: 1,
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            photos: 0,
        };
        let known = self.take(device, spent).await?;
        if known.quarantined < self.limits.quarantine_bytes {
            return Ok(());
        }
        let found = self
            .storage
            .read(move |tx| devices::find(tx, device))
            .await?;
        if found.is_none_or(|device| device.state == "active") {
            return Ok(());
        }
        let detail = format!(
            "{} bytes of this disabled device are kept, no more are taken",
            known.quarantined
        );
        Err(Refusal::new(Code::TooMany, detail))
    }

    /// So many bytes of a device were set aside.
    pub fn set_aside(&self, device: DeviceId, bytes: usize) {
        if let Some(known) = self.known().get_mut(&device) {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            known.quarantined = known.quarantined.saturating_add(bytes);
        }
    }

    /// A chunk of a photo of this many bytes comes.
    ///
    /// # Errors
    /// [`Code::TooMany`].
    pub async fn chunk(&self, device: DeviceId, bytes: usize) -> Result<(), Refusal> {
        let spent = Spent {
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            ..Spent::default()
        };
        let known = self.take(device, spent).await?;
        let (photos, most) = (
            known.written.plus(known.fresh).photos,
            self.limits.photos_per_day,
        );
        if photos >= most {
            return Err(used_up(most, "photos"));
        }
        Ok(())
    }

    /// A photo was finished.
    pub fn photo(&self, device: DeviceId) {
        if let Some(known) = self.known().get_mut(&device) {
            known.fresh.photos += 1;
        }
    }

    async fn take(&self, device: DeviceId, more: Spent) -> Result<Known, Refusal> {
        let day = self.today();
        let found = self.known().get(&device).is_some_and(|k| k.day == day);
        if !found {
            let read = move |tx: &mut dyn crate::storage::Tx| {
                let spent = quotas::find(tx, device, day)?;
                Ok::<_, StorageError>((spent, quotas::quarantined(tx, device)?))
            };
            let (written, quarantined) = self.storage.read(read).await?;
            let fresh = Spent::default();
            let mut all = self.known();
            if all.get(&device).is_none_or(|k| k.day != day) {
                let known = Known {
                    day,
                    written,
                    fresh,
                    quarantined,
                };
                all.insert(device, known);
            }
        }
        let mut all = self.known();
        let Some(known) = all.get_mut(&device) else {
            return Err(StorageError::Closed.into());
        };
        let sum = known.written.plus(known.fresh).plus(more);
        let limits = &self.limits;
        if sum.packs > limits.packs_per_day && more.packs > 0 {
            return Err(used_up(limits.packs_per_day, "packs"));
        }
        if sum.bytes > limits.bytes_per_day {
            return Err(used_up(limits.bytes_per_day, "bytes"));
        }
        known.fresh = known.fresh.plus(more);
        Ok(*known)
    }

    /// Writes down what was taken since the last time.
    ///
    /// # Errors
    /// [`StorageError`]; what was not written is written the next time.
    pub async fn write(&self) -> Result<(), StorageError> {
        let today = self.today();
        let fresh: Vec<(DeviceId, i64, Spent)> = {
            let mut all = self.known();
            all.retain(|_, k| k.day == today || k.fresh != Spent::default());
            let fresh = all.iter().filter(|(_, k)| k.fresh != Spent::default());
            fresh.map(|(id, k)| (*id, k.day, k.fresh)).collect()
        };
        if fresh.is_empty() {
            return Ok(());
        }
        let rows = fresh.clone();
        let write = move |tx: &mut dyn crate::storage::Tx| {
            let mut sums = Vec::with_capacity(rows.len());
            for (device, day, spent) in &rows {
                quotas::add(tx, *device, *day, *spent)?;
                sums.push(quotas::find(tx, *device, *day)?);
            }
            quotas::forget(tx, today - KEPT)?;
            Ok::<_, StorageError>(sums)
        };
        let sums = self.storage.write(write).await?;
        let mut all = self.known();
        for ((device, day, spent), sum) in fresh.into_iter().zip(sums) {
            if let Some(known) = all.get_mut(&device).filter(|k| k.day == day) {
                known.written = sum;
                known.fresh.packs -= spent.packs;
                known.fresh.bytes -= spent.bytes;
                known.fresh.photos -= spent.photos;
            }
        }
        Ok(())
    }

    /// Writes down every few seconds until the task is dropped.
    pub async fn run(self) {
        let mut every = tokio::time::interval(WRITTEN);
        loop {
            every.tick().await;
            if let Err(error) = self.write().await {
                tracing::warn!(%error, "shares of the day are written down later");
            }
        }
    }
}
