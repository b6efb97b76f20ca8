//! Contents of events, mostly as a person would write them.

use sync_core::record::{
    Assignment, Clearance, CountCorrection, DAY_MS, DeviceTime, Dissuasion, DissuasionMethod,
    DissuasionResult, DocId, Duplicate, Escalation, EscalationClass, EventBody, EventId, Extension,
    FindingSource, GovDecision, GovOutcome, GovProgress, GovStage, Grade, Observation,
    OfficialNumber, PenaltyLink, PenaltyStage, PhotoHash, PhotoRole, PhotoRoleChange, Recode,
    RectificationOrder, RectificationPlan, Redaction, Regrade, Relocation, Role, Transfer,
    TransferOutcome, TransferResult, TransferReturn, ViolationReport, Voiding,
};

use super::{
    chance::Chance,
    parts::{
        Scene, code, company, deadline, department, evidence, photo, photos, place, reason,
        sometimes, spot_fix, text, usually,
    },
    people::{AREA, BEGIN, organ_id},
};
use crate::{history::id_of, oracle::case::Judgement};

fn observation(chance: &mut Chance) -> EventBody {
    let role = if chance.percent(50) {
        PhotoRole::Other
    } else {
        PhotoRole::Before
    };
    let mut photos = photos(chance, role);
    if chance.percent(25) {
        photos.push(photo("before-shared", PhotoRole::Before));
    }
    if chance.percent(10) {
        photos.clear();
    }
    EventBody::Observe(Observation {
        code: text(code(chance)),
        area: AREA.parse().expect("an area"),
        place: place(chance),
        description: text("堆放"),
        count: sometimes(chance, 80, 8),
        no_photo_reason: photos.is_empty().then(|| text("无法拍摄")),
        photos,
        position: None,
        source: if chance.percent(20) {
            FindingSource::PublicReport
        } else {
            FindingSource::Patrol
        },
        catalogue_version: 1,
    })
}

fn dissuasion(chance: &mut Chance) -> EventBody {
    let results = [
        DissuasionResult::Complied,
        DissuasionResult::Promised,
        DissuasionResult::Refused,
        DissuasionResult::Refused,
        DissuasionResult::AbsentNotified,
    ];
    let result = chance
        .one(&results)
        .copied()
        .unwrap_or(DissuasionResult::Refused);
    EventBody::Dissuade(Dissuasion {
        method: DissuasionMethod::Oral,
        result,
        note: text("劝阻"),
        photos: photos(chance, PhotoRole::After),
        promised_until: sometimes(chance, 90, DeviceTime(BEGIN + DAY_MS)),
    })
}

fn result(chance: &mut Chance) -> EventBody {
    let outcome = chance.one(TransferOutcome::ALL).copied();
    EventBody::TransferResult(TransferResult {
        outcome: outcome.unwrap_or(TransferOutcome::Fixed),
        document: usually(chance, "函1"),
        note: text("已办"),
        photos: Vec::new(),
        deadline: Some(deadline(chance)).filter(|_| chance.percent(50)),
    })
}

fn progress(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let last = scene.newest("gov_progress").into_iter().next();
    let next = match last.map(|e| scene.case.doc.body(e)) {
        Some(EventBody::GovProgress(p)) => p.stage.number() + 1,
        _ => 1,
    };
    let stage = if chance.percent(22) {
        Some(GovStage::Solved)
    } else {
        GovStage::from_number(next)
    };
    EventBody::GovProgress(GovProgress {
        stage: stage.unwrap_or(GovStage::Progress),
        note: text("进展"),
    })
}

