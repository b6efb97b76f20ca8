//! The command line of the server, parsed and carried out.
//!
//! In come arguments, out go texts for the person at the terminal. Everything that is done here is a call of a
//! room of the library.

mod admin;
mod schemas;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
};

/// 巡查服务器 / The central server of Xuncha.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Example:\n  xuncha serve --data ./data --listen 0.0.0.0:8080"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Where the photos are.
#[derive(Debug, Args)]
struct Photos {
    /// `s3://bucket/prefix?endpoint=…&region=…` or a folder; also XUNCHA_BLOBS. Without it: in the data folder.
    #[arg(long, env = "XUNCHA_BLOBS", hide_env_values = true, global = true)]
    blobs: Option<String>,
}

/// Where the records are.
#[derive(Debug, Args)]
struct Database {
    /// `postgres://user:password@host:port/name`; also XUNCHA_DATABASE. Without it: SQLite in the data folder.
    #[arg(long, env = "XUNCHA_DATABASE", hide_env_values = true, global = true)]
    database: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务 / Serve phones and reviewers.
    Serve {
        /// Folder of the database, photos and key; made if it is not there.
        #[arg(long, default_value = "data")]
        data: PathBuf,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        photos: Photos,
    },
    /// 管理 / Administer a data folder (the server may be running).
    Admin {
        /// Folder of the database, photos and key.
        #[arg(long, default_value = "data", global = true)]
        data: PathBuf,
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        photos: Photos,
        #[command(subcommand)]
        command: admin::Admin,
    },
    /// 生成契约文件 / Write JSON Schemas, OpenAPI and the list of refusals.
    Schemas {
        /// Folder to write to.
        #[arg(long, default_value = "schemas")]
        out: PathBuf,
    },
}

/// Structured logs on standard error: text on a terminal, JSON with `XUNCHA_LOG_FORMAT=json`; `RUST_LOG` filters.
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
        match self.command {
            Command::Serve {
                data,
                listen,
                database,
                photos,
            } => {
                let mut config = Config::new(data, listen);
                config.database = database.database;
                config.blobs = photos.blobs;
                serve(config).await
            }
            Command::Admin {
                data,
                database,
                photos,
                command,
            } => {
                let mut config = Config::new(data, ([127, 0, 0, 1], 0).into());
                config.database = database.database;
                config.blobs = photos.blobs;
                command.run(config).await
            }
            Command::Schemas { out } => schemas::write(&out),
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = App::start(&config, system_clock()).await?;
    println!("巡查服务已启动 / serving on http://{}", app.address);
    println!("  API 文档 / API viewer: http://{}/docs", app.address);
    ended().await;
    println!("正在结束 / finishing what is in progress");
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
