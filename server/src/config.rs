//! Every setting of the server, read once and checked.

use std::{net::SocketAddr, path::PathBuf};

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the photos, and of the embedded database and the server's key if no other database is named.
    pub data: PathBuf,
    /// `postgres://…`; without it the database is embedded in the data folder.
    pub database: Option<String>,
    /// Certificates (PEM) that the database's is signed by; without it, those of the system.
    pub database_ca: Option<PathBuf>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Requests in progress at most; more are answered `busy`.
    pub max_in_flight: usize,
    /// Milliseconds of a session token's life.
    pub session_ms: i64,
    /// Milliseconds an unfinished photo upload is kept.
    pub upload_ms: i64,
}

impl Config {
    /// The settings for a data folder.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            database: None,
            database_ca: None,
            listen,
            max_in_flight: 512,
            session_ms: 12 * 3_600_000,
            upload_ms: 48 * 3_600_000,
        }
    }
}
