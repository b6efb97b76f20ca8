//! Failures of the photo store, as refusals and as texts.

use sync_core::wire::Code;

use crate::{refusal::Refusal, storage::StorageError};

/// An error with its causes, without repeated texts.
pub(super) fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}

/// The refusal for a failed request of the store.
pub(super) fn refused(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut next = Some(error);
    while let Some(cause) = next {
        let kind = cause
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind);
        if let Some(std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) = kind {
            return Refusal::new(Code::StorageFull, "the photo folder is full");
        }
        next = cause.source();
    }
    Refusal::Storage(StorageError::Engine(format!(
        "photo store: {}",
        said(error)
    )))
}
