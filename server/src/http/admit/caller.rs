//! The caller of a request, as far as it is known without the database.

use sync_core::record::DeviceId;

/// The caller, as far as it is known without the database.
pub(super) enum Who {
    Device(DeviceId),
    /// The token is no session token of this server; it may be a reviewer's.
    Other,
}
