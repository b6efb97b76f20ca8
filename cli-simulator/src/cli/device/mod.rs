//! `xuncha-sim device …`: a real device store in a folder, operated by hand.
//!
//! The commands parse arguments, call the device's store or its sync, and print the result.

mod activities;
mod activity;
mod capture;
mod show;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use cli_simulator::phone::{Http, Phone};
use indicatif::ProgressBar;
use sync_core::{
    device::Filter,
    history::Verdict,
    record::{AreaPath, DocId, EventBody, Evidence, Long, PhotoRole, Reason, Voiding},
    sync::Options,
};

use capture::{Capture, take};
use show::{list, show, state_words, status};

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
                println!(
                    "手机编号 / phone: {id}\n目录 / folder: {}",
                    phone.folder().display()
                );
                Ok(())
            }
            Command::Enrol { code, server } => {
                let grant = phone.enrol(&mut Http::new(&server)?, &server, &code)?;
                println!(
                    "已登记 / enrolled: {} {} in {}",
                    grant.role.zh(),
                    grant.role,
                    grant.area
                );
                Ok(())
            }
            Command::Capture(capture) => capture.run(&mut phone),
            Command::List { text, limit } => list(&phone, text, limit),
            Command::Campaign(command) => command.run(&mut phone),
            Command::Show { id } if find(&phone, &id).is_err() => activities::show(&phone, &id),
            Command::Show { id } => show(&phone, &id),
            Command::Event {
                id,
                kind,
                text,
                photo,
            } => event(&mut phone, &id, &kind, &text, &photo),
            Command::Photo { free } => photos(&mut phone, free),
            Command::Sync { no_photos } => sync(phone, !no_photos),
            Command::Status { json } => status(&phone, json),
        }
    }
}

/// The given area, or the area of the device's newest grant.
fn area_of(phone: &Phone, given: Option<AreaPath>) -> anyhow::Result<AreaPath> {
    if let Some(area) = given {
        return Ok(area);
    }
    let grants = phone.device.own_grants()?;
    let (_, grant) = grants.first().context("the phone has no grant; enrol it")?;
    Ok(grant.area.clone())
}

fn find(phone: &Phone, start: &str) -> anyhow::Result<DocId> {
    let all = phone.device.list(&Filter {
        limit: usize::MAX >> 1,
        ..Filter::default()
    })?;
    let mut fits = all
        .iter()
        .filter(|row| row.doc.to_string().starts_with(start));
    match (fits.next(), fits.next()) {
        (Some(row), None) => Ok(row.doc),
        (Some(_), Some(_)) => bail!("{start} is the beginning of several numbers; give more of it"),
        _ => bail!("{start} is not on this phone; see `list`"),
    }
}

fn event(
    phone: &mut Phone,
    id: &str,
    kind: &str,
    text: &str,
    photos: &[PathBuf],
) -> anyhow::Result<()> {
    let Ok(doc) = find(phone, id) else {
        // Not a hazard: an activity, an inspection, or an unknown id.
        let doc = activity::find(phone, id)?.doc;
        return activity::event(phone, doc, kind, text, photos);
    };
    let photos = take(phone, photos, PhotoRole::After)?;
    let evidence = || {
        anyhow::Ok(Evidence {
            note: Long::new(text)?,
            photos: photos.clone(),
            position: None,
        })
    };
    let reason = || {
        anyhow::Ok(Reason {
            reason: Long::new(text)?,
        })
    };
    let body = match kind {
        "note" => EventBody::Note(reason()?),
        "close" => EventBody::Close(reason()?),
        "void" => EventBody::Void(Voiding {
            reason: Long::new(text)?,
            verified_by: None,
        }),
        "confirm_spot_fix" => EventBody::ConfirmSpotFix(reason()?),
        "fix_on_spot" => EventBody::FixOnSpot(evidence()?),
        "claim_fixed" => EventBody::ClaimFixed(evidence()?),
        "recheck_pass" => EventBody::RecheckPass(evidence()?),
        "recheck_fail" => EventBody::RecheckFail(evidence()?),
        "reopen" => EventBody::Reopen(evidence()?),
        "add_photo" => EventBody::AddPhoto(evidence()?),
        other => bail!("{other} cannot be given on the command line; see `device event --help`"),
    };
    let id = phone.device.state(doc, body, None)?;
    let (state, _) = phone.hazard(doc)?;
    println!("已保存 / saved: {id}  {}", state_words(state.state.0));
    if let Some(Verdict::Void { reason }) = state
        .history
        .iter()
        .find(|j| j.id == id)
        .map(|j| &j.verdict)
    {
        println!(
            "注意 / note: {} — 已留痕，但不改变状态 / {}: kept, changes nothing",
            reason.zh(),
            reason.en()
        );
    }
    Ok(())
}

fn photos(phone: &mut Phone, free: bool) -> anyhow::Result<()> {
    for hash in phone.device.removable_photos()? {
        if free {
            phone.device.remove_photo(&hash)?;
        }
        println!(
            "{hash}  {}",
            if free {
                "已移除 / removed"
            } else {
                "可移除 / may be removed"
            }
        );
    }
    Ok(())
}

fn sync(mut phone: Phone, photos: bool) -> anyhow::Result<()> {
    let server = phone.device.server_address()?;
    let bar = ProgressBar::new_spinner();
    bar.set_message(format!("同步 / syncing with {server}"));
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let report = phone.sync(
        &mut Http::new(&server)?,
        Options {
            photos,
            ..Options::default()
        },
    )?;
    if report.wipe {
        bar.finish_and_clear();
        let unsent = phone.erase()?;
        bail!(
            "管理员已挂失这台手机，数据已清除（未发送 {unsent} 条） / this phone was reported lost and was erased ({unsent} statements unsent)"
        );
    }
    phone.rest()?;
    bar.finish_and_clear();
    println!(
        "请求 {} 次，上行 {} B，下行 {} B；确认 {} 条，收到 {} 份，照片 {} 张",
        report.requests,
        report.bytes_up,
        report.bytes_down,
        report.acknowledged,
        report.documents,
        report.photos
    );
    for notice in phone.device.notices()? {
        println!("  {notice}");
    }
    if report.complete {
        return Ok(());
    }
    let why = report
        .refusal
        .map(|code| format!("{} / {}", code.zh(), code.en()))
        .or(report.last_failure);
    bail!(
        "未完成，记录仍在手机上 / not complete, everything is kept on the phone: {}",
        why.unwrap_or_default()
    )
}
