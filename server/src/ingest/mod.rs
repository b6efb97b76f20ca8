//! The only write path of documents: a signed pack becomes rows of the log.
//!
//! Returns the result of each change, and a receipt when the pack is durable. Forged, damaged and oversized changes are
//! refused, those that cannot be judged yet are quarantined, all others are stored. [`authority`] checks who may write
//! where, [`capacity`] how much. Whether an event is valid in the state of its document is not checked, and no document is
//! loaded. Packs that wait for the same space are stored together.

mod accept;
mod admit;
mod authority;
mod capacity;
mod chain;
mod checked;
mod gather;
mod numbered;
mod plan;
mod queue;
mod receipt;
mod release;
mod resupply;
mod situation;
mod usage;
mod verify;
mod write;

use std::sync::Arc;

use sync_core::{
    catalogue::Catalogue,
    identity::{PublicKey, SecretKey},
    record::{AreaPath, DeviceId},
    wire::{Code, push, resupply as wire},
};
use tokio::sync::Semaphore;

pub use self::release::Released;
use self::{checked::Verified, queue::Queues};
use crate::{
    clock::Clock,
    host::Now,
    refusal::Refusal,
    storage::{
        Storage, Tx, devices,
        proofs::{self, Unattested},
        quarantine::Quarantined,
    },
    wake::Wake,
};

/// The write path.
#[derive(Clone)]
pub struct Ingest {
    storage: Storage,
    key: SecretKey,
    catalogue: Arc<Catalogue>,
    queues: Queues,
    clock: Clock,
    wake: Wake,
    /// Packs that are verified at the same time: one for each core. More would share the cores, so all would finish
    /// late and together, and the writer would wait for the first one.
    verifying: Arc<Semaphore>,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest").finish_non_exhaustive()
    }
}

impl Ingest {
    /// With the server's key, clock and catalogue.
    pub fn new(
        storage: Storage,
        key: SecretKey,
        now: Now,
        wake: Wake,
        catalogue: Arc<Catalogue>,
    ) -> Self {
        let clock = Clock::new(storage.clone(), Arc::clone(&now));
        let queues = Queues::new(storage.clone(), key.clone(), now, Arc::clone(&catalogue));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            storage,
            key,
            catalogue,
            queues,
            clock,
            wake,
            verifying: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Stores a pack from a device, and wakes what follows the log. Returns when what it answers is durable.
    ///
    /// # Errors
    /// [`Refusal`] if the whole pack is refused; then nothing of it is stored.
    pub async fn push(
        &self,
        device: DeviceId,
        request: push::Request,
    ) -> Result<push::Response, Refusal> {
        // Checked before anything is stored, because the server signs a receipt for what it stores.
        self.clock.signing().await?;
        let (key, home) = self.device(device).await?;
        let verified = self.verify(device, key, request).await?;
        let response = self.queues.store(home, verified).await?;
        self.wake.log_grew();
        Ok(response)
    }

    /// Stores what a device gives back to a restored server. Returns when what it answers is durable.
    ///
    /// # Errors
    /// [`Refusal`] if the whole request is refused; then nothing of it is stored.
    pub async fn resupply(
        &self,
        device: DeviceId,
        request: wire::Request,
    ) -> Result<wire::Response, Refusal> {
        let now = self.clock.signing().await?;
        resupply::check_size(&request)?;
        let request = Arc::new(request);
        let named = Arc::clone(&request);
        let find = move |tx: &mut dyn Tx| {
            let known = devices::grant_claims(tx, &resupply::named_grants(&named.entries))?;
            Ok::<_, Refusal>((known, devices::home(tx, device)?))
        };
        let (known, home) = self.storage.read(find).await?;
        let request = Arc::unwrap_or_clone(request);
        let server = self.key.public();
        let read = move || resupply::read(device, request, &server, known, now);
        let returned = Arc::new(self.verifying(read).await?);
        if returned.has_authority() {
            let first = Arc::clone(&returned);
            let catalogue = Arc::clone(&self.catalogue);
            let store =
                move |tx: &mut dyn Tx| resupply::store_authority(tx, &first, now, &catalogue);
            self.storage.write(store).await?;
        }
        let catalogue = Arc::clone(&self.catalogue);
        let response = self
            .storage
            .write_in(home, move |tx| {
                resupply::store(tx, &returned, now, &catalogue)
            })
            .await?;
        self.wake.log_grew();
        Ok(response)
    }

    /// The changes that no proof attests.
    ///
    /// # Errors
    /// [`Refusal`] from the database.
    pub async fn unattested(&self) -> Result<Vec<Unattested>, Refusal> {
        let found = self
            .storage
            .read(|tx| Ok::<_, Refusal>(proofs::unattested(tx)?));
        found.await
    }

    /// Gives such a change effect because a person vouches for it. `false` if something attests it already.
    ///
    /// # Errors
    /// [`Refusal`] from the database, or if the server's clock is implausible.
    pub async fn accept(&self, change: Unattested) -> Result<bool, Refusal> {
        let now = self.clock.signing().await?;
        let accept = move |tx: &mut dyn Tx| accept::accept(tx, &change, now);
        let done = self.storage.write(accept).await?;
        self.wake.log_grew();
        Ok(done)
    }

    /// Moves quarantined changes into the log because a person decides so; they count as received now. `vouched`: also those
    /// of which nothing shows that their authors made them.
    ///
    /// # Errors
    /// [`Refusal`] from the database, or if the server's clock is implausible.
    pub async fn release(
        &self,
        changes: Vec<Quarantined>,
        vouched: bool,
    ) -> Result<Released, Refusal> {
        let now = self.clock.signing().await?;
        let catalogue = Arc::clone(&self.catalogue);
        let release =
            move |tx: &mut dyn Tx| release::release(tx, &changes, vouched, now, &catalogue);
        let released = self.storage.write(release).await?;
        self.wake.log_grew();
        Ok(released)
    }

    /// The wake-ups that a stored pack causes.
    pub(crate) fn wake(&self) -> &Wake {
        &self.wake
    }

    async fn verify(
        &self,
        device: DeviceId,
        key: PublicKey,
        request: push::Request,
    ) -> Result<Verified, Refusal> {
        self.verifying(move || verify::verify(device, &key, request))
            .await?
    }

    /// Runs checks that need no database; as many at the same time as there are cores.
    async fn verifying<T: Send + 'static>(
        &self,
        check: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        // The semaphore is never closed, so this waits and does not fail. The closure keeps the permit: it runs to its
        // end although the caller has disconnected.
        let permit = Arc::clone(&self.verifying).acquire_owned().await;
        let work = move || {
            let _permit = permit;
            check()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Refusal::new(Code::Malformed, "the pack could not be read"))
    }

    /// A device's key, and the space that it mostly writes to.
    async fn device(&self, device: DeviceId) -> Result<(PublicKey, Option<AreaPath>), Refusal> {
        let found = move |tx: &mut dyn Tx| {
            let known = devices::find(tx, device)?;
            Ok::<_, Refusal>((known, devices::home(tx, device)?))
        };
        let (known, home) = self.storage.read(found).await?;
        let known =
            known.ok_or_else(|| Refusal::new(Code::DeviceUnknown, "enrol the phone again"))?;
        Ok((known.key, home))
    }
}
