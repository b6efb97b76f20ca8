//! `xuncha-sim tus-fixture`: a server with one enrolled device, for third-party tus clients.

use std::io::Read;

use clap::Args;
use cli_simulator::{
    phone::{Http, Phone},
    world::World,
};
use sync_core::{photo::sample_jpeg, record::PhotoHash, sync::Options};
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
    say,
};

/// No options.
#[derive(Debug, Args)]
pub(crate) struct TusFixture {}

impl TusFixture {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Runtime::new()?;
        let config = Config::new(folder.path().join("server"), ([127, 0, 0, 1], 0).into());
        let app = runtime.block_on(App::start(&config, system_clock()))?;
        let world = World::small();
        runtime.block_on(world.seed(&app.storage))?;
        let code = runtime.block_on(world.invite(
            &app.storage,
            &app.components,
            world.actor("网格员甲"),
        ))?;
        let url = format!("http://{}", app.address);
        let mut phone = Phone::open(&folder.path().join("phone"))?;
        phone.enrol(&mut Http::new(&url)?, &url, &code)?;
        phone.sync(&mut Http::new(&url)?, Options::default())?;
        let bytes = sample_jpeg(1, 1600, 1200, None);
        let file = folder.path().join("photo.jpg");
        std::fs::write(&file, &bytes)?;
        let line = serde_json::json!({ "url": url, "token": phone.device.token()?, "file": file,
            "sha256": PhotoHash::of(&bytes).to_string() });
        say!("{line}");
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        runtime.block_on(app.stop())
    }
}
