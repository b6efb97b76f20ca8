//! Wednesday: concurrent transfers, rechecks and a close, and a finding without a network.

use sync_core::record::{EventBody, LocationKind};

use super::{
    monday::Monday,
    tuesday::Tuesday,
    words::{handed, looked},
};
use crate::{
    demo::stage::{Stage, TABLET},
    world::note,
};

pub(in crate::demo) fn wednesday(
    stage: &mut Stage<'_>,
    monday: &Monday,
    tuesday: &Tuesday,
) -> anyhow::Result<()> {
    stage.at(
        2,
        9,
        "戊移交消防，丁移交城管，互不知情 / handed to two departments at once",
    );
    handed(stage, "街道干部戊", "消防员己", tuesday.sign)?;
    handed(stage, "审核员丁", "城管队员庚", tuesday.sign)?;
    stage.at(
        2,
        10,
        "甲复查合格，戊复查不合格 / one inspector passes it, another does not",
    );
    looked(
        stage,
        "网格员甲",
        monday.bikes,
        EventBody::RecheckPass,
        "现场已清空",
    )?;
    looked(
        stage,
        "街道干部戊",
        monday.bikes,
        EventBody::RecheckFail,
        "夜间又有人拉线充电",
    )?;
    stage.at(
        2,
        16,
        "丁销号，乙在现场看到又被顶开 / closed at the desk, open on the spot",
    );
    let closing = EventBody::Close(note("整改与复查照片一致，同意销号"));
    stage.state("审核员丁", monday.door, closing)?;
    looked(
        stage,
        "网格员乙",
        monday.door,
        EventBody::RecheckFail,
        "门又被顶开",
    )?;
    stage.at(
        2,
        17,
        "丁在电脑上销号，又在平板上复查同一处 / one person closes at the desk and rechecks on a tablet",
    );
    stage.sync(TABLET)?;
    let closing = EventBody::Close(note("整改与复查照片一致，同意销号"));
    stage.state("审核员丁", monday.stairs, closing)?;
    looked(
        stage,
        TABLET,
        monday.stairs,
        EventBody::RecheckPass,
        "复查合格",
    )?;
    stage.at(2, 19, "傍晚同步 / syncing in the evening");
    stage.sync(TABLET)?;
    stage.meet(&["网格员甲", "网格员乙", "街道干部戊", "审核员丁", "审核员辛"])?;
    stage.at(
        2,
        20,
        "乙在无信号处登记，到周五才有信号 / a finding without signal until Friday",
    );
    let place = ("9栋", "1单元", "-1层", LocationKind::Basement);
    stage.find("网格员乙", "EV-15", place, "地下室违规停放电动自行车十余辆")?;
    Ok(())
}
