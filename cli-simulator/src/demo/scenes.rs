//! The actions of the county's people, day by day: eight hazards, with conflicts and transfers.

use sync_core::record::{
    DeviceTime, DocId, Duplicate, Escalation, EscalationClass, EventBody, EventId, Evidence,
    GovDecision, GovOutcome, Label, LocationKind, Long, PhotoRole, RectificationPlan, Resolution,
    Short, Transfer, TransferOutcome, TransferResult,
};

use super::stage::Stage;
use crate::world::{evidence, note};

const DAY: i64 = 86_400_000;

/// The hazards found on Monday.
pub(super) struct Monday {
    /// C-06: the manager states that it is fixed; the inspector states that it is not.
    lane: DocId,
    /// C-08: two concurrent rechecks with opposite results.
    bikes: DocId,
    /// C-10: closed by a reviewer, concurrently with a failed recheck on the spot.
    door: DocId,
    /// Transferred, and the result reported back.
    shed: DocId,
}

/// The hazards and events of Tuesday.
pub(super) struct Tuesday {
    /// C-14: transferred concurrently to two departments.
    sign: DocId,
    /// Escalated to the government.
    narrow: DocId,
    /// Found by two people.
    twins: [DocId; 2],
    /// The two events in conflict C-06.
    quarrel: [EventId; 2],
}

fn long(words: &str) -> Long {
    Long::new(words).unwrap_or_default()
}

fn label(words: &str) -> Label {
    Label::new(words).unwrap_or_default()
}

fn short(words: &str) -> Short {
    Short::new(words).unwrap_or_default()
}

/// States with a photo whether a hazard is fixed.
fn looked(
    stage: &mut Stage<'_>,
    who: &str,
    doc: DocId,
    body: fn(Evidence) -> EventBody,
    words: &str,
) -> anyhow::Result<EventId> {
    let shot = stage.shot(who, PhotoRole::After)?;
    stage.state(who, doc, body(evidence(words, vec![shot])))
}

fn handed(stage: &mut Stage<'_>, who: &str, to: &str, doc: DocId) -> anyhow::Result<()> {
    let transfer = Transfer {
        to: stage.world.organ_of(to),
        facts: long("超出本部门职权，附现场照片"),
        photos: vec![stage.shot(who, PhotoRole::Document)?],
    };
    stage.state(who, doc, EventBody::Transfer(transfer))?;
    Ok(())
}

pub(super) fn monday(stage: &mut Stage<'_>) -> anyhow::Result<Monday> {
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
        shed,
    })
}

pub(super) fn tuesday(stage: &mut Stage<'_>, monday: &Monday) -> anyhow::Result<Tuesday> {
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

pub(super) fn wednesday(
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
    stage.at(2, 19, "傍晚同步 / syncing in the evening");
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

pub(super) fn thursday(
    stage: &mut Stage<'_>,
    monday: &Monday,
    tuesday: &Tuesday,
) -> anyhow::Result<()> {
    stage.at(3, 9, "丁提请县政府协调 / the county government is asked");
    let request = Escalation {
        class: EscalationClass::Legacy,
        letter: label("示住建请〔2024〕3号"),
        interim_measures: short("设单向通行，夜间禁停"),
        note: long("历史遗留问题，涉及线缆迁改与退让"),
    };
    stage.state("审核员丁", tuesday.narrow, EventBody::Escalate(request))?;
    stage.at(
        3,
        10,
        "庚反馈：已责令限期拆除；丙开始整改 / fed back: ordered to be removed; works begin",
    );
    let result = TransferResult {
        outcome: TransferOutcome::Ordered,
        document: label("示城管限拆〔2024〕1号"),
        note: long("已送达限期拆除决定"),
        photos: vec![stage.shot("城管队员庚", PhotoRole::Document)?],
        deadline: Some(DeviceTime(stage.now() + 15 * DAY)),
    };
    stage.state("城管队员庚", monday.shed, EventBody::TransferResult(result))?;
    stage.meet(&["城管队员庚", "物业经理丙"])?;
    let plan = RectificationPlan {
        plan: long("联系当事人三日内自行拆除"),
        interim_measures: Some(short("棚外设警戒带，夜间加派巡查")),
        ready_by: Some(DeviceTime(stage.now() + 3 * DAY)),
    };
    stage.state("物业经理丙", monday.shed, EventBody::StartRectify(plan))?;
    stage.at(
        3,
        11,
        "丁核实两条为同一隐患，合并 / a reviewer links the two",
    );
    stage.meet(&["物业经理丙", "审核员丁"])?;
    let [first, second] = tuesday.twins;
    let seen = stage
        .phone("审核员丁")?
        .device
        .open_document(first)?
        .heads();
    let duplicate = Duplicate {
        of: first,
        reason: short("同一部位、同类、同日"),
        seen,
    };
    stage.state("审核员丁", second, EventBody::MarkDuplicate(duplicate))?;
    stage.sync("审核员丁")
}

pub(super) fn friday(
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
    stage.at(4, 14, "县政府会议决定：组织整改 / the government decides");
    let decision = GovDecision {
        outcome: GovOutcome::Rectify,
        minutes: label("示政纪〔2024〕7号"),
        lead: Some(stage.world.organ_of("审核员丁")),
        deadline: Some(DeviceTime(stage.now() + 90 * DAY)),
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
