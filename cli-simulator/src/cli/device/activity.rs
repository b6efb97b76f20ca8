//! `device record|inspect|answer|sign|finish|records`: activities and inspections on the command line.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use cli_simulator::phone::Phone;
use sync_core::{
    activity::State,
    catalogue::Catalogue,
    device::{ActivityFilter, ActivityRow},
    document::DocumentState,
    history::Verdict,
    record::{
        ActivityEntry, Answer, Answers, AreaPath, CompoundId, Conclusion, Data, DeviceTime, DocId,
        EventBody, EventId, Evidence, Finding, FindingSource, InspectionResult, InspectionStart,
        ItemCode, KindCode, Label, LocationKind, Long, Observation, PhotoRole, Place, Reason,
        Short, Signature, SignedAs, TeamMember, TemplateCode, TypeCode,
    },
};

use super::{activities::list, area_of, capture::take};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// 登记 / Record an activity of the campaign: publicity, training, a removal, …; needs no network.
    #[command(
        after_help = "Example:\n  xuncha-sim device --dir liu record --type publicity --title 电子屏宣传 --data '{\"channel\": \"e_screen\", \"sessions\": 1, \"screens\": 4}'\nThe types and their fields are in schemas/catalogue/activity_types.json."
    )]
    Record(Record),
    /// 开始检查 / Begin an inspection with a template.
    #[command(
        after_help = "Example:\n  xuncha-sim device --dir liu inspect --template TPL-DAILY --compound 018e6a00-0000-7000-8000-000000020001\nThe templates and items are in schemas/catalogue/inspection.json."
    )]
    Inspect(Inspect),
    /// 检查结果 / Answer one item for a building; with --kind a problem opens a hazard.
    #[command(
        after_help = "Example:\n  xuncha-sim device --dir liu answer 018e --building 3栋 --item IT-03 --finding ok --photo a.jpg\n  xuncha-sim device --dir liu answer 018e --building 3栋 --item IT-03 --finding problem --text 楼梯间堆物 --kind EG-03 --location stairwell --photo b.jpg"
    )]
    Answer(GiveAnswer),
    /// 签名 / Sign an inspection as inspector or for the inspected party, or record a refusal.
    #[command(
        after_help = "Example:\n  xuncha-sim device --dir liu sign 018e --as inspector\n  xuncha-sim device --dir liu sign 018e --as inspected --photo paper.jpg"
    )]
    Sign(Sign),
    /// 结束检查 / Finish an inspection: passed, problems or stopped.
    #[command(after_help = "Example:\n  xuncha-sim device --dir liu finish 018e --result problems")]
    Finish {
        /// The inspection's id, or its beginning.
        id: String,
        /// The result.
        #[arg(long)]
        result: InspectionResult,
        /// A note.
        #[arg(long, default_value = "")]
        text: String,
    },
    /// 登记列表 / List the activities and inspections on this device.
    Records {
        /// Only this activity type; `inspection` for inspections.
        #[arg(long = "type")]
        of: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

/// An activity.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// Activity type such as publicity.
    #[arg(long = "type")]
    of: String,
    /// Title in lists.
    #[arg(long, default_value = "")]
    title: String,
    /// The fields of the activity type as JSON.
    #[arg(long, default_value = "{}")]
    data: String,
    /// Area path; by default the area of the device's newest grant.
    #[arg(long)]
    area: Option<AreaPath>,
    /// The compound's id (a UUID).
    #[arg(long)]
    compound: Option<CompoundId>,
    /// When it took place, in milliseconds UTC; now if absent.
    #[arg(long)]
    held: Option<i64>,
    /// Photos.
    #[arg(long)]
    photo: Vec<PathBuf>,
}

/// An inspection.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Template such as TPL-DAILY.
    #[arg(long)]
    template: String,
    /// Area path; by default the area of the device's newest grant.
    #[arg(long)]
    area: Option<AreaPath>,
    /// The compound's id (a UUID).
    #[arg(long)]
    compound: Option<CompoundId>,
    /// Number of people in the team.
    #[arg(long, default_value_t = 1)]
    people: u16,
}

