//! What the embedder passes: a clock, randomness and files. The core calls the platform through these traits only.

use crate::{
    causes::Cause,
    record::{DeviceTime, ids::uuid_v7},
};

/// The device's clock.
pub trait Clock: Send {
    /// Wall clock in milliseconds since 1970-01-01 UTC. It may be wrong and may jump.
    fn now(&self) -> DeviceTime;
    /// A monotonic clock that no user can set, if the platform has one. Without it, events carry no beacon.
    fn uptime(&self) -> Option<Uptime> {
        None
    }
}

/// A reading of a monotonic clock that no user can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// The boot of the device that the reading belongs to: another number after each start.
    pub boot: u64,
    /// Milliseconds since that start.
    pub ms: u64,
}

/// A source of unpredictable bytes.
pub trait Entropy: Send {
    /// Fills the buffer.
    fn fill(&mut self, buffer: &mut [u8]);
}

/// Files by flat name (`[0-9a-z.]`, at most 80 characters) in a folder that the embedder chooses.
pub trait Files: Send {
    /// Writes the whole file durably: after this returns it survives a power cut. In this order: write, fsync, rename,
    /// fsync the folder.
    ///
    /// # Errors
    /// [`FileError`] if the file cannot be made durable; an earlier file of that name is then untouched.
    fn write_durable(&mut self, name: &str, bytes: &[u8]) -> Result<(), FileError>;
    /// Reads the whole file.
    ///
    /// # Errors
    /// [`FileError`] if it is missing or unreadable.
    fn read(&self, name: &str) -> Result<Vec<u8>, FileError>;
    /// Removes the file; a missing file is not an error.
    ///
    /// # Errors
    /// [`FileError`] if it exists and cannot be removed.
    fn remove(&mut self, name: &str) -> Result<(), FileError>;
    /// Names of all files.
    ///
    /// # Errors
    /// [`FileError`] if the folder cannot be read.
    fn list(&self) -> Result<Vec<String>, FileError>;
}

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// No space is left.
    #[error("the storage is full, {name} was not written; free some space and try again")]
    Full {
        /// The file.
        name: String,
    },
    /// The file does not exist.
    #[error("file {name} does not exist")]
    Missing {
        /// The file.
        name: String,
    },
    /// Any other failure, with the system's error. A retry may succeed.
    #[error("file {name} cannot be used")]
    Failed {
        /// The file.
        name: String,
        /// The system's error.
        source: Cause,
    },
}

/// All inputs that the embedder passes.
pub struct Host {
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// Source of randomness.
    pub entropy: Box<dyn Entropy>,
    /// Files, for photos.
    pub files: Box<dyn Files>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Host {
    /// Returns random bytes.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.entropy.fill(&mut out);
        out
    }

    /// Returns a new UUIDv7 by the device's clock.
    pub fn uuid(&mut self) -> [u8; 16] {
        let random = self.random();
        uuid_v7(self.clock.now().0, random)
    }
}
