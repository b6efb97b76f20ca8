//! The refusal that ends a request: what was wrong, and what to do.
//!
//! Every component returns it; `http` maps it to a status.

use sync_core::{
    causes::with_causes,
    wire::{Code, Problem},
};

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
    /// The photo store failed; details are logged and not returned.
    #[error("photo store: {}", with_causes(.0))]
    Photos(object_store::Error),
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

    /// Its code: failures of the server itself are [`Code::Internal`].
    pub fn code(&self) -> Code {
        match self {
            Self::Problem(problem) => problem.code,
            Self::Storage(_) | Self::Photos(_) => Code::Internal,
        }
    }

    /// Whether the same request may succeed later, without a change by the caller.
    pub fn is_transient(&self) -> bool {
        self.code().is_transient()
    }
}
