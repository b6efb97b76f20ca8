//! Errors of the photo store's setting and of a store that does not work.

use sync_core::causes::{Cause, with_causes};

/// A setting that cannot be used, or a store that does not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The setting is wrong; it must be changed.
    #[error("{0}")]
    Setting(String),
    /// The store cannot be reached, or rejects a request. It may work later.
    #[error("{target} cannot be used: {}", with_causes(.cause.as_ref()))]
    Unusable {
        /// The store, without its secrets.
        target: String,
        /// The error of the store. The text of this error contains its causes.
        cause: Cause,
    },
}

impl StoreError {
    /// A store that does not work.
    pub(super) fn unusable(target: &str, cause: impl Into<Cause>) -> Self {
        Self::Unusable {
            target: target.to_owned(),
            cause: cause.into(),
        }
    }
}

/// The error for a wrong part of the setting.
pub(super) fn wrong(what: impl Into<String>) -> StoreError {
    StoreError::Setting(what.into())
}
