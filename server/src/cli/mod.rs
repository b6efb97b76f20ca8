//! Parses the command line of the server and runs the command.
//!
//! A command calls functions of the library and writes texts for the person at the terminal.

mod accounts;
mod admin;
mod audit;
mod backup;
mod catalogue;
mod clock;
mod end_grant;
mod enrol;
mod first_run;
mod import;
mod import_people;
mod key;
mod lists;
mod merge_persons;
mod migrate_store;
mod named;
mod operator;
mod passwords;
mod person;
mod quarantine;
mod read_only;
mod refold;
mod restore;
mod revoke;
mod safe_mark;
mod schemas;
mod settings;
mod token;
mod unattested;
mod verify;
mod verify_report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
    process, say,
};

/// 巡查服务器 / The central server of Xuncha.
#[derive(Debug, Parser)]
#[command(
    name = "xuncha",
    version,
    about,
    after_help = "Example:\n  xuncha serve --data ./data --listen 0.0.0.0:8080"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务 / Serve devices and reviewers.
    #[command(
        after_help = "Examples:\n  xuncha serve --data ./data --listen 0.0.0.0:8080\n  xuncha serve --config /etc/xuncha.toml\n\nPrecedence: command line, environment, file, default."
    )]
    Serve(Box<Server>),
    /// 管理 / Administer a server's data (the server may be running).
    Admin {
        #[command(flatten)]
        server: Box<Server>,
        #[command(subcommand)]
        command: admin::Admin,
    },
    /// 核验报表 / Verify a sealed report's bytes, digest and signature, without a server.
    VerifyReport(verify_report::VerifyReport),
    /// 生成契约文件 / Write JSON Schemas, OpenAPI and the list of refusals.
    Schemas {
        /// Folder to write to.
        #[arg(long, default_value = "schemas")]
        out: PathBuf,
    },
}

/// The settings of a server.
#[derive(Debug, Args)]
struct Server {
    #[command(flatten)]
    file: settings::SettingsFile,
    #[command(flatten)]
    settings: settings::Settings,
}

/// Starts logging on standard error: text, or JSON with `XUNCHA_LOG_FORMAT=json`; `RUST_LOG` filters.
pub(crate) fn log() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,tower_http=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::env::var("XUNCHA_LOG_FORMAT").is_ok_and(|f| f == "json") {
        builder.json().init();
    } else {
        builder.init();
    }
}

impl Arguments {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        passwords::warn();
        match self.command {
            Command::Serve(server) => serve(server.settings.resolve(&server.file)?).await,
            Command::Admin { server, command } => {
                command.run(server.settings.resolve(&server.file)?).await
            }
            Command::VerifyReport(verify) => verify.run(),
            Command::Schemas { out } => schemas::write(&out),
        }
    }
}

async fn serve(mut config: Config) -> anyhow::Result<()> {
    process::open_files(&mut config);
    let app = App::start(&config, system_clock()).await?;
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    say!("巡查服务已启动 / serving on {scheme}://{}", app.address);
    if let Some(health) = app.health_address {
        say!("  运行状况 / health and metrics: http://{health}");
    }
    say!("  API 文档 / API viewer: {scheme}://{}/docs", app.address);
    ended().await;
    say!("正在结束 / finishing what is in progress");
    app.stop().await
}

/// Waits for Ctrl-C or a service manager's signal.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