/// An answer.
#[derive(Debug, Args)]
pub(super) struct GiveAnswer {
    /// The inspection's id, or its beginning.
    id: String,
    /// Building label.
    #[arg(long, default_value = "")]
    building: String,
    /// Entrance label.
    #[arg(long, default_value = "")]
    unit: String,
    /// Item such as IT-03.
    #[arg(long)]
    item: String,
    /// ok, problem, na, not_reached or given.
    #[arg(long)]
    finding: Finding,
    /// The measured number, in thousandths of the item's unit.
    #[arg(long)]
    milli: Option<i64>,
    /// The answer as text.
    #[arg(long, default_value = "")]
    text: String,
    /// The kind of the hazard to open, such as EG-03.
    #[arg(long)]
    kind: Option<String>,
    /// Kind of spot of that hazard.
    #[arg(long, default_value = "other")]
    location: LocationKind,
    /// Photos.
    #[arg(long)]
    photo: Vec<PathBuf>,
}

/// A signature.
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The inspection's id, or its beginning.
    id: String,
    /// inspector, inspected or refused.
    #[arg(long = "as")]
    signed_as: SignedAs,
    /// The witness of a refusal (a person's id).
    #[arg(long)]
    witness: Option<sync_core::record::PersonId>,
    /// A note.
    #[arg(long, default_value = "")]
    text: String,
    /// Photos of the signed paper.
    #[arg(long)]
    photo: Vec<PathBuf>,
}

impl Command {
    pub(super) fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        match self {
            Self::Record(record) => record.run(phone),
            Self::Inspect(inspect) => inspect.run(phone),
            Self::Answer(answer) => answer.run(phone),
            Self::Sign(sign) => sign.run(phone),
            Self::Finish { id, result, text } => {
                let note = Long::new(&text)?;
                let body = EventBody::FinishInspection(Conclusion { result, note });
                say(phone, find(phone, &id)?.doc, body)
            }
            Self::Records { of, limit } => list(phone, of, limit),
        }
    }
}

impl Record {
    fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let types = &Catalogue::embedded().activity_types;
        let of = types.find(&self.of);
        let of = of.with_context(|| format!("{} is no type; for example publicity", self.of))?;
        if let Err(fault) = of.read(&self.data) {
            println!("注意 / note: 内容不符合要求，将留痕但不计数 / kept, counts nothing: {fault}");
        }
        let title = if self.title.is_empty() {
            &of.zh
        } else {
            &self.title
        };
        let entry = ActivityEntry {
            r#type: TypeCode::new(&self.of)?,
            area: area_of(phone, self.area)?,
            compound: self.compound,
            title: Short::new(title)?,
            held: self
                .held
                .map_or_else(|| phone.device.host.clock.now(), DeviceTime),
            photos: take(phone, &self.photo, PhotoRole::Other)?,
            data: Data::new(&self.data)?,
        };
        let (doc, event) = phone.device.begin_activity(entry, None)?;
        told(phone, doc, event)
    }
}

impl Inspect {
    fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let known = &Catalogue::embedded().inspections;
        let template = known.template(&self.template);
        let template = template
            .with_context(|| format!("{} is no template; for example TPL-DAILY", self.template))?;
        let area = area_of(phone, self.area)?;
        let (_, grant) = phone.device.grant_for(&area, None)?;
        let start = InspectionStart {
            template: TemplateCode::new(&template.code)?,
            template_version: template.version,
            kind: template.kind,
            area,
            compound: self.compound,
            team: vec![TeamMember {
                organ: grant.organ,
                people: self.people,
            }],
            started: phone.device.host.clock.now(),
        };
        let (doc, event) = phone.device.begin_inspection(start, None)?;
        told(phone, doc, event)
    }
}