fn penalty(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let last = scene.newest("penalty_link").into_iter().next();
    let (case, stage) = match last.map(|e| scene.case.doc.body(e)) {
        Some(EventBody::PenaltyLink(p)) if chance.percent(85) => {
            let stage = if chance.percent(60) {
                PenaltyStage::Closed
            } else {
                PenaltyStage::from_number(p.stage.number() + 1).unwrap_or(PenaltyStage::Closed)
            };
            (p.case.clone(), stage)
        }
        _ => {
            let first = [
                PenaltyStage::Considered,
                PenaltyStage::Filed,
                PenaltyStage::OnSpotDecision,
            ];
            let stage = chance.one(&first).copied().unwrap_or(PenaltyStage::Filed);
            (
                usually(chance, &format!("案{}", chance.clone().below(2))),
                stage,
            )
        }
    };
    EventBody::PenaltyLink(PenaltyLink { case, stage })
}

fn voiding(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let proposals = scene.view.set.iter().filter(|e| {
        scene.case.doc.kind(**e) == "void"
            && matches!(scene.case.judgements[**e], Judgement::Proposed { .. })
    });
    let verified_by = proposals.map(|e| scene.case.doc.person(*e)).next();
    EventBody::Void(Voiding {
        reason: text("不属实"),
        verified_by: verified_by.filter(|_| chance.percent(60)),
    })
}

fn duplicate(chance: &mut Chance) -> EventBody {
    let of = format!("doc{}", chance.below(2));
    let seen = if chance.percent(90) {
        vec![EventId::of(of.as_bytes())]
    } else {
        Vec::new()
    };
    EventBody::MarkDuplicate(Duplicate {
        of: DocId(id_of(&of)),
        reason: text("同一隐患"),
        seen,
    })
}

fn photo_role(chance: &mut Chance, scene: &Scene<'_, '_>) -> EventBody {
    let mut known = scene.photos();
    if chance.percent(5) {
        known = vec![PhotoHash::of(b"unknown")];
    }
    // The newest photos are the evidence that is in question.
    let newest: Vec<_> = known.iter().rev().take(3).copied().collect();
    let photo = chance.one(&newest).copied();
    EventBody::PhotoRole(PhotoRoleChange {
        photo: photo.unwrap_or_else(|| PhotoHash::of(b"unknown")),
        role: chance
            .one(PhotoRole::ALL)
            .copied()
            .unwrap_or(PhotoRole::Other),
        reason: text("用途有误"),
    })
}

/// The body of an event of a kind other than `resolve`.
pub(crate) fn body(chance: &mut Chance, kind: &str, scene: &Scene<'_, '_>) -> EventBody {
    match kind {
        "observe" => observation(chance),
        "fix_on_spot" => EventBody::FixOnSpot(spot_fix(chance)),
        "confirm_spot_fix" => EventBody::ConfirmSpotFix(reason()),
        "dissuade" => dissuasion(chance),
        "claim_fixed" => EventBody::ClaimFixed(evidence(chance, PhotoRole::After)),
        "recheck_pass" => EventBody::RecheckPass(evidence(chance, PhotoRole::After)),
        "recheck_fail" => EventBody::RecheckFail(evidence(chance, PhotoRole::Before)),
        "reopen" => EventBody::Reopen(evidence(chance, PhotoRole::Before)),
        "close" => EventBody::Close(reason()),
        "void" => voiding(chance, scene),
        "mark_duplicate" => duplicate(chance),
        "unmerge" => EventBody::Unmerge(reason()),
        "add_photo" => EventBody::AddPhoto(evidence(chance, PhotoRole::Other)),
        "transfer_sign" => EventBody::TransferSign(reason()),
        "transfer_accept" => EventBody::TransferAccept(reason()),
        "transfer_withdraw" => EventBody::TransferWithdraw(reason()),
        "transfer_result" => result(chance),
        "gov_progress" => progress(chance, scene),
        "penalty_link" => penalty(chance, scene),
        "photo_role" => photo_role(chance, scene),
        "unknown" => EventBody::Unknown { number: 900 },
        _ => plain(chance, kind, scene),
    }
}

