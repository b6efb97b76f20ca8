//! A process for kill tests: `victim serve DIR`, or as a device with its folder and the server's URL. It prints what is durable to standard
//! output.

#![expect(clippy::print_stdout, reason = "it says what is durable")]

use std::path::Path;

use cli_simulator::{
    phone::{Http, Phone},
    world::{World, note, observation},
};
use sync_core::{
    record::{EventBody, LocationKind},
    sync::Options,
};
use xuncha_server::{
    app::{App, system_clock},
    config::Config,
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = Path::new(&arguments[2]);
    match arguments[1].as_str() {
        "serve" => serve(folder),
        _ => phone(folder, &arguments[3]),
    }
}

fn serve(folder: &Path) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut config = Config::new(folder, ([127, 0, 0, 1], 0).into());
        config.database = std::env::var("XUNCHA_DATABASE").ok();
        config.key_in_database = true;
        config.photos = std::env::var("XUNCHA_PHOTOS").ok();
        let app = App::start(&config, system_clock()).await?;
        println!("{}", app.address);
        std::future::pending::<()>().await;
        app.stop().await
    })
}

/// Captures, remarks and syncs in an endless loop. Prints `saved ID` after a capture returned and `sent N` after a
/// sync.
fn phone(folder: &Path, server: &str) -> anyhow::Result<()> {
    let mut phone = Phone::open(folder)?;
    let mut http = Http::new(server)?;
    let world = World::small();
    for n in 0.. {
        let place = ("3栋", "1单元", "2层", LocationKind::Stairwell);
        let found = observation(
            &world.compounds[0],
            "EG-03",
            place,
            &format!("隐患{n}"),
            Vec::new(),
        );
        let (doc, event) = phone.device.observe(found, None)?;
        println!("saved {doc} {event}");
        let event = phone
            .device
            .state(doc, EventBody::Note(note("随手记")), None)?;
        println!("saved {doc} {event}");
        if n % 3 == 2 {
            let report = phone.sync(
                &mut http,
                Options {
                    patience: 1,
                    ..Options::default()
                },
            )?;
            println!("sent {}", report.acknowledged);
            phone.device.idle(3)?;
        }
    }
    Ok(())
}
