//! The caller of a request, as far as it is known without the database.

use sync_core::record::DeviceId;

use super::wrong::digest;

/// The caller, as far as it is known without the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// The device of a session token of this server.
    Device(DeviceId),
    /// The SHA-256 of a token that is no session token of a device; it may be a reviewer's. Of a request to sign in: the
    /// SHA-256 of the cookie of a browser that a person signed in from before.
    Token([u8; 32]),
    /// A caller without a token.
    Stranger,
}

impl Caller {
    /// The caller with this token, which is no session token of a device.
    pub(super) fn with(token: &str) -> Self {
        Self::Token(digest(token))
    }
}
