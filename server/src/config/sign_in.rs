//! Sessions and passwords of people, and the audit log.

use std::path::PathBuf;

/// Sessions and passwords of people.
#[derive(Debug, Clone, Copy)]
pub struct SignIn {
    /// Milliseconds after which an unused session ends.
    pub idle_ms: i64,
    /// Milliseconds after which a session ends, used or not.
    pub whole_ms: i64,
    /// Days after which a password must be changed; 0: never.
    pub password_days: i64,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            idle_ms: 20 * 60_000,
            whole_ms: 8 * 3_600_000,
            password_days: 90,
        }
    }
}

/// The audit log.
#[derive(Debug, Clone)]
pub struct AuditLog {
    /// Days that rows are kept, [`Self::LEAST_DAYS`] or more.
    pub days: i64,
    /// `host:port` of a machine that receives the log by syslog over TLS.
    pub syslog: Option<String>,
    /// Certificates (PEM) to trust for it instead of those of the system.
    pub syslog_ca: Option<PathBuf>,
}

impl AuditLog {
    /// The law asks for six months at least.
    pub const LEAST_DAYS: i64 = 180;
}

impl Default for AuditLog {
    fn default() -> Self {
        Self {
            days: 365,
            syslog: None,
            syslog_ca: None,
        }
    }
}
