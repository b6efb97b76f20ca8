//! Moving a server from SQLite and a folder to PostgreSQL and a bucket, while devices continue to work.
//!
//! Everything is copied while the old server serves. Then the old server stops accepting writes, and what was added
//! since is copied; devices retry until the new server answers. A comparison of both must show no difference before the
//! target is released. The move may be interrupted at any point and run again: every step writes only what is missing.
//! Snapshots and the ledger are rebuilt from the log.

mod compare;
mod copy;
mod error;
mod photos;
mod records;
mod state;
mod stores;

pub use compare::{Comparison, compare};
pub use copy::copy;
pub use error::MigrateError;
pub use state::{FILLING, finish, is_released};
pub use stores::{Progress, Stores};

pub use crate::storage::tables::Contents;
