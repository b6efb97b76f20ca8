//! `xuncha-sim device …`: a phone by hand, a real store in a folder.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use cli_simulator::phone::{Http, Phone};
use indicatif::ProgressBar;
use sync_core::{
    catalogue::{Catalogue, StateCode},
    device::Filter,
    lifecycle::{Flags, Verdict},
    record::{
        DocId, EventBody, Evidence, FindingSource, KindCode, Label, LocationKind, Long,
        Observation, PhotoRef, PhotoRole, PhotoSource, Place, Reason, Short,
    },
    sync::Options,
};

/// A phone by hand.
#[derive(Debug, Args)]
pub(crate) struct Device {
    /// The phone's folder; made if it is not there.
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
    /// 初始化 / Make the store and show the phone's number.
    Init,
    /// 登记 / Enrol with a code from `xuncha admin enrol`.
    Enrol {
        /// The code.
        code: String,
        /// The server.
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        server: String,
    },
    /// 发现隐患 / Record a hazard; needs no network.
    Capture(Capture),
    /// 列表 / List the hazards on this phone.
    List {
        /// Text that place, description or kind contains.
        text: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// 详情 / Show one hazard with its whole history.
    Show {
        /// Its number, or the beginning of it.
        id: String,
    },
    /// 添加事件 / Add an event: note, claim_fixed, recheck_pass, recheck_fail, fix_on_spot, reopen, close, void, add_photo.
    Event {
        /// The hazard's number, or the beginning of it.
        id: String,
        /// The kind of event.
        kind: String,
        /// What was done or seen.
        #[arg(long, default_value = "")]
        text: String,
        /// Photos.
        #[arg(long)]
        photo: Vec<PathBuf>,
    },
    /// 照片 / Show the photos of this phone that may be removed; remove them with --free.
    Photo {
        /// Remove them: the server serves them back, the thumbnails stay.
        #[arg(long)]
        free: bool,
    },
    /// 同步 / Sync with the server the phone is enrolled with.
    Sync {
        /// Records only.
        #[arg(long)]
        no_photos: bool,
    },
    /// 状态 / What is only here, what is on its way, what is safe.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A new hazard.
#[derive(Debug, Args)]
struct Capture {
    /// Hazard kind such as EV-06.
    #[arg(long)]
    kind: String,
    /// Administrative path; by default the area of the phone's newest grant.
    #[arg(long)]
    area: Option<sync_core::record::AreaPath>,
    /// The compound's number (a UUID); zeroes if it is not known.
    #[arg(long)]
    compound: Option<sync_core::record::CompoundId>,
    /// Building label.
    #[arg(long, default_value = "")]
    building: String,
    /// Unit label.
    #[arg(long, default_value = "")]
    unit: String,
    /// Floor label.
    #[arg(long, default_value = "")]
    floor: String,
    /// Kind of spot, for example stairwell, pilotis, fire_lane, window.
    #[arg(long, default_value = "other")]
    location: LocationKind,
    /// What was seen.
    #[arg(long)]
    text: String,
    /// How many.
    #[arg(long)]
    count: Option<u32>,
    /// Photos.
    #[arg(long)]
    photo: Vec<PathBuf>,
    /// Why there is no photo.
    #[arg(long)]
    no_photo: Option<String>,
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
            Command::Show { id } => show(&phone, &id),
            Command::Event {
                id,
                kind,
                text,
                photo,
            } => event(&mut phone, &id, &kind, &text, &photo),
            Command::Photo { free } => photos(&mut phone, free),
            Command::Sync { no_photos } => sync(&mut phone, !no_photos),
            Command::Status { json } => status(&phone, json),
        }
    }
}

fn take(phone: &mut Phone, paths: &[PathBuf], role: PhotoRole) -> anyhow::Result<Vec<PhotoRef>> {
    let mut photos = Vec::new();
    for path in paths {
        let bytes = std::fs::read(path).with_context(|| format!("photo {}", path.display()))?;
        let photo = phone.device.add_photo(&bytes, role, PhotoSource::Gallery);
        photos.push(photo.with_context(|| format!("photo {}", path.display()))?);
    }
    Ok(photos)
}

impl Capture {
    fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let known = Catalogue::embedded().kinds.find(&self.kind);
        let kind = known
            .with_context(|| format!("{} is not a hazard kind; for example EV-06", self.kind))?;
        let area = match self.area {
            Some(area) => area,
            None => phone
                .device
                .own_grants()?
                .first()
                .context("the phone has no grant; enrol it")?
                .1
                .area
                .clone(),
        };
        let photos = take(phone, &self.photo, PhotoRole::Before)?;
        let observation = Observation {
            code: KindCode::new(&self.kind)?,
            area,
            place: Place {
                compound: self
                    .compound
                    .unwrap_or(sync_core::record::CompoundId([0; 16])),
                building: Label::new(&self.building)?,
                unit: Label::new(&self.unit)?,
                floor: Label::new(&self.floor)?,
                location: self.location,
                spot: Label::default(),
                connected_to: Vec::new(),
            },
            description: Long::new(&self.text)?,
            count: self.count,
            photos,
            no_photo_reason: self.no_photo.as_deref().map(Short::new).transpose()?,
            position: None,
            source: FindingSource::Patrol,
            catalogue_version: Catalogue::embedded().kinds.version,
        };
        let (doc, _) = phone.device.observe(observation, None)?;
        println!("已保存 / saved: {doc} {} {}", kind.code, kind.zh);
        Ok(())
    }
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

