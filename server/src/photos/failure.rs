//! Failures of the photo store, as refusals.

use std::{error::Error as _, io};

use object_store::Error;
use sync_core::wire::Code;

use crate::refusal::Refusal;

/// The refusal for a failed request of the store.
pub(super) fn refused(error: Error) -> Refusal {
    if is_full(&error) {
        return Refusal::new(Code::StorageFull, "the photo folder is full");
    }
    Refusal::Photos(error)
}

fn is_full(error: &Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if let Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) = kind {
            return true;
        }
        next = cause.source();
    }
    false
}
