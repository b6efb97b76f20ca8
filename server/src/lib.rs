//! The central server of Xuncha.
pub mod access;
pub mod config;
pub mod feed;
pub mod ingest;
pub mod storage;
