//! Daily quotas: how many packs, bytes and photos one device may send, and how many bytes of a revoked device are kept.
//!
//! A request is charged before it is processed and refused once the quota is used up. Honest devices do not reach it.
//! Counts are held in memory and written every 10 s, so that a push needs no second transaction. A killed process loses
//! the counts of this interval, so the device may use them again. With several processes a device may exceed its quota
//! by what they accepted in one interval.

mod writing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sync_core::{
    record::{DAY_MS, DeviceId},
    wire::Code,
};

use crate::{
    config::Limits,
    host::Now,
    refusal::Refusal,
    storage::{
        Storage, StorageError, Tx,
        devices::{self, DeviceState},
        quarantine,
        quotas::{self, Spent},
    },
};

/// Counts of a device on one day: `written` are in the database, `fresh` are not yet.
#[derive(Debug, Clone, Copy)]
struct Known {
    day: i64,
    written: Spent,
    fresh: Spent,
    quarantined: i64,
}

/// The quotas of all devices.
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
    /// Quotas whose counts are kept in a storage.
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
        (self.now)().0.div_euclid(DAY_MS)
    }

    /// Charges a pack of this many bytes to a device.
    ///
    /// # Errors
    /// [`Code::TooMany`] if the day's quota, or a revoked device's quarantine, is used up.
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
        if found.is_none_or(|device| device.state == DeviceState::Active) {
            return Ok(());
        }
        let detail = format!(
            "{} bytes of this disabled device are kept, no more are taken",
            known.quarantined
        );
        Err(Refusal::new(Code::TooMany, detail))
    }

    /// Counts bytes of a device that were put into quarantine.
    pub fn set_aside(&self, device: DeviceId, bytes: usize) {
        if let Some(known) = self.known().get_mut(&device) {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            known.quarantined = known.quarantined.saturating_add(bytes);
        }
    }

    /// Charges a chunk of a photo of this many bytes to a device.
    ///
    /// # Errors
    /// [`Code::TooMany`] if the day's quota of bytes or photos is used up.
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

    /// Counts a finished photo.
    pub fn photo(&self, device: DeviceId) {
        if let Some(known) = self.known().get_mut(&device) {
            known.fresh.photos += 1;
        }
    }

    async fn take(&self, device: DeviceId, more: Spent) -> Result<Known, Refusal> {
        let day = self.today();
        let found = self.known().get(&device).is_some_and(|k| k.day == day);
        if !found {
            let read = move |tx: &mut dyn Tx| {
                let spent = quotas::find(tx, device, day)?;
                Ok::<_, StorageError>((spent, quarantine::bytes_of(tx, device)?))
            };
            let (written, quarantined) = self.storage.read(read).await?;
            let fresh = Spent::default();
            let mut all = self.known();
            // The lock was not held during the read: counts that another request has inserted must stay.
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
}
