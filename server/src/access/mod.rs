//! Authentication and authorisation of callers: devices, sessions, grants, review tokens.
//!
//! Checks tokens, codes and signatures and returns a [`Reach`]. Every read path requires one, and only this module
//! constructs it. Whether an event is valid is decided by the fold, not here.

mod clock;
mod enrol;
mod keys;
mod reach;
mod session;

use std::sync::Arc;

use sync_core::{
    identity::SecretKey,
    record::ServerTime,
    wire::{Code, Problem},
};

use crate::storage::{Storage, StorageError};

pub use clock::{Clock, SIGNED};
pub use enrol::{Invitation, TOKEN_DAYS, invite, invite_until};
pub(crate) use keys::random;
pub use keys::{PUBLIC_KEY, embedded_key, public_key_of, server_key, shared_key};
pub use reach::Reach;

/// The server's clock, a parameter so that tests can control it.
pub type Now = Arc<dyn Fn() -> ServerTime + Send + Sync>;

/// The refusal that ends a request.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A code of the protocol with a detail that states what to do.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The storage failed; details are logged and not returned.
    #[error(transparent)]
    Storage(StorageError),
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full => Self::new(Code::StorageFull, "the database's disk is full"),
            StorageError::Moved | StorageError::Released => {
                Self::new(Code::Busy, "this server is moving; come back soon")
            }
            StorageError::Blocked => Self::new(
                Code::Busy,
                "another transaction holds what is needed; nothing was written",
            ),
            other => Self::Storage(other),
        }
    }
}

impl Refusal {
    /// A refusal with a code and its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::Problem(Problem::new(code, detail))
    }
}

/// Opens sessions and checks tokens.
#[derive(Clone)]
pub struct Access {
    storage: Storage,
    key: SecretKey,
    clock: Clock,
    session_ms: i64,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// With the server's key and clock; `session_ms` is the lifetime of a session.
    pub fn new(storage: Storage, key: SecretKey, now: Now, session_ms: i64) -> Self {
        Self {
            clock: Clock::new(storage.clone(), now),
            storage,
            key,
            session_ms,
        }
    }

    /// The server's clock.
    pub fn now(&self) -> ServerTime {
        self.clock.now()
    }

    /// The checked clock for what the server signs.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The server's key.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }
}
