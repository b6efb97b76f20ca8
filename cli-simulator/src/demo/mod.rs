//! The demo: one week of a small county, through the same code as everything else.
//!
//! In comes a folder, out comes a running server with the week's ledger, and the table that tells it. Nothing is
//! canned: phones are real stores, photos are real JPEGs, the network harms calls by a seed. `stage` has the people
//! and the clock, `scenes` what they do, `week` the order of the days, `table` the telling.

mod scenes;
mod stage;
mod table;
mod week;

use std::path::Path;

use xuncha_server::app::App;

pub use table::Ledger;

/// A week that was played.
#[derive(Debug)]
pub struct Played {
    /// The server, still running.
    pub app: App,
    /// The runtime it runs on.
    pub runtime: tokio::runtime::Runtime,
    /// A reviewer's key.
    pub token: String,
    /// The week's ledger.
    pub ledger: Ledger,
}

/// Plays the week in a fresh folder.
///
/// # Errors
/// If the server or a phone fails, or somebody's work did not arrive.
pub fn play(
    folder: &Path,
    listen: std::net::SocketAddr,
    say: &mut dyn FnMut(u64, u64, &str),
) -> anyhow::Result<Played> {
    week::play(folder, listen, say)
}
