//! The central server of Xuncha: ingest, feed, projection, review, photos.
//!
//! One process, one data folder. `app` builds the rooms and wires them; `http` is the face; every write of records
//! goes through `ingest`, every read of a phone through `feed`, every read of a reviewer through `review`.

#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod access;
pub mod app;
pub mod backup;
pub mod blobs;
pub mod config;
pub mod export;
pub mod feed;
pub mod folder;
pub mod front;
pub mod hints;
pub mod http;
pub mod ingest;
pub mod metrics;
pub mod migrate;
pub mod process;
pub mod projection;
pub mod quota;
pub mod register;
pub mod review;
pub mod storage;
