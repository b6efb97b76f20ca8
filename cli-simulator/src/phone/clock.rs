//! Clocks and chance for phones: the system's, or driven by hand from a seed.

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
        // Linux says which run this is; elsewhere events say nothing of the server's time.
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

/// A clock that moves only when it is told to. Until a run begins it has no uptime.
#[derive(Debug, Clone)]
pub struct SetClock {
    now: Arc<AtomicI64>,
    /// The run of the phone (0: none), and when it began by a clock that nobody can set.
    run: Arc<(AtomicU64, AtomicI64)>,
}

impl SetClock {
    /// At a time.
    pub fn at(now: DeviceTime) -> Self {
        Self {
            now: Arc::new(AtomicI64::new(now.0)),
            run: Arc::default(),
        }
    }
    /// Sets it, as a person does: the time since the phone was started goes on.
    pub fn set(&self, now: DeviceTime) {
        self.now.store(now.0, SeqCst);
    }
    /// Moves it forward by milliseconds: time passes.
    pub fn forward(&self, ms: i64) {
        self.now.fetch_add(ms, SeqCst);
        self.run.1.fetch_add(ms, SeqCst);
    }
    /// Starts the phone: another run with another uptime.
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

/// Where unpredictable bytes come from.
#[derive(Debug)]
pub enum Entropic {
    /// The system.
    System,
    /// A seed: the same bytes every time, for simulations only.
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
