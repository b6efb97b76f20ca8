//! The shared core of Xuncha: documents, their CRDT, the on-device store and the sync state machine.
//!
//! The core does no I/O of its own except in SQLite. The embedder passes a clock, randomness and files ([`host`]),
//! opens a SQLite connection, and carries the calls to the server over any transport. A sync is one loop:
//!
//! ```
//! use rusqlite::Connection;
//! use sync_core::{
//!     device::{Device, DeviceError},
//!     sync::{Lost, Options, Reply, Report, Step, Syncing, Call},
//! };
//!
//! /// `carry` sends one call and returns the whole reply, or reports it as lost; `sleep` waits until a time.
//! fn sync(
//!     device: &mut Device,
//!     mut carry: impl FnMut(&Call) -> Result<Reply, Lost>,
//!     mut sleep: impl FnMut(sync_core::record::DeviceTime),
//! ) -> Result<Report, DeviceError> {
//!     let mut syncing = Syncing::new(Options::default());
//!     loop {
//!         match syncing.next(device)? {
//!             Step::Call(call) => {
//!                 let outcome = carry(&call);
//!                 syncing.answer(device, outcome)?;
//!             }
//!             Step::Wait { until } => sleep(until),
//!             Step::Done(report) => return Ok(*report),
//!         }
//!     }
//! }
//! # use std::{cell::Cell, rc::Rc};
//! # use sync_core::{host::{Clock, Entropy, FileError, Files, Host}, record::DeviceTime};
//! # struct Fixed;
//! # impl Clock for Fixed { fn now(&self) -> DeviceTime { DeviceTime(1_711_330_000_000) } }
//! # impl Entropy for Fixed { fn fill(&mut self, b: &mut [u8]) { b.fill(7) } }
//! # impl Files for Fixed {
//! #     fn write_durable(&mut self, _: &str, _: &[u8]) -> Result<(), FileError> { Ok(()) }
//! #     fn read(&self, n: &str) -> Result<Vec<u8>, FileError> { Err(FileError::Missing { name: n.to_owned() }) }
//! #     fn remove(&mut self, _: &str) -> Result<(), FileError> { Ok(()) }
//! #     fn list(&self) -> Result<Vec<String>, FileError> { Ok(Vec::new()) }
//! # }
//! # let host = Host { clock: Box::new(Fixed), entropy: Box::new(Fixed), files: Box::new(Fixed) };
//! # let mut device = Device::open(Connection::open_in_memory().unwrap(), host).unwrap();
//! // A device that was never enrolled has no server to sync with: the error is returned before any call.
//! let result = sync(&mut device, |_| unreachable!(), |_| {});
//! assert!(matches!(result, Err(DeviceError::NotEnrolled)));
//! ```
//!
//! These properties hold on every network: a call is idempotent, so it may be repeated; a reply that was lost, damaged
//! or late moves no cursor; the contents of a page and the cursor that it leads to are applied in one transaction.
//!
//! Modules by layer; a lower one does not know a higher one: [`causes`] · [`record`] · [`catalogue`], [`crdt`],
//! [`identity`], [`photo`], [`place_key`] · [`history`], [`wire`] · [`hazard`], [`activity`] · [`grouping`], [`duty`],
//! [`inspection`] · [`document`] · [`device`] · [`sync`]. `xtask/layers.toml` has the whole table.

#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod activity;
pub mod catalogue;
pub mod causes;
pub mod crdt;
pub mod device;
pub mod document;
pub mod duty;
pub mod grouping;
pub mod hazard;
pub mod history;
pub mod host;
pub mod identity;
pub mod inspection;
pub mod photo;
pub mod place_key;
pub mod record;
pub mod sync;
pub mod wire;
