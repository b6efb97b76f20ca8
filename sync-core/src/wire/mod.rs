//! Messages between device and server: types, limits and frames.
//!
//! The module encodes and decodes typed messages. Every body is one frame ([`frame`]) around one CBOR message. Every
//! exchange is one file with its request and response, its path and its limits ([`Exchange`]). The module has no
//! store, clock or sockets. `schemas/wire/*.cddl` mirrors it.

pub mod editions;
pub mod enrol;
pub mod exchange;
pub mod frame;
pub mod page;
pub mod pull;
pub mod push;
pub mod received;
pub mod reconcile;
pub mod refusal;
pub mod resupply;
pub mod session;
pub mod sync;

pub use crate::record::cbor::{decode, encode};
pub use exchange::Exchange;
pub use frame::FrameError;
pub use received::Received;
pub use refusal::{Code, Problem};

/// Version of the protocol. A server refuses versions other than this one and [`PROTOCOL_BEFORE`] with
/// `upgrade-needed`.
pub const PROTOCOL: u16 = 2;
/// The version before, which a server still speaks.
pub const PROTOCOL_BEFORE: u16 = 1;
/// A page is closed once its uncompressed content reaches this size: a broken connection costs at most one page.
pub const PAGE_BYTES: usize = 1024 * 1024;
/// Documents in one page at most.
pub const PAGE_DOCUMENTS: usize = 1_000;
/// Changes in one pack at most.
pub const PACK_CHANGES: usize = 1_000;
/// Uncompressed bytes of changes in one pack at most.
pub const PACK_BYTES: usize = 1024 * 1024;
/// Scopes of one device at most: a province has about a hundred counties, each with a log of its own.
pub const MAX_SCOPES: usize = 256;
/// Documents that one pull may request by id.
pub const MAX_NEED: usize = 256;
