//! The central server of Xuncha: ingest, feed, projection, review, photos.
//!
//! One process uses one data folder. `app` builds and connects the components; `http` is the interface. Every write of
//! documents uses `ingest`, every read of a device `feed`, every read of a reviewer `review`.

#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![deny(missing_docs)]

pub mod access;
pub mod app;
pub mod audit;
pub mod backup;
pub mod clock;
pub mod config;
pub mod editions;
pub mod export;
pub mod feed;
pub mod folder;
pub mod front;
pub mod hints;
pub mod host;
pub mod http;
pub mod ingest;
pub mod keys;
pub mod metrics;
pub mod migrate;
pub mod output;
pub mod people;
pub mod photos;
pub mod process;
pub mod projection;
pub mod quota;
pub mod refusal;
pub mod register;
pub mod reporting;
pub mod review;
pub mod storage;
pub mod wake;
