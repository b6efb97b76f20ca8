//! The limits for callers, from settings and their file.

use anyhow::anyhow;
use xuncha_server::config::Limits;

use super::Settings;

impl Settings {
    /// The limits for callers.
    pub(super) fn limits(&self, from: &Self) -> anyhow::Result<Limits> {
        let mut limits = Limits::default();
        let set = |name: &str, value: Option<usize>, least: usize, to: &mut usize| {
            if let Some(value) = value {
                anyhow::ensure!(value >= least, "--{name}: expected {least} or more");
                *to = value;
            }
            Ok(())
        };
        let most = self.max_in_flight.or(from.max_in_flight);
        set("max-in-flight", most, 1, &mut limits.max_in_flight)?;
        let most = self.max_connections.or(from.max_connections);
        set("max-connections", most, 16, &mut limits.max_connections)?;
        let most = self.max_per_address.or(from.max_per_address);
        set("max-per-address", most, 0, &mut limits.max_per_address)?;
        let megabytes = self.held_megabytes.or(from.held_megabytes);
        let mut held = limits.held_bytes >> 20;
        set("held-megabytes", megabytes, 8, &mut held)?;
        limits.held_bytes = held << 20;
        if let Some(proxies) = self.proxies.as_ref().or(from.proxies.as_ref()) {
            let parsed: Result<_, String> = proxies.iter().map(|p| p.parse()).collect();
            limits.proxies = parsed.map_err(|e| anyhow!("--proxies: {e}"))?;
        }
        if let Some(most) = self.wrong_per_minute.or(from.wrong_per_minute) {
            anyhow::ensure!(most > 0, "--wrong-per-minute: expected 1 or more");
            limits.wrong_per_minute = most;
        }
        for (name, value, to) in [
            (
                "packs-per-day",
                self.packs_per_day.or(from.packs_per_day),
                &mut limits.packs_per_day,
            ),
            (
                "photos-per-day",
                self.photos_per_day.or(from.photos_per_day),
                &mut limits.photos_per_day,
            ),
        ] {
            if let Some(value) = value {
                anyhow::ensure!(value > 0, "--{name}: expected 1 or more");
                *to = i64::from(value);
            }
        }
        if let Some(megabytes) = self.megabytes_per_day.or(from.megabytes_per_day) {
            anyhow::ensure!(megabytes > 0, "--megabytes-per-day: expected 1 or more");
            limits.bytes_per_day = i64::from(megabytes) << 20;
        }
        if let Some(megabytes) = self.read_megabytes_per_day.or(from.read_megabytes_per_day) {
            anyhow::ensure!(
                megabytes > 0,
                "--read-megabytes-per-day: expected 1 or more"
            );
            limits.read_bytes_per_day = u64::from(megabytes) << 20;
        }
        if let Some(shown) = self.public_metrics.or(from.public_metrics) {
            limits.public_metrics = shown;
        }
        Ok(limits)
    }
}
