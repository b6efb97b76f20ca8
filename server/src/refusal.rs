//! The refusal that ends a request: what was wrong, and what to do.
//!
//! Every component returns it; `http` maps it to a status.

use sync_core::wire::{Code, Problem};

use crate::storage::StorageError;

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
