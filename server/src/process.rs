//! What the system lets this process have: open files, and memory that goes back.

use crate::config::Config;

/// File descriptors that are not connections: the database, photos, the log.
const OTHER_FILES: usize = 256;

/// Raises the limit of open files as far as it may, and takes no more connections than it allows.
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

/// How the C library's allocator gives memory back: large blocks by themselves, few arenas. Without it what a flood took
/// stays with the process. It reads them at the start of a process only.
#[cfg(target_os = "linux")]
const ALLOCATOR: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "4"),
    ("MALLOC_MMAP_THRESHOLD_", "262144"),
    ("MALLOC_TRIM_THRESHOLD_", "1048576"),
];

/// Starts this program again in the same process with those settings, unless an operator has set any of them.
///
/// To be called before anything is open.
#[cfg(target_os = "linux")]
pub fn give_memory_back() {
    use std::os::unix::process::CommandExt;
    if ALLOCATOR
        .iter()
        .any(|(name, _)| std::env::var_os(name).is_some())
    {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .envs(ALLOCATOR)
        .exec();
    tracing::warn!(%error, "memory that a flood took may stay with the process");
}

/// Other systems give memory back by themselves.
#[cfg(not(target_os = "linux"))]
pub fn give_memory_back() {}
