//! Settings from the command line, the environment and a file, in this order of precedence.
//!
//! Returns the checked [`Config`]; an error names the setting and what was expected.

mod caller_limits;
mod database;
mod people;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use clap::Args;
use serde::Deserialize;
use xuncha_server::config::{Config, TlsFiles};

pub(super) use database::read as database_file;

/// The file of settings.
#[derive(Debug, Args)]
pub(super) struct SettingsFile {
    /// File of settings (TOML); the command line and the environment take precedence.
    #[arg(long, env = "XUNCHA_CONFIG", global = true)]
    config: Option<PathBuf>,
}

/// All settings; the same names on the command line, as `XUNCHA_…` in the environment, and in the file.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Folder of the database, photos and key; created if it does not exist [default: data].
    #[arg(long, env = "XUNCHA_DATA", global = true)]
    data: Option<PathBuf>,
    /// `postgres://user:password@host:port/name`. Without it: SQLite in the data folder.
    #[arg(long, env = "XUNCHA_DATABASE", hide_env_values = true, global = true)]
    database: Option<String>,
    /// File that holds the address of the database, so that its password is in no list of processes.
    #[arg(long, env = "XUNCHA_DATABASE_FILE", global = true)]
    database_file: Option<PathBuf>,
    /// Certificates (PEM) of the authority that signed the database's certificate; without it, those of the system.
    #[arg(long, env = "XUNCHA_DATABASE_CA", global = true)]
    database_ca: Option<PathBuf>,
    /// File of the server's signing key; a new PostgreSQL database needs it [default: `server.key` in the data folder].
    #[arg(long, env = "XUNCHA_KEY_FILE", global = true)]
    key_file: Option<PathBuf>,
    /// Keep the signing key in PostgreSQL, where each reader of the database and of its backups has it.
    #[arg(
        long,
        env = "XUNCHA_KEY_IN_DATABASE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        global = true
    )]
    key_in_database: Option<bool>,
    /// `s3://bucket/prefix?endpoint=…&region=…` or a folder. Without it: in the data folder.
    #[arg(
        long,
        alias = "blobs",
        env = "XUNCHA_PHOTOS",
        hide_env_values = true,
        global = true
    )]
    #[serde(alias = "blobs")]
    photos: Option<String>,
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "XUNCHA_LISTEN")]
    listen: Option<SocketAddr>,
    /// Certificate of --listen with those between it and the authority (PEM). Without it: plain HTTP.
    #[arg(long, env = "XUNCHA_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// Private key of --tls-cert (PEM).
    #[arg(long, env = "XUNCHA_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Address for health and metrics [default: 127.0.0.1, the port after that of --listen].
    #[arg(long, env = "XUNCHA_HEALTH_LISTEN")]
    health_listen: Option<SocketAddr>,
    /// Serve `/metrics` on the public address too [default: false].
    #[arg(long, env = "XUNCHA_PUBLIC_METRICS", num_args = 0..=1, default_missing_value = "true")]
    public_metrics: Option<bool>,
    /// Requests in progress at most; more are refused as busy and retried later [default: 512].
    #[arg(long, env = "XUNCHA_MAX_IN_FLIGHT")]
    max_in_flight: Option<usize>,
    /// Open connections at most [default: 8192, or what the limit of open files allows].
    #[arg(long, env = "XUNCHA_MAX_CONNECTIONS")]
    max_connections: Option<usize>,
    /// Open connections from one address at most, 0 for no limit [default: 1024].
    #[arg(long, env = "XUNCHA_MAX_PER_ADDRESS")]
    max_per_address: Option<usize>,
    /// Addresses of proxies, such as `10.0.0.0/8,192.168.0.7`: the limit for each address does not apply to them, and
    /// their `X-Forwarded-For` is trusted [default: the machine itself].
    #[arg(long, env = "XUNCHA_PROXIES", value_delimiter = ',')]
    proxies: Option<Vec<String>>,
    /// Megabytes of requests that are held in memory at once [default: 64].
    #[arg(long, env = "XUNCHA_HELD_MEGABYTES")]
    held_megabytes: Option<usize>,
    /// Wrong codes and tokens from one address in a minute, before it must wait [default: 60].
    #[arg(long, env = "XUNCHA_WRONG_PER_MINUTE")]
    wrong_per_minute: Option<u32>,
    /// Packs of one device in a day [default: 5000].
    #[arg(long, env = "XUNCHA_PACKS_PER_DAY")]
    packs_per_day: Option<u32>,
    /// Megabytes of packs and photos of one device in a day [default: 512].
    #[arg(long, env = "XUNCHA_MEGABYTES_PER_DAY")]
    megabytes_per_day: Option<u32>,
    /// Photos of one device in a day [default: 2000].
    #[arg(long, env = "XUNCHA_PHOTOS_PER_DAY")]
    photos_per_day: Option<u32>,
    /// Megabytes of responses to one device or one token in a day [default: 8192].
    #[arg(long, env = "XUNCHA_READ_MEGABYTES_PER_DAY")]
    read_megabytes_per_day: Option<u32>,
    /// Days that a photo is kept which no document names [default: 30].
    #[arg(long, env = "XUNCHA_UNNAMED_DAYS")]
    unnamed_days: Option<u16>,
    /// Hours that a device's session lasts [default: 12].
    #[arg(long, env = "XUNCHA_SESSION_HOURS")]
    session_hours: Option<u16>,
    /// Minutes after which an unused session of a person ends [default: 20].
    #[arg(long, env = "XUNCHA_IDLE_MINUTES")]
    idle_minutes: Option<u16>,
    /// Hours after which a session of a person ends, used or not [default: 8].
    #[arg(long, env = "XUNCHA_SIGN_IN_HOURS")]
    sign_in_hours: Option<u16>,
    /// Days after which a password must be changed, 0 for never [default: 90].
    #[arg(long, env = "XUNCHA_PASSWORD_DAYS")]
    password_days: Option<u16>,
    /// Days that rows of the audit log are kept, 180 or more [default: 365].
    #[arg(long, env = "XUNCHA_AUDIT_DAYS")]
    audit_days: Option<u16>,
    /// `host:port` of a machine that receives the audit log: syslog (RFC 5424) over TLS.
    #[arg(long, env = "XUNCHA_AUDIT_SYSLOG")]
    audit_syslog: Option<String>,
    /// Certificates (PEM) to trust for it; without it, those of the system.
    #[arg(long, env = "XUNCHA_AUDIT_SYSLOG_CA")]
    audit_syslog_ca: Option<PathBuf>,
    /// Hours that an unfinished photo upload is kept [default: 48].
    #[arg(long, env = "XUNCHA_UPLOAD_HOURS")]
    upload_hours: Option<u16>,
    /// Hours that photo bytes are kept which no row names [default: 168].
    #[arg(long, env = "XUNCHA_ORPHAN_HOURS")]
    orphan_hours: Option<u16>,
}

