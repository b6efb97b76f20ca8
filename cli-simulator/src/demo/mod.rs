//! The demo: one day of a small county, through the same code as everything else.
//!
//! In comes a folder, out comes a running server with the day's ledger, and the table that tells it. Nothing is
//! canned: phones are real stores, photos are real JPEGs, the network harms calls by a seed.

mod day;
mod table;

use std::path::Path;

use xuncha_server::app::App;

pub use table::Ledger;

/// A day that was played.
#[derive(Debug)]
pub struct Played {
    /// The server, still running.
    pub app: App,
    /// The runtime it runs on.
    pub runtime: tokio::runtime::Runtime,
    /// A reviewer's key.
    pub token: String,
    /// The day's ledger.
    pub ledger: Ledger,
}

/// Plays the day in a fresh folder.
///
/// # Errors
/// If the server or a phone fails, or somebody's work did not arrive.
pub fn play(
    folder: &Path,
    listen: std::net::SocketAddr,
    say: &mut dyn FnMut(u64, u64, &str),
) -> anyhow::Result<Played> {
    day::play(folder, listen, say)
}
