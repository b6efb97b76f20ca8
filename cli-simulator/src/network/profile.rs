//! Profiles of bad networks.

/// The faults of a network; each probability is in thousandths of all calls.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Round-trip time in milliseconds.
    pub latency_ms: u64,
    /// Bytes per second in each direction.
    pub bytes_per_second: u64,
    /// The request does not arrive.
    pub lose_request: u64,
    /// The request arrives; the reply does not.
    pub lose_reply: u64,
    /// The request is truncated in the middle of its body.
    pub cut_request: u64,
    /// The reply is truncated in the middle of its body.
    pub cut_reply: u64,
    /// The request arrives twice.
    pub double: u64,
    /// The proxy answers 503 with `Retry-After`; the server is not called.
    pub unavailable: u64,
}

impl Profile {
    /// Names of the profiles.
    pub const NAMES: [&'static str; 4] = ["good", "weak", "2g", "tunnel"];

    /// The profile with this name.
    ///
    /// # Errors
    /// If there is none; the error lists the profiles.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let (latency_ms, bytes_per_second, share) = match name {
            "good" => (40, 2_000_000, 0),
            "weak" => (300, 64_000, 20),
            "2g" => (800, 6_000, 35),
            "tunnel" => (500, 32_000, 90),
            other => anyhow::bail!(
                "{other} is not a network; there are {}",
                Self::NAMES.join(", ")
            ),
        };
        Ok(Self {
            latency_ms,
            bytes_per_second,
            lose_request: share,
            lose_reply: share,
            cut_request: share,
            cut_reply: share,
            double: share,
            unavailable: share / 2,
        })
    }
}
