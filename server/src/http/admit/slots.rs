//! How many requests each device has open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sync_core::record::DeviceId;

use super::class::Class;

/// How many requests of a class each device has open.
#[derive(Debug, Default)]
pub(super) struct Slots(Mutex<HashMap<(Class, DeviceId), u32>>);

/// One open request of a device; released when dropped.
pub(super) struct Slot(Arc<Slots>, (Class, DeviceId));

impl Slots {
    /// Opens a request of a class; `None` if the device has the most open.
    pub(super) fn take(
        self: &Arc<Self>,
        class: Class,
        device: DeviceId,
        most: u32,
    ) -> Option<Slot> {
        let key = (class, device);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot(Arc::clone(self), key))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}
