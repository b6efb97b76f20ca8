//! All settings of the server, resolved and checked once at its start.
//!
//! Values only: where they come from (command line, environment, file) is not known here.

mod limits;
mod network;
mod sign_in;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use limits::Limits;
pub use network::Network;
pub use sign_in::{AuditLog, SignIn};

/// The place of a signing key that several processes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace<'a> {
    /// A file.
    File(&'a Path),
    /// The table `meta` of the database.
    Database,
    /// The settings do not name it: a database that holds a key keeps it, and a new one is refused.
    Unstated,
}

/// The files of the certificate of the public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and the authority (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

/// The settings that the server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the embedded database and the server's key, and of the photos unless `photos` names another place.
    pub data: PathBuf,
    /// File of the server's signing key; without it `server.key` in the data folder, or the database if it is
    /// PostgreSQL.
    pub key: Option<PathBuf>,
    /// Whether a new PostgreSQL database may hold the signing key, where each of its readers and backups has it.
    pub key_in_database: bool,
    /// `postgres://…`; without it the database is embedded in the data folder.
    pub database: Option<String>,
    /// Certificates (PEM) of the authority that signed the database's certificate; without it, those of the system.
    pub database_ca: Option<PathBuf>,
    /// `s3://bucket/prefix?endpoint=…` or a folder; without it the photos are in the data folder.
    pub photos: Option<String>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// The certificate of `listen`; without it the server speaks plain HTTP there.
    pub tls: Option<TlsFiles>,
    /// Address of the separate listener for health and metrics.
    pub health_listen: SocketAddr,
    /// Whether the server starts even if `health_listen` is taken.
    pub health_optional: bool,
    /// Lifetime of a session token in milliseconds.
    pub session_ms: i64,
    /// Milliseconds an unfinished photo upload is kept.
    pub upload_ms: i64,
    /// Milliseconds that photo bytes are kept which no photo row and no upload names; not less than `upload_ms`.
    pub orphan_ms: i64,
    /// Milliseconds that a stored photo is kept which no document names.
    pub unnamed_ms: i64,
    /// Limits for callers.
    pub limits: Limits,
    /// Sessions and passwords of people.
    pub sign_in: SignIn,
    /// The audit log.
    pub audit: AuditLog,
}

impl Config {
    /// The place of the signing key of a PostgreSQL database.
    pub fn shared_key(&self) -> KeyPlace<'_> {
        match &self.key {
            Some(file) => KeyPlace::File(file),
            None if self.key_in_database => KeyPlace::Database,
            None => KeyPlace::Unstated,
        }
    }

    /// The file of the signing key of an embedded database.
    pub fn key_file(&self) -> PathBuf {
        let own = || self.data.join("server.key");
        self.key.clone().unwrap_or_else(own)
    }

    /// The default settings for a data folder; health and metrics on a free loopback port.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            key: None,
            key_in_database: false,
            database: None,
            database_ca: None,
            photos: None,
            listen,
            tls: None,
            health_listen: ([127, 0, 0, 1], 0).into(),
            health_optional: false,
            session_ms: 12 * 3_600_000,
            upload_ms: 48 * 3_600_000,
            orphan_ms: 7 * 24 * 3_600_000,
            unnamed_ms: 30 * 24 * 3_600_000,
            limits: Limits::default(),
            sign_in: SignIn::default(),
            audit: AuditLog::default(),
        }
    }
}
