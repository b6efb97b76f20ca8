//! `xuncha-sim serve-here`: a server process for the benchmarks.

use std::path::PathBuf;

use clap::Args;
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
    say,
};

/// What to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeHere {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// As in `xuncha serve`.
    #[arg(long, env = "XUNCHA_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// As in `xuncha serve`.
    #[arg(long, env = "XUNCHA_PHOTOS", hide_env_values = true)]
    photos: Option<String>,
}

impl ServeHere {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Runtime::new()?.block_on(async {
            let mut config = Config::new(self.data, ([127, 0, 0, 1], 0).into());
            config.database = self.database;
            config.key_in_database = true;
            config.photos = self.photos;
            let app = App::start(&config, system_clock()).await?;
            say!("{}", app.address);
            std::future::pending::<()>().await;
            app.stop().await
        })
    }
}
