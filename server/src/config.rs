//! Every setting of the server, read once and checked.

use std::{net::SocketAddr, path::PathBuf};

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the embedded database and the server's key, and of the photos, if no other place is named for them.
    pub data: PathBuf,
    /// `postgres://…`; without it the database is embedded in the data folder.
    pub database: Option<String>,
    /// Certificates (PEM) that the database's is signed by; without it, those of the system.
    pub database_ca: Option<PathBuf>,
    /// `s3://bucket/prefix?endpoint=…` or a folder; without it the photos are in the data folder.
    pub blobs: Option<String>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Requests in progress at most; more are answered `busy`.
    pub max_in_flight: usize,
    /// Milliseconds of a session token's life.
    pub session_ms: i64,
    /// Milliseconds an unfinished photo upload is kept.
    pub upload_ms: i64,
    /// Milliseconds that bytes of photos are kept which no record and no upload names; not less than `upload_ms`.
    pub orphan_ms: i64,
}

impl Config {
    /// The settings for a data folder.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            database: None,
            database_ca: None,
            blobs: None,
            listen,
            max_in_flight: 512,
            session_ms: 12 * 3_600_000,
            upload_ms: 48 * 3_600_000,
            orphan_ms: 7 * 24 * 3_600_000,
        }
    }
}
