//! `device record|inspect|answer|sign|finish|records`: activities and inspections on the command line.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::{Args, Subcommand};
use cli_simulator::phone::Phone;
use sync_core::record::{
    ActivityEntry, AreaPath, CompoundId, Conclusion, Data, DeviceTime, EventBody, InspectionResult,
    Long, PhotoRole, Short, TypeCode,
};
use xuncha_server::say;

use super::{
    activities,
    event::state,
    find,
    inspection::{GiveAnswer, Inspect, Sign},
    photos::take,
    print::saved,
};

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
                state(phone, find::activity(phone, &id)?.doc, body)
            }
            Self::Records { of, limit } => activities::list(phone, of, limit),
        }
    }
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

impl Record {
    fn run(self, phone: &mut Phone) -> anyhow::Result<()> {
        let catalogue = Arc::clone(phone.device.catalogue());
        let edition = phone.device.edition()?;
        let of = catalogue.activity_type(&self.of, edition);
        let of = of.with_context(|| format!("{} is no type; for example publicity", self.of))?;
        if let Err(fault) = of.read(&self.data) {
            say!("注意 / note: 内容不符合要求，将留痕但不计数 / kept, counts nothing: {fault}");
        }
        let title = if self.title.is_empty() {
            &of.zh
        } else {
            &self.title
        };
        let entry = ActivityEntry {
            r#type: TypeCode::new(&self.of)?,
            area: find::area(phone, self.area)?,
            compound: self.compound,
            title: Short::new(title)?,
            held: self
                .held
                .map_or_else(|| phone.device.host.clock.now(), DeviceTime),
            photos: take(phone, &self.photo, PhotoRole::Other)?,
            data: Data::new(&self.data)?,
        };
        let (doc, event) = phone.device.begin_activity(entry, None)?;
        saved(phone, doc, event)
    }
}
