//! Backup and restore of a data folder, and the check that rows and photos belong together.
//!
//! A backup copies a database that may be in use and a folder of photos into a new folder; a restore copies them back.
//! Both work under a temporary name, check the result, and rename it last, so the target is complete or absent. The
//! signing key is not part of a backup: a person who can read a backup must not be able to sign as the server.

mod destination;
mod files;
mod manifest;
mod pages;
mod refill;
mod restore;
mod take;
mod verify;

pub use files::copy_key;
pub use manifest::Manifest;
pub use restore::{Restored, restore};
pub use take::{Done, backup};
pub use verify::{Progress, Verified, forget_missing, verify};
