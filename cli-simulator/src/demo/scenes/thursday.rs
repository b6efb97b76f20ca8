//! Thursday: an escalation, the result of a transfer, and a duplicate.

use sync_core::record::{
    DAY_MS, DeviceTime, Duplicate, Escalation, EscalationClass, EventBody, PhotoRole,
    RectificationPlan, TransferOutcome, TransferResult,
};

use super::{
    monday::Monday,
    tuesday::Tuesday,
    words::{label, long, short},
};
use crate::demo::stage::Stage;

pub(in crate::demo) fn thursday(
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
        deadline: Some(DeviceTime(stage.now() + 15 * DAY_MS)),
    };
    stage.state("城管队员庚", monday.shed, EventBody::TransferResult(result))?;
    stage.meet(&["城管队员庚", "物业经理丙"])?;
    let plan = RectificationPlan {
        plan: long("联系当事人三日内自行拆除"),
        interim_measures: Some(short("棚外设警戒带，夜间加派巡查")),
        ready_by: Some(DeviceTime(stage.now() + 3 * DAY_MS)),
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
