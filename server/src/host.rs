//! What the server takes from its host: the time and randomness.

use std::sync::Arc;

use sync_core::record::ServerTime;

/// The server's clock, a parameter so that tests can control it.
pub type Now = Arc<dyn Fn() -> ServerTime + Send + Sync>;

/// The system's clock.
pub fn system_clock() -> Now {
    Arc::new(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        ServerTime(now.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    })
}

/// Unpredictable bytes from the system.
///
/// # Panics
/// If the system has no randomness: no operation is safe then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    getrandom::fill(&mut out).expect("the system gives randomness");
    out
}
