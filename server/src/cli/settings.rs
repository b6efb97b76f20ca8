//! Settings from the command line, the environment and a file, in that order of precedence.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use clap::Args;
use serde::Deserialize;
use xuncha_server::config::Config;

/// Where the file of settings is.
#[derive(Debug, Args)]
pub(super) struct SettingsFile {
    /// File of settings (TOML); what the command line or the environment says goes before it.
    #[arg(long, env = "XUNCHA_CONFIG", global = true)]
    config: Option<PathBuf>,
}

/// Every setting; the same names on the command line, as `XUNCHA_…` in the environment, and in the file.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Folder of the database, photos and key; made if it is not there [default: data].
    #[arg(long, env = "XUNCHA_DATA", global = true)]
    data: Option<PathBuf>,
    /// `postgres://user:password@host:port/name`. Without it: SQLite in the data folder.
    #[arg(long, env = "XUNCHA_DATABASE", hide_env_values = true, global = true)]
    database: Option<String>,
    /// Certificates (PEM) that the database's certificate is signed by; without it, the system's.
    #[arg(long, env = "XUNCHA_DATABASE_CA", global = true)]
    database_ca: Option<PathBuf>,
    /// `s3://bucket/prefix?endpoint=…&region=…` or a folder. Without it: in the data folder.
    #[arg(long, env = "XUNCHA_BLOBS", hide_env_values = true, global = true)]
    blobs: Option<String>,
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "XUNCHA_LISTEN")]
    listen: Option<SocketAddr>,
    /// Requests in progress at most; more are told to come back [default: 512].
    #[arg(long, env = "XUNCHA_MAX_IN_FLIGHT")]
    max_in_flight: Option<usize>,
    /// Hours a phone's session lasts [default: 12].
    #[arg(long, env = "XUNCHA_SESSION_HOURS")]
    session_hours: Option<u16>,
    /// Hours an unfinished photo upload is kept [default: 48].
    #[arg(long, env = "XUNCHA_UPLOAD_HOURS")]
    upload_hours: Option<u16>,
    /// Hours that photo bytes are kept which nothing names [default: 168].
    #[arg(long, env = "XUNCHA_ORPHAN_HOURS")]
    orphan_hours: Option<u16>,
}

impl Settings {
    /// Fills what is not set from the file, and the rest from the defaults.
    pub(super) fn resolve(self, file: &SettingsFile) -> anyhow::Result<Config> {
        let from = match &file.config {
            Some(path) => read(path).with_context(|| format!("--config {}", path.display()))?,
            None => Self::default(),
        };
        let listen = self.listen.or(from.listen);
        let mut config = Config::new(
            self.data
                .or(from.data)
                .unwrap_or_else(|| PathBuf::from("data")),
            listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
        );
        config.database = self.database.or(from.database);
        config.database_ca = self.database_ca.or(from.database_ca);
        config.blobs = self.blobs.or(from.blobs);
        let hours = |hours: u16| i64::from(hours) * 3_600_000;
        if let Some(most) = self.max_in_flight.or(from.max_in_flight) {
            anyhow::ensure!(most > 0, "--max-in-flight: expected 1 or more");
            config.max_in_flight = most;
        }
        if let Some(session) = self.session_hours.or(from.session_hours) {
            anyhow::ensure!(session > 0, "--session-hours: expected 1 or more");
            config.session_ms = hours(session);
        }
        if let Some(upload) = self.upload_hours.or(from.upload_hours) {
            anyhow::ensure!(upload > 0, "--upload-hours: expected 1 or more");
            config.upload_ms = hours(upload);
        }
        if let Some(orphan) = self.orphan_hours.or(from.orphan_hours) {
            config.orphan_ms = hours(orphan);
        }
        anyhow::ensure!(
            config.orphan_ms >= config.upload_ms,
            "--orphan-hours: expected at least --upload-hours, or bytes of running uploads would be collected"
        );
        Ok(config)
    }
}

/// Reads a file of settings. The parser's picture of the line is not shown: it may hold a password.
fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = std::fs::read_to_string(path)?;
    toml::from_str(&text).map_err(|e| {
        let line = e.span().map_or(0, |span| {
            text.get(..span.start)
                .map_or(0, |before| before.matches('\n').count() + 1)
        });
        anyhow!("line {line}: {}", e.message())
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        file: SettingsFile,
        #[command(flatten)]
        settings: Settings,
    }

    fn resolve(arguments: &[&str]) -> anyhow::Result<Config> {
        let line = Line::parse_from([&["test"], arguments].concat());
        line.settings.resolve(&line.file)
    }

    #[test]
    fn the_command_line_goes_before_the_file_and_the_file_before_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("xuncha.toml");
        std::fs::write(
            &file,
            "data = \"/srv/x\"\nsession_hours = 3\nupload_hours = 5\n",
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let config = resolve(&["--config", file, "--upload-hours", "7"]).unwrap();
        assert_eq!(config.data, PathBuf::from("/srv/x"));
        assert_eq!(config.session_ms, 3 * 3_600_000);
        assert_eq!(config.upload_ms, 7 * 3_600_000);
        assert_eq!(config.max_in_flight, 512);
    }

    #[test]
    fn a_wrong_file_is_named_with_its_line_and_without_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("xuncha.toml");
        for (text, says) in [
            (
                "data = \"x\"\ndatabse = \"postgres://u:hush@h/d\"\n",
                "databse",
            ),
            ("\ndatabase = \"postgres://u:hush@h/d\n", "line 2"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = resolve(&["--config", file.to_str().unwrap()]).unwrap_err();
            let error = format!("{error:#}");
            assert!(
                error.contains(says) && error.contains("xuncha.toml"),
                "{error}"
            );
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn settings_that_would_lose_running_uploads_are_refused() {
        let error = resolve(&["--upload-hours", "9", "--orphan-hours", "8"]).unwrap_err();
        assert!(error.to_string().contains("--orphan-hours"), "{error}");
    }
}
