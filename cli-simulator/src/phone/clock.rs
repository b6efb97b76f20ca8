//! Clocks and randomness of devices: the system's, or simulated from a seed.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
};

use crate::chance::mix;
use sync_core::{
    host::{Clock, Entropy, Uptime},
    record::DeviceTime,
};

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DeviceTime {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        DeviceTime(now.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }
    fn uptime(&self) -> Option<Uptime> {
        // Linux has an id for each boot; on other systems events carry no beacon.
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).ok();
        let run = read("sys/kernel/random/boot_id")?;
        let boot = u64::from_str_radix(run.trim().replace('-', "").get(..16)?, 16);
        let seconds: f64 = read("uptime")?.split(' ').next()?.parse().ok()?;
        Some(Uptime {
            boot: boot.ok()?,
            ms: std::time::Duration::try_from_secs_f64(seconds)
                .ok()?
                .as_millis()
                .try_into()
                .ok()?,
        })
    }
}

/// A simulated clock that moves only by its methods. Before the first [`Self::start`] it has no uptime.
#[derive(Debug, Clone)]
pub struct SetClock {
    now: Arc<AtomicI64>,
    /// The number of the boot (0: none), and the uptime in milliseconds.
    run: Arc<(AtomicU64, AtomicI64)>,
}

impl SetClock {
    /// A clock at this time.
    pub fn at(now: DeviceTime) -> Self {
        Self {
            now: Arc::new(AtomicI64::new(now.0)),
            run: Arc::default(),
        }
    }
    /// Sets the wall clock, as a user can; the uptime does not change.
    pub fn set(&self, now: DeviceTime) {
        self.now.store(now.0, SeqCst);
    }
    /// Moves the wall clock and the uptime forward by milliseconds.
    pub fn forward(&self, ms: i64) {
        self.now.fetch_add(ms, SeqCst);
        self.run.1.fetch_add(ms, SeqCst);
    }
    /// Boots the device: a new boot number, and an uptime of 0.
    pub fn start(&self) {
        self.run.0.fetch_add(1, SeqCst);
        self.run.1.store(0, SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> DeviceTime {
        DeviceTime(self.now.load(SeqCst))
    }
    fn uptime(&self) -> Option<Uptime> {
        let boot = self.run.0.load(SeqCst);
        let ms = u64::try_from(self.run.1.load(SeqCst)).unwrap_or(0);
        (boot > 0).then_some(Uptime { boot, ms })
    }
}

/// A source of random bytes.
#[derive(Debug)]
pub enum Entropic {
    /// The system's randomness.
    System,
    /// A seed: the same bytes in every run; for simulations only.
    Seeded(u64),
}

impl Entropy for Entropic {
    fn fill(&mut self, buffer: &mut [u8]) {
        match self {
            Self::System => getrandom::fill(buffer).expect("the system gives randomness"),
            Self::Seeded(state) => {
                for chunk in buffer.chunks_mut(8) {
                    let word = mix(state).to_le_bytes();
                    chunk.copy_from_slice(&word[..chunk.len()]);
                }
            }
        }
    }
}
