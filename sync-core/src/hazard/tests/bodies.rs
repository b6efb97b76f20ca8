//! Bodies of events for tests: one small function for each event kind.

use super::*;

pub(crate) fn text(words: &str) -> Long {
    Long::new(words).unwrap()
}

pub(crate) fn photo() -> PhotoRef {
    PhotoRef {
        hash: PhotoHash([7; 32]),
        size: 9,
        width: 4,
        height: 3,
        role: PhotoRole::After,
        source: PhotoSource::InApp,
        taken: None,
        position: None,
    }
}

/// A photo of the hazard as it was found.
pub(crate) fn before() -> PhotoRef {
    PhotoRef {
        hash: PhotoHash([8; 32]),
        role: PhotoRole::Before,
        ..photo()
    }
}

pub(crate) fn evidence() -> Evidence {
    Evidence {
        note: text("见照片"),
        photos: vec![photo()],
        position: None,
    }
}

pub(crate) fn without_photo() -> Evidence {
    Evidence {
        photos: Vec::new(),
        ..evidence()
    }
}

pub(crate) fn observe_kind(code: &str) -> EventBody {
    EventBody::Observe(Observation {
        code: KindCode::new(code).unwrap(),
        area: "420100/420103/420103001".parse().unwrap(),
        place: Place {
            compound: CompoundId([1; 16]),
            building: Label::new("3栋").unwrap(),
            unit: Label::default(),
            floor: Label::default(),
            location: LocationKind::Stairwell,
            spot: Label::default(),
            connected_to: Vec::new(),
        },
        description: text("堆放杂物"),
        count: Some(8),
        photos: vec![before()],
        no_photo_reason: None,
        position: None,
        source: FindingSource::Patrol,
        catalogue_version: 1,
    })
}

/// A hazard of grade G1.
pub(crate) fn observe() -> EventBody {
    observe_kind("EG-06")
}
pub(crate) fn fix_on_spot() -> EventBody {
    EventBody::FixOnSpot(evidence())
}
pub(crate) fn reason() -> Reason {
    Reason {
        reason: text("理由"),
    }
}
pub(crate) fn dissuade(result: DissuasionResult) -> EventBody {
    EventBody::Dissuade(Dissuasion {
        method: DissuasionMethod::Oral,
        result,
        note: text("已劝阻"),
        photos: vec![photo()],
        promised_until: (result == DissuasionResult::Promised).then_some(DeviceTime(START)),
    })
}
pub(crate) fn report() -> EventBody {
    EventBody::Report(ViolationReport {
        recipients: vec![OrganId([4; 16]), OrganId([6; 16])],
        note: text("已上报"),
        immediate_danger: false,
    })
}
pub(crate) fn assign() -> EventBody {
    assign_to(2)
}
pub(crate) fn assign_to(organ: u8) -> EventBody {
    EventBody::Assign(Assignment {
        organ: OrganId([organ; 16]),
        person: None,
        deadline: None,
        note: Short::default(),
    })
}
pub(crate) fn order() -> EventBody {
    order_numbered("消责改字2024第1号")
}
pub(crate) fn order_numbered(number: &str) -> EventBody {
    EventBody::Order(RectificationOrder {
        number: Label::new(number).unwrap(),
        temporary: false,
        basis: short("消防法第六十条"),
        deadline: DeviceTime(START + 7 * DAY),
        photos: Vec::new(),
        responsible: None,
    })
}
/// An order with a deadline in so many days.
pub(crate) fn order_until(days: i64) -> EventBody {
    let mut body = order_numbered("消责改字2024第2号");
    if let EventBody::Order(order) = &mut body {
        order.deadline = DeviceTime(START + days * DAY);
    }
    body
}
pub(crate) fn start_rectify() -> EventBody {
    EventBody::StartRectify(RectificationPlan {
        plan: text("清理"),
        interim_measures: None,
        ready_by: None,
    })
}
pub(crate) fn claim_fixed() -> EventBody {
    EventBody::ClaimFixed(evidence())
}
pub(crate) fn recheck_pass() -> EventBody {
    EventBody::RecheckPass(evidence())
}
pub(crate) fn recheck_fail() -> EventBody {
    EventBody::RecheckFail(evidence())
}
pub(crate) fn close() -> EventBody {
    EventBody::Close(reason())
}
pub(crate) fn reopen() -> EventBody {
    EventBody::Reopen(evidence())
}
pub(crate) fn void() -> EventBody {
    EventBody::Void(Voiding {
        reason: text("不是隐患"),
        verified_by: None,
    })
}
pub(crate) fn mark_duplicate() -> EventBody {
    EventBody::MarkDuplicate(Duplicate {
        of: DocId([3; 16]),
        reason: Short::default(),
        seen: vec![EventId([1; 12])],
    })
}
pub(crate) fn note() -> EventBody {
    EventBody::Note(reason())
}
pub(crate) fn resolve(resolves: &[EventId], holds: EventId) -> EventBody {
    EventBody::Resolve(Resolution {
        resolves: resolves.to_vec(),
        holds,
        reason: text("核实"),
        also_hold: Vec::new(),
    })
}
/// An event of a newer version.
pub(crate) fn unknown() -> EventBody {
    EventBody::Unknown { number: 900 }
}