fn state_words(number: u16) -> String {
    let state = StateCode(number);
    let zh = Catalogue::embedded()
        .rules
        .state(state)
        .map(|s| s.zh.as_str())
        .unwrap_or_default();
    format!("{state} {zh}")
}

fn list(phone: &Phone, text: Option<String>, limit: usize) -> anyhow::Result<()> {
    for row in phone.device.list(&Filter {
        text,
        limit,
        offset: 0,
    })? {
        let flag = if row.row.flags & 1 == 1 {
            " ⚠冲突"
        } else {
            ""
        };
        let unsent = if row.unsent > 0 {
            format!(" ↑{}", row.unsent)
        } else {
            String::new()
        };
        println!(
            "{}  {}  {}  {}  {}{flag}{unsent}",
            row.doc,
            row.row.code,
            state_words(row.row.state),
            row.row.place,
            row.row.description
        );
    }
    println!("共 / total: {}", phone.device.count()?);
    Ok(())
}

fn show(phone: &Phone, id: &str) -> anyhow::Result<()> {
    let doc = find(phone, id)?;
    let (state, events) = phone.device.hazard(doc)?;
    println!("{doc}\n{}  第{}轮", state_words(state.state.0), state.cycle);
    let bits = state.flags.bits();
    let flags: Vec<_> = Flags::NAMES
        .iter()
        .enumerate()
        .filter(|(b, _)| bits >> b & 1 == 1)
        .map(|(_, n)| *n)
        .collect();
    println!("标记 / flags: {}", flags.join(" "));
    for judged in &state.history {
        let Some(stated) = events.iter().find(|s| s.id == judged.id) else {
            continue;
        };
        let verdict = match &judged.verdict {
            Verdict::Accepted {
                transition,
                from,
                to,
            } => format!("{transition} {from}→{to}"),
            Verdict::Added => "已记录".to_owned(),
            Verdict::Void { reason } => format!("无效：{}", reason.zh()),
            Verdict::Unknown => "新版本事件".to_owned(),
        };
        println!(
            "  {}  {}  {}  {verdict}",
            stated.id,
            stated.event.body.zh(),
            stated.event.author
        );
    }
    for conflict in &state.conflicts {
        let open = if conflict.resolved_by.is_some() {
            "已裁定"
        } else {
            "未裁定"
        };
        println!(
            "  冲突 / conflict {} {open}: {} ∥ {}",
            conflict.rule, conflict.one, conflict.other
        );
    }
    Ok(())
}

fn event(
    phone: &mut Phone,
    id: &str,
    kind: &str,
    text: &str,
    photos: &[PathBuf],
) -> anyhow::Result<()> {
    let doc = find(phone, id)?;
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
        "void" => EventBody::Void(reason()?),
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
    let (state, _) = phone.device.hazard(doc)?;
    println!("已保存 / saved: {id}  {}", state_words(state.state.0));
    if let Some(Verdict::Void { reason }) = state
        .history
        .iter()
        .find(|j| j.id == id)
        .map(|j| &j.verdict)
    {
        println!(
            "注意 / note: {} — 已留痕，但不改变状态 / kept, changes nothing",
            reason.zh()
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

fn sync(phone: &mut Phone, photos: bool) -> anyhow::Result<()> {
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

fn status(phone: &Phone, json: bool) -> anyhow::Result<()> {
    let s = phone.device.status()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&s)?);
        return Ok(());
    }
    println!("隐患 / hazards           {}", s.hazards);
    println!("未发送 / unsent          {}", s.unsent);
    println!("已发未确认 / sent        {}", s.sent_unacknowledged);
    println!("已确认 / acknowledged    {}", s.acknowledged);
    println!("被拒 / refused           {}", s.refused);
    println!("待核查 / quarantined     {}", s.quarantined);
    println!(
        "照片 / photos            拍摄 {} · 待传 {} · 上传中 {} · 已存 {} · 可移除 {} · 已移除 {} · 被拒 {}",
        s.photos_captured,
        s.photos_waiting,
        s.photos_uploading,
        s.photos_stored,
        s.photos_removable,
        s.photos_removed,
        s.photos_refused
    );
    let contact = s
        .last_contact_ms
        .map_or_else(|| "从未 / never".to_owned(), |ms| format!("{ms} ms UTC"));
    println!("最近联系 / last contact  {contact}");
    Ok(())
}