fn plain(chance: &mut Chance, kind: &str, scene: &Scene<'_, '_>) -> EventBody {
    match kind {
        "report" => {
            let department = department(chance);
            let street = if chance.percent(88) {
                organ_id(Role::StreetOfficer, 0)
            } else {
                department
            };
            EventBody::Report(ViolationReport {
                recipients: vec![street, department],
                note: text("上报"),
                immediate_danger: chance.percent(50),
            })
        }
        "assign" => EventBody::Assign(Assignment {
            organ: company(chance),
            person: None,
            deadline: Some(deadline(chance)).filter(|_| chance.percent(60)),
            note: text("交办"),
        }),
        "order" => EventBody::Order(RectificationOrder {
            number: usually(chance, "责1"),
            temporary: chance.percent(50),
            basis: usually(chance, "消防法"),
            deadline: deadline(chance),
            photos: Vec::new(),
            responsible: Some(company(chance)).filter(|_| chance.percent(50)),
        }),
        "start_rectify" => EventBody::StartRectify(RectificationPlan {
            plan: text("整改"),
            interim_measures: None,
            ready_by: None,
        }),
        "transfer" => EventBody::Transfer(Transfer {
            to: department(chance),
            facts: usually(chance, "事实"),
            photos: Vec::new(),
        }),
        "transfer_return" => EventBody::TransferReturn(TransferReturn {
            reason: text("非本部门职责"),
            suggests: None,
        }),
        "escalate" => EventBody::Escalate(Escalation {
            class: EscalationClass::Legacy,
            letter: usually(chance, "函2"),
            interim_measures: usually(chance, "看护"),
            note: text("提请"),
        }),
        "gov_decision" => EventBody::GovDecision(GovDecision {
            outcome: chance
                .one(GovOutcome::ALL)
                .copied()
                .unwrap_or(GovOutcome::Order),
            minutes: usually(chance, "纪要1"),
            lead: Some(company(chance)).filter(|_| chance.percent(50)),
            deadline: Some(deadline(chance)).filter(|_| chance.percent(50)),
            listed: false,
        }),
        "extend_deadline" => EventBody::ExtendDeadline(Extension {
            deadline: deadline(chance),
            reason: text("延期"),
        }),
        _ => corrections(chance, kind, scene),
    }
}

fn corrections(chance: &mut Chance, kind: &str, scene: &Scene<'_, '_>) -> EventBody {
    match kind {
        "regrade" => EventBody::Regrade(Regrade {
            grade: match chance.one(Grade::ALL).copied() {
                Some(_) if scene.actor.grant.role == Role::FireOfficer && chance.percent(40) => {
                    Grade::G3
                }
                Some(grade) => grade,
                None => Grade::G1,
            },
            basis: text("依据"),
        }),
        "recode" => EventBody::Recode(Recode {
            code: text(code(chance)),
            reason: text("类别有误"),
        }),
        "relocate" => EventBody::Relocate(Relocation {
            place: place(chance),
            reason: text("部位有误"),
        }),
        "correct_count" => EventBody::CorrectCount(CountCorrection {
            count: 8 + u32::try_from(chance.below(3)).unwrap_or(0),
            reason: text("数量有误"),
        }),
        "clearance" => EventBody::Clearance(Clearance {
            unit: text("辆"),
            quantity: 3,
            note: text("清理"),
            photos: Vec::new(),
        }),
        "official_number" => {
            let orders = scene.all("order");
            let order = chance.one(&orders).map(|e| scene.case.doc.events[*e].id);
            EventBody::OfficialNumber(OfficialNumber {
                order: order.unwrap_or_else(|| EventId::of(b"unknown")),
                number: text("正1"),
            })
        }
        "redact" => EventBody::Redact(Redaction {
            events: vec![EventId::of(b"unknown")],
            photos: Vec::new(),
            reason: text("遮蔽"),
        }),
        _ => EventBody::Note(reason()),
    }
}
