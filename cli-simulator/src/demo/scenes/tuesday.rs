//! Tuesday: one hazard is found twice, one is transferred, and two people disagree about a third.

use sync_core::record::{DocId, EventBody, EventId, LocationKind};

use super::{
    monday::Monday,
    words::{handed, looked},
};
use crate::{demo::stage::Stage, world::note};

/// The hazards and events of Tuesday.
pub(in crate::demo) struct Tuesday {
    /// C-14: transferred concurrently to two departments.
    pub(super) sign: DocId,
    /// Escalated to the government.
    pub(super) narrow: DocId,
    /// Found by two people.
    pub(super) twins: [DocId; 2],
    /// The two events in conflict C-06.
    pub(super) quarrel: [EventId; 2],
}

pub(in crate::demo) fn tuesday(stage: &mut Stage<'_>, monday: &Monday) -> anyhow::Result<Tuesday> {
    let (sign, narrow, twins) = tuesday_morning(stage, monday)?;
    stage.at(
        1,
        14,
        "丁移交城管，庚签收受理 / handed to urban management, signed for, accepted",
    );
    handed(stage, "审核员丁", "城管队员庚", monday.shed)?;
    stage.meet(&["审核员丁", "城管队员庚"])?;
    stage.state(
        "城管队员庚",
        monday.shed,
        EventBody::TransferSign(note("已签收")),
    )?;
    let accepted = EventBody::TransferAccept(note("属本局职责，予以受理"));
    stage.state("城管队员庚", monday.shed, accepted)?;
    stage.sync("城管队员庚")?;
    stage.at(
        1,
        15,
        "丙申报已整改，乙同时复查仍在 / fixed, says one; still there, says the other",
    );
    let fixed = looked(
        stage,
        "物业经理丙",
        monday.lane,
        EventBody::ClaimFixed,
        "车辆已挪走，已画禁停线",
    )?;
    let still = looked(
        stage,
        "网格员乙",
        monday.lane,
        EventBody::RecheckFail,
        "下午仍有一辆车占道",
    )?;
    looked(
        stage,
        "网格员甲",
        monday.door,
        EventBody::RecheckPass,
        "门已常闭",
    )?;
    looked(
        stage,
        "网格员乙",
        monday.stairs,
        EventBody::RecheckPass,
        "现场查看，门能自行关闭",
    )?;
    stage.at(1, 19, "傍晚同步 / syncing in the evening");
    stage.meet(&[
        "物业经理丙",
        "网格员甲",
        "网格员乙",
        "审核员丁",
        "街道干部戊",
    ])?;
    Ok(Tuesday {
        sign,
        narrow,
        twins,
        quarrel: [fixed, still],
    })
}

/// Records the sign, the narrow lane, and one hazard twice; the manager clears and repairs.
fn tuesday_morning(
    stage: &mut Stage<'_>,
    monday: &Monday,
) -> anyhow::Result<(DocId, DocId, [DocId; 2])> {
    stage.at(
        1,
        8,
        "甲与丙各自登记同一处 / two people find the same thing, no signal",
    );
    let place = ("３号楼", "一单元", "2层", LocationKind::Stairwell);
    let first = stage.find("网格员甲", "EG-03", place, "楼梯间堆放旧家具，仅余半幅")?;
    let place = ("3栋", "1单元", "2层", LocationKind::Stairwell);
    let second = stage.find("物业经理丙", "EG-03", place, "二楼楼道堆了沙发")?;
    stage.at(
        1,
        9,
        "乙：店招遮挡外窗；甲：消防车通道净宽不足 / a sign over windows, a narrow lane",
    );
    let place = ("1栋", "", "2层", LocationKind::Facade);
    let sign = stage.find("网格员乙", "WN-04", place, "门店招牌遮挡二层外窗四扇")?;
    let place = ("", "", "", LocationKind::FireLane);
    let narrow = stage.find(
        "网格员甲",
        "FL-06",
        place,
        "主干道净宽仅三米二，架空线缆低垂",
    )?;
    stage.at(
        1,
        10,
        "丙清理架空层，更换闭门器 / the manager clears and repairs",
    );
    looked(
        stage,
        "物业经理丙",
        monday.bikes,
        EventBody::ClaimFixed,
        "已断电，车辆移至充电棚",
    )?;
    looked(
        stage,
        "物业经理丙",
        monday.door,
        EventBody::ClaimFixed,
        "已更换闭门器",
    )?;
    looked(
        stage,
        "物业经理丙",
        monday.stairs,
        EventBody::ClaimFixed,
        "闭门器已修复",
    )?;
    stage.at(1, 11, "同步 / syncing");
    stage.meet(&[
        "网格员甲",
        "网格员乙",
        "物业经理丙",
        "街道干部戊",
        "审核员丁",
    ])?;
    Ok((sign, narrow, [first, second]))
}
