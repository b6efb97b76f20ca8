//! The limit of the operating system on open files.

use crate::config::Config;

/// File descriptors that are not connections: the database, photos, the diagnostic log.
const OTHER_FILES: usize = 256;

/// Raises the limit of open files to its maximum, and lowers the limit of connections if it still exceeds that.
pub fn open_files(config: &mut Config) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
        let Some(files) = getrlimit(Resource::Nofile).current else {
            return;
        };
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let most = files.saturating_sub(OTHER_FILES).max(16);
        if most < config.limits.max_connections {
            tracing::warn!(
                files,
                connections = most,
                "fewer connections are taken than --max-connections says: the limit of open files is low (ulimit -n, LimitNOFILE)"
            );
            config.limits.max_connections = most;
        }
    }
}
