//! Monday: five hazards are found.

use sync_core::record::{DocId, LocationKind};

use crate::demo::stage::Stage;

/// The hazards found on Monday.
pub(in crate::demo) struct Monday {
    /// C-06: the manager states that it is fixed; the inspector states that it is not.
    pub(super) lane: DocId,
    /// C-08: two concurrent rechecks with opposite results.
    pub(super) bikes: DocId,
    /// C-10: closed by a reviewer, concurrently with a failed recheck on the spot.
    pub(super) door: DocId,
    /// C-40: closed and rechecked by one person on two devices.
    pub(super) stairs: DocId,
    /// Transferred, and the result reported back.
    pub(super) shed: DocId,
}

pub(in crate::demo) fn monday(stage: &mut Stage<'_>) -> anyhow::Result<Monday> {
    stage.at(0, 9, "甲：占用消防车通道 / a blocked fire lane, no signal");
    let place = ("3栋", "", "", LocationKind::FireLane);
    let lane = stage.find(
        "网格员甲",
        "FL-01",
        place,
        "三栋东侧消防车通道停放私家车两辆",
    )?;
    stage.at(
        0,
        10,
        "乙：架空层充电 / e-bikes charging in an open ground storey, no signal",
    );
    let place = ("3号楼", "1单元", "架空层", LocationKind::Pilotis);
    let bikes = stage.find(
        "网格员乙",
        "EV-06",
        place,
        "架空层私拉插座充电，电动自行车约十辆",
    )?;
    let place = ("5栋", "2单元", "1层", LocationKind::Stairwell);
    let door = stage.find("网格员乙", "EG-06", place, "常闭式防火门被砖块顶开")?;
    let place = ("6栋", "1单元", "3层", LocationKind::Stairwell);
    let stairs = stage.find("网格员甲", "EG-06", place, "楼梯间防火门闭门器损坏")?;
    stage.at(
        0,
        14,
        "甲：私搭棚屋堵塞消防车通道 / an illegal shed on the fire lane",
    );
    let place = ("7栋", "", "", LocationKind::FireLane);
    let shed = stage.find("网格员甲", "FL-02", place, "七栋后私搭彩钢棚约二十平方米")?;
    stage.at(
        0,
        16,
        "丙在电子屏播放消防提示 / fire tips on the compound's screens",
    );
    let data = serde_json::json!({ "channel": "e_screen", "sessions": 1, "screens": 6 });
    stage.record(
        "物业经理丙",
        "publicity",
        "小区电子屏播放消防安全提示",
        &data,
    )?;
    stage.at(
        0,
        18,
        "傍晚同步 / syncing in the evening, over a bad network",
    );
    stage.meet(&["网格员甲", "网格员乙", "物业经理丙", "审核员丁"])?;
    Ok(Monday {
        lane,
        bikes,
        door,
        stairs,
        shed,
    })
}