impl GiveAnswer {
    fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let doc = find(phone, &self.id)?.doc;
        let folded = phone.device.open_document(doc)?;
        let DocumentState::Inspection(inspection) = folded.state() else {
            anyhow::bail!("{doc} 不是检查 / is no inspection");
        };
        let item = ItemCode::new(&self.item)?;
        let photos = take(phone, &self.photo, PhotoRole::Patrol)?;
        let words = Some(Short::new(&self.text)?).filter(|text| !text.is_empty());
        let answers = Answers {
            building: Label::new(&self.building)?,
            unit: Label::new(&self.unit)?,
            answers: vec![Answer {
                item: item.clone(),
                finding: self.finding,
                milli: self.milli,
                words,
                hazard: None,
            }],
            photos: photos.clone(),
        };
        let Some(kind) = &self.kind else {
            return say(phone, doc, EventBody::Answer(answers));
        };
        let found = Observation {
            code: KindCode::new(kind)?,
            area: inspection
                .area
                .clone()
                .context("the inspection has no area")?,
            place: Place {
                compound: inspection.compound.unwrap_or(CompoundId([0; 16])),
                building: answers.building.clone(),
                unit: answers.unit.clone(),
                floor: Label::default(),
                location: self.location,
                spot: Label::default(),
                connected_to: Vec::new(),
            },
            description: Long::new(&self.text)?,
            count: None,
            no_photo_reason: photos
                .is_empty()
                .then(|| Short::new("检查时未拍照"))
                .transpose()?,
            photos,
            position: None,
            source: FindingSource::Inspection,
            catalogue_version: Catalogue::embedded().kinds.version,
        };
        let (hazard, event) = phone
            .device
            .answer_with_hazard(doc, answers, &item, found, None)?;
        println!("隐患 / hazard: {hazard}");
        told(phone, doc, event)
    }
}

impl Sign {
    fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let doc = find(phone, &self.id)?.doc;
        let signature = Signature {
            signed_as: self.signed_as,
            organ: None,
            witness: self.witness,
            note: Short::new(&self.text)?,
            photos: take(phone, &self.photo, PhotoRole::Document)?,
        };
        say(phone, doc, EventBody::Sign(signature))
    }
}

/// Adds an event to an activity by the name of its kind: confirm, withdraw, receive, respond, note, add_photo.
pub(super) fn event(
    phone: &mut Phone,
    doc: DocId,
    kind: &str,
    text: &str,
    photos: &[PathBuf],
) -> anyhow::Result<()> {
    let reason = Long::new(text)?;
    let body = match kind {
        "confirm" => EventBody::Confirm(Reason { reason }),
        "withdraw" => EventBody::Withdraw(Reason { reason }),
        "receive" => EventBody::Receive(Reason { reason }),
        "note" => EventBody::Note(Reason { reason }),
        "respond" | "add_photo" => {
            let evidence = Evidence {
                note: reason,
                photos: take(phone, photos, PhotoRole::Other)?,
                position: None,
            };
            if kind == "respond" {
                EventBody::Respond(evidence)
            } else {
                EventBody::AddPhoto(evidence)
            }
        }
        other => bail!("{other} cannot be said of a record; see `device event --help`"),
    };
    say(phone, doc, body)
}

fn say(phone: &mut Phone, doc: DocId, body: EventBody) -> anyhow::Result<()> {
    let event = phone.device.state(doc, body, None)?;
    told(phone, doc, event)
}

/// The activity or inspection whose id begins with `start`.
pub(super) fn find(phone: &Phone, start: &str) -> anyhow::Result<ActivityRow> {
    let all = phone.device.activity_list(&ActivityFilter {
        limit: usize::MAX >> 1,
        ..ActivityFilter::default()
    })?;
    let mut fits = all
        .into_iter()
        .filter(|row| row.doc.to_string().starts_with(start));
    match (fits.next(), fits.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => bail!("{start} is the beginning of several numbers; give more of it"),
        _ => bail!("{start} is not on this phone; see `list` and `records`"),
    }
}

pub(super) fn state_words(number: u16) -> &'static str {
    State::from_number(number).map_or("", State::zh)
}

/// Prints what was saved, and why it has no effect if it is void.
fn told(phone: &Phone, doc: DocId, event: EventId) -> anyhow::Result<()> {
    let row = find(phone, &doc.to_string())?;
    println!(
        "已保存 / saved: {doc} {} {}",
        row.row.description,
        state_words(row.row.state)
    );
    let folded = phone.device.open_document(doc)?;
    let judged = folded.judged().iter().find(|j| j.id == event);
    if let Some(Verdict::Void { reason }) = judged.map(|j| &j.verdict) {
        println!(
            "注意 / note: {} — 已留痕，但不计数 / {}: kept, counts nothing",
            reason.zh(),
            reason.en()
        );
    }
    Ok(())
}