pub(crate) fn short(words: &str) -> Short {
    Short::new(words).unwrap()
}
pub(crate) fn label(words: &str) -> Label {
    Label::new(words).unwrap()
}
/// A transfer to fire-rescue.
pub(crate) fn transfer() -> EventBody {
    transfer_to(6)
}
pub(crate) fn transfer_to(organ: u8) -> EventBody {
    EventBody::Transfer(Transfer {
        to: OrganId([organ; 16]),
        facts: text("占用消防车通道"),
        photos: Vec::new(),
    })
}
pub(crate) fn transfer_sign() -> EventBody {
    EventBody::TransferSign(reason())
}
pub(crate) fn transfer_accept() -> EventBody {
    EventBody::TransferAccept(reason())
}
pub(crate) fn transfer_return() -> EventBody {
    EventBody::TransferReturn(TransferReturn {
        reason: text("不属本部门职责"),
        suggests: Some(OrganId([7; 16])),
    })
}
pub(crate) fn transfer_result(outcome: TransferOutcome) -> EventBody {
    EventBody::TransferResult(TransferResult {
        outcome,
        document: label("回复函〔2024〕3号"),
        note: text("已办理"),
        photos: vec![photo()],
        deadline: None,
    })
}
pub(crate) fn transfer_withdraw() -> EventBody {
    EventBody::TransferWithdraw(reason())
}
pub(crate) fn escalate() -> EventBody {
    EventBody::Escalate(Escalation {
        class: EscalationClass::Legacy,
        letter: label("请示〔2024〕5号"),
        interim_measures: short("专人值守"),
        note: text("历史遗留"),
    })
}
pub(crate) fn gov_decision(outcome: GovOutcome) -> EventBody {
    EventBody::GovDecision(GovDecision {
        outcome,
        minutes: label("纪要〔2024〕2号"),
        lead: Some(OrganId([8; 16])),
        deadline: None,
        listed: true,
    })
}
pub(crate) fn gov_progress(stage: GovStage) -> EventBody {
    EventBody::GovProgress(GovProgress {
        stage,
        note: text("推进"),
    })
}
pub(crate) fn unmerge() -> EventBody {
    EventBody::Unmerge(reason())
}
/// An extension of the deadline to this many days after the start.
pub(crate) fn extend_to(days: i64) -> EventBody {
    EventBody::ExtendDeadline(Extension {
        deadline: DeviceTime(START + days * 86_400_000),
        reason: short("施工需要"),
    })
}
pub(crate) fn regrade(grade: Grade) -> EventBody {
    EventBody::Regrade(Regrade {
        grade,
        basis: short("现场情况"),
    })
}
pub(crate) fn recode(code: &str) -> EventBody {
    EventBody::Recode(Recode {
        code: KindCode::new(code).unwrap(),
        reason: short("选错类别"),
    })
}
pub(crate) fn relocate(building: &str) -> EventBody {
    let EventBody::Observe(mut found) = observe() else {
        unreachable!("observe() observes")
    };
    found.place.building = label(building);
    EventBody::Relocate(Relocation {
        place: found.place,
        reason: short("楼栋写错"),
    })
}
pub(crate) fn penalty() -> EventBody {
    penalty_at(PenaltyStage::Filed)
}
pub(crate) fn penalty_at(stage: PenaltyStage) -> EventBody {
    EventBody::PenaltyLink(PenaltyLink {
        case: label("消罚立〔2024〕9号"),
        stage,
    })
}
pub(crate) fn redact(events: &[EventId]) -> EventBody {
    EventBody::Redact(Redaction {
        events: events.to_vec(),
        photos: vec![PhotoHash([8; 32])],
        reason: short("含门牌"),
    })
}
pub(crate) fn correct_count(count: u32) -> EventBody {
    EventBody::CorrectCount(CountCorrection {
        count,
        reason: short("漏数"),
    })
}
pub(crate) fn clearance(quantity: u32) -> EventBody {
    EventBody::Clearance(Clearance {
        unit: label("辆"),
        quantity,
        note: text("已清理"),
        photos: Vec::new(),
    })
}
/// A correction: the photo of the claim shows the place before rectification.
pub(crate) fn photo_role() -> EventBody {
    EventBody::PhotoRole(PhotoRoleChange {
        photo: PhotoHash([7; 32]),
        role: PhotoRole::Before,
        reason: short("前后颠倒"),
    })
}
pub(crate) fn official_number(order: EventId) -> EventBody {
    EventBody::OfficialNumber(OfficialNumber {
        order,
        number: label("消责改字〔2024〕第12号"),
    })
}
/// A report by a resident.
pub(crate) fn public_report(words: &str) -> EventBody {
    let EventBody::Observe(mut found) = observe() else {
        unreachable!("observe() observes")
    };
    found.source = FindingSource::PublicReport;
    found.description = text(words);
    EventBody::Observe(found)
}
