//! Errors of the photo store's setting and of a store that does not work.

/// A setting that cannot be used, or a store that does not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The setting is wrong.
    #[error("{0}")]
    Setting(String),
    /// The store cannot be reached, or rejects a request.
    #[error("{target} cannot be used: {cause}")]
    Unusable {
        /// The store, without its secrets.
        target: String,
        /// The error of the store.
        cause: String,
    },
}

/// The error for a wrong part of the setting.
pub(super) fn wrong(what: impl Into<String>) -> StoreError {
    StoreError::Setting(what.into())
}
