//! The commands of `device`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cli_simulator::phone::{Http, Phone};
use xuncha_server::say;

use super::{activities, activity, capture::Capture, event, find, hazards, photos, status, sync};

/// A device that is operated by hand.
#[derive(Debug, Args)]
pub(crate) struct Device {
    /// The device's folder; created if it does not exist.
    #[arg(long, default_value = "phone", global = true)]
    dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  xuncha-sim device --dir liu enrol ABCDEF123456 --server http://127.0.0.1:8080\n  xuncha-sim device --dir liu capture --kind EV-06 --area 429999/429998/429998001/G01 --building 3栋 --location pilotis --text 架空层充电 --photo a.jpg\n  xuncha-sim device --dir liu sync"
)]
enum Command {
    /// 初始化 / Create the store and show the device's id.
    Init,
    /// 登记 / Enrol with a code from `xuncha admin enrol`.
    Enrol {
        /// The code.
        code: String,
        /// Address of the server.
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        server: String,
    },
    /// 发现隐患 / Record a hazard; needs no network.
    Capture(Capture),
    /// 列表 / List the hazards on this device.
    List {
        /// Text that place, description or code contains.
        text: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    #[command(flatten)]
    Campaign(activity::Command),
    /// 详情 / Show one hazard, activity or inspection with its whole history.
    Show {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// 添加事件 / Add an event to a hazard: note, claim_fixed, recheck_pass, recheck_fail, fix_on_spot, reopen, close,
    /// void, add_photo; or to an activity: confirm, withdraw, receive, respond, note, add_photo.
    Event {
        /// The hazard's or activity's id, or the beginning of it.
        id: String,
        /// The event kind.
        kind: String,
        /// What was done or seen.
        #[arg(long, default_value = "")]
        text: String,
        /// Photos.
        #[arg(long)]
        photo: Vec<PathBuf>,
    },
    /// 照片 / Show the photos that may be removed from this device; remove them with --free.
    Photo {
        /// Remove them: the server still serves them, and the thumbnails are kept.
        #[arg(long)]
        free: bool,
    },
    /// 同步 / Sync with the server that the device is enrolled with.
    Sync {
        /// Without photos.
        #[arg(long)]
        no_photos: bool,
    },
    /// 状态 / Show what is only on this device, what is in transfer, and what is durable on the server.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Device {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut phone = Phone::open(&self.dir)?;
        match self.command {
            Command::Init => {
                let (id, _) = phone.device.identity()?;
                say!(
                    "手机编号 / phone: {id}\n目录 / folder: {}",
                    phone.folder().display()
                );
                Ok(())
            }
            Command::Enrol { code, server } => {
                let grant = phone.enrol(&mut Http::new(&server)?, &server, &code)?;
                say!(
                    "已登记 / enrolled: {} {} in {}",
                    grant.role.zh(),
                    grant.role,
                    grant.area
                );
                Ok(())
            }
            Command::Capture(capture) => capture.run(&mut phone),
            Command::List { text, limit } => hazards::list(&phone, text, limit),
            Command::Campaign(command) => command.run(&mut phone),
            Command::Show { id } if find::hazard(&phone, &id).is_err() => {
                activities::show(&phone, &id)
            }
            Command::Show { id } => hazards::show(&phone, &id),
            Command::Event {
                id,
                kind,
                text,
                photo,
            } => event::add(&mut phone, &id, &kind, &text, &photo),
            Command::Photo { free } => photos::removable(&mut phone, free),
            Command::Sync { no_photos } => sync::sync(phone, !no_photos),
            Command::Status { json } => status::status(&phone, json),
        }
    }
}
