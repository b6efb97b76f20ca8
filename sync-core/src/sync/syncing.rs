//! One sync in progress.

use super::{
    asked::Asked, backoff::Backoff, photo_progress::PhotoProgress, report::Report, step::Options,
};
use crate::{
    device::{Device, DeviceError, Packing, ReconcileTask},
    record::GrantId,
    wire::MAX_NEED,
};

/// The longest `Retry-After`, in milliseconds, that a sync waits for; after a longer one it ends.
const MAX_WAIT_MS: i64 = 60_000;

/// One sync in progress.
#[derive(Debug)]
pub struct Syncing {
    pub(super) options: Options,
    pub(super) backoff: Backoff,
    pub(super) report: Report,
    pub(super) asked: Option<Asked>,
    pub(super) challenge: Option<Vec<u8>>,
    /// Grants that the server does not know: the next session request names them.
    pub(super) introducing: Vec<GrantId>,
    /// Session requests of this sync that named grants.
    pub(super) introduced: u32,
    /// The server has fewer packs of this device than it confirmed, and they are offered.
    pub(super) was_behind: bool,
    /// The server has a newer edition of the catalogue than this device.
    pub(super) newer_edition: bool,
    /// At least one call of the exchange `sync` was answered, and the server has no more pages.
    pub(super) sync_done: bool,
    /// How large a pack may be in this sync, and the documents that are left for the next one.
    pub(super) packing: Packing,
    /// Documents to request by id in one call.
    pub(super) need_limit: usize,
    pub(super) reconciling: Option<Box<ReconcileTask>>,
    pub(super) photos: PhotoProgress,
    pub(super) begun: bool,
    pub(super) opened: u32,
    /// Packs whose changes had to be sent again without progress.
    pub(super) again: u32,
    pub(super) ended: bool,
}

impl Syncing {
    /// A new sync.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            backoff: Backoff::default(),
            report: Report::default(),
            asked: None,
            challenge: None,
            introducing: Vec::new(),
            introduced: 0,
            was_behind: false,
            newer_edition: false,
            sync_done: false,
            packing: Packing::default(),
            need_limit: MAX_NEED,
            reconciling: None,
            photos: PhotoProgress::default(),
            begun: false,
            opened: 0,
            again: 0,
            ended: false,
        }
    }

    /// Records a failed call; the back-off decides when it is repeated.
    pub(super) fn failed(
        &mut self,
        device: &mut Device,
        why: String,
        after_ms: Option<i64>,
    ) -> Result<(), DeviceError> {
        self.report.failures += 1;
        self.report.last_failure = Some(why);
        self.photos.current = None;
        // No sync waits longer than this; a later sync retries.
        self.ended |= after_ms.is_some_and(|ms| ms > MAX_WAIT_MS);
        let jitter = u64::from_be_bytes(device.host.random());
        self.backoff.fail(device.host.clock.now(), jitter, after_ms);
        Ok(())
    }
}
