//! The demo: one week of a small county, played with the real code.
//!
//! It starts a server in a folder, plays the week, and returns the running server and the table of the week. Nothing
//! is prepared: devices are real stores, photos are real JPEGs, and a seed decides which calls the network damages.
//! `stage` holds the people and the clock, `scenes` their actions, `week` the order of the days, `table` the output.

mod scenes;
mod stage;
mod table;
mod week;

use std::path::Path;

use xuncha_server::app::App;

pub use table::Ledger;

/// A played week.
#[derive(Debug)]
pub struct Played {
    /// The running server.
    pub app: App,
    /// The runtime of the server.
    pub runtime: tokio::runtime::Runtime,
    /// A reviewer's API token.
    pub token: String,
    /// The week's ledger.
    pub ledger: Ledger,
}

/// Plays the week in a new folder.
///
/// # Errors
/// If the server or a device fails, or a sync does not complete.
pub fn play(
    folder: &Path,
    listen: std::net::SocketAddr,
    say: &mut dyn FnMut(u64, u64, &str),
) -> anyhow::Result<Played> {
    week::play(folder, listen, say)
}