impl Settings {
    /// Fills missing settings from the file, and the rest with the defaults.
    pub(super) fn resolve(self, file: &SettingsFile) -> anyhow::Result<Config> {
        let from = match &file.config {
            Some(path) => read(path).with_context(|| format!("--config {}", path.display()))?,
            None => Self::default(),
        };
        let limits = self.limits(&from)?;
        let (sign_in, audit) = (self.sign_in(&from)?, self.audit(&from)?);
        let hours = |hours: u16| i64::from(hours) * 3_600_000;
        let listen = self.listen.or(from.listen);
        let mut config = Config::new(
            self.data
                .or(from.data)
                .unwrap_or_else(|| PathBuf::from("data")),
            listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
        );
        config.limits = limits;
        (config.sign_in, config.audit) = (sign_in, audit);
        config.health_optional = true;
        // Port 0 stays 0: any free port.
        let port = config.listen.port();
        let port = if port == 0 {
            0
        } else {
            port.checked_add(1).unwrap_or(port - 1)
        };
        config.health_listen = ([127, 0, 0, 1], port).into();
        if let Some(health) = self.health_listen.or(from.health_listen) {
            config.health_listen = health;
            config.health_optional = false;
        }
        if let Some(days) = self.unnamed_days.or(from.unnamed_days) {
            anyhow::ensure!(days > 0, "--unnamed-days: expected 1 or more");
            config.unnamed_ms = hours(24) * i64::from(days);
        }
        config.database = database::address(
            (self.database, self.database_file),
            (from.database, from.database_file),
        )?;
        config.database_ca = self.database_ca.or(from.database_ca);
        config.tls = match (
            self.tls_cert.or(from.tls_cert),
            self.tls_key.or(from.tls_key),
        ) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            _ => anyhow::bail!(
                "--tls-cert 与 --tls-key 须同时设置 / --tls-cert and --tls-key are set together or not at all"
            ),
        };
        config.photos = self.photos.or_else(earlier_photos).or(from.photos);
        config.key = self.key_file.or(from.key_file);
        config.key_in_database = self
            .key_in_database
            .or(from.key_in_database)
            .unwrap_or_default();
        anyhow::ensure!(
            config.key.is_none() || !config.key_in_database,
            "--key-file 与 --key-in-database 只能设一个 / --key-file and --key-in-database exclude each other"
        );
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

/// The place of the photos in the environment of an earlier version, which called it `blobs` there, on the command line
/// and in the file.
fn earlier_photos() -> Option<String> {
    std::env::var("XUNCHA_BLOBS").ok()
}

/// Reads a file of settings. An error shows the number of the line without its text, which may contain a password.
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
        assert_eq!(config.limits.max_in_flight, 512);
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
    fn the_place_of_the_photos_has_its_earlier_name_too() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["photos", "blobs"] {
            let file = folder.path().join(format!("{name}.toml"));
            std::fs::write(&file, format!("{name} = \"/srv/of-the-file\"\n")).unwrap();
            let file = ["--config", file.to_str().unwrap()];
            let config = resolve(&file).unwrap();
            assert_eq!(config.photos.as_deref(), Some("/srv/of-the-file"));
            let flag = format!("--{name}");
            let both = [&file[..], &[flag.as_str(), "/srv/of-the-line"]].concat();
            let config = resolve(&both).unwrap();
            assert_eq!(config.photos.as_deref(), Some("/srv/of-the-line"));
        }
    }

    #[test]
    fn settings_that_would_lose_running_uploads_are_refused() {
        let error = resolve(&["--upload-hours", "9", "--orphan-hours", "8"]).unwrap_err();
        assert!(error.to_string().contains("--orphan-hours"), "{error}");
    }
}
