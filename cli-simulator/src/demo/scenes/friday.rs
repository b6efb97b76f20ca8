//! Friday: a reviewer and the government decide, and what was recorded without a network arrives.

use sync_core::record::{
    DAY_MS, DeviceTime, EventBody, GovDecision, GovOutcome, PhotoRole, Resolution,
};

use super::{
    monday::Monday,
    tuesday::Tuesday,
    words::{label, long},
};
use crate::{
    demo::stage::Stage,
    world::{evidence, note},
};

pub(in crate::demo) fn friday(
    stage: &mut Stage<'_>,
    monday: &Monday,
    tuesday: &Tuesday,
) -> anyhow::Result<()> {
    stage.at(
        4,
        9,
        "审核员辛裁定：以复查为准 / a reviewer decides: the recheck holds",
    );
    let [fixed, still] = tuesday.quarrel;
    let decision = Resolution {
        resolves: vec![fixed, still],
        holds: still,
        reason: long("现场照片显示仍有车辆占道"),
        also_hold: Vec::new(),
    };
    stage.sync("审核员辛")?;
    stage.state("审核员辛", monday.lane, EventBody::Resolve(decision))?;
    stage.sync("审核员辛")?;
    stage.at(
        4,
        10,
        "辛看过两处后另行销号：一人不能既复查又销号 / another reviewer closes what one person had checked and closed",
    );
    let closing = EventBody::Close(note("另一人核对照片后销号"));
    stage.state("审核员辛", monday.stairs, closing)?;
    stage.sync("审核员辛")?;
    stage.at(4, 14, "县政府会议决定：组织整改 / the government decides");
    let decision = GovDecision {
        outcome: GovOutcome::Rectify,
        minutes: label("示政纪〔2024〕7号"),
        lead: Some(stage.world.organ_of("审核员丁")),
        deadline: Some(DeviceTime(stage.now() + 90 * DAY_MS)),
        listed: true,
    };
    stage.state("审核员丁", tuesday.narrow, EventBody::GovDecision(decision))?;
    stage.sync("审核员丁")?;
    stage.at(
        4,
        16,
        "乙回到有信号处，周三的登记此时到达 / Wednesday's finding arrives now",
    );
    stage.sync("网格员乙")?;
    stage.at(
        4,
        17,
        "乙夜查补照片，照片留待明早上传 / a late photo: the record goes, its bytes wait",
    );
    let night = stage.shot("网格员乙", PhotoRole::Patrol)?;
    let photo = EventBody::AddPhoto(evidence("夜间巡查，现场已清空", vec![night]));
    stage.state("网格员乙", monday.bikes, photo)?;
    stage.sync_without_photos("网格员乙")
}
