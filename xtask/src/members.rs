//! The members of the workspace.

/// Every member.
pub(crate) const ALL: [&str; 5] = ["sync-core", "server", "cli-simulator", "tests", "xtask"];

/// Members with a source tree of their own, and the name that their programs import the library by.
pub(crate) const PROGRAMS: [(&str, &str); 4] = [
    ("sync-core", "sync_core"),
    ("server", "xuncha_server"),
    ("cli-simulator", "cli_simulator"),
    ("xtask", "xtask"),
];
