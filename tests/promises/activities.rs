//! Activities and inspections are synced like hazards, and count only what was stated and confirmed.

use cli_simulator::{
    phone::{Phone, Transport},
    world::{note, observation, photo},
};
use sync_core::{
    activity::{ActivityState, State},
    catalogue::Catalogue,
    device::{ActivityFilter, Filter},
    document::DocumentState,
    inspection::InspectionState,
    record::*,
    sync::{Call, Method},
    wire::{
        Exchange,
        pull::{self, Pull},
    },
};
use xuncha_server::access::{Invitation, invite};

use crate::support::{MORNING, Town, found};

fn activity(phone: &Phone, doc: DocId) -> ActivityState {
    match phone.device.open_document(doc).unwrap().state() {
        DocumentState::Activity(state) => state.as_ref().clone(),
        other => panic!("{other:?} is no activity"),
    }
}

fn folded_inspection(phone: &Phone, doc: DocId) -> InspectionState {
    match phone.device.open_document(doc).unwrap().state() {
        DocumentState::Inspection(state) => state.as_ref().clone(),
        other => panic!("{other:?} is no inspection"),
    }
}

pub(crate) fn entry(town: &Town, code: &str, area: &AreaPath, data: &str) -> ActivityEntry {
    ActivityEntry {
        r#type: TypeCode::new(code).unwrap(),
        area: area.clone(),
        compound: Some(town.world.compounds[0].id),
        title: Short::new("一条登记").unwrap(),
        held: DeviceTime(MORNING),
        photos: Vec::new(),
        data: Data::new(data).unwrap(),
    }
}

fn cleared(vehicles: u32) -> Data {
    Data::new(&format!(r#"{{"item": "ebike", "vehicles": {vehicles}}}"#)).unwrap()
}

fn clearance(town: &Town, phone: &mut Phone, vehicles: u32) -> DocId {
    let shot = photo(&mut phone.device, 5, PhotoRole::After).unwrap();
    let entry = ActivityEntry {
        photos: vec![shot],
        data: cleared(vehicles),
        ..entry(town, "clearance", &town.world.grids[0], "{}")
    };
    phone.device.begin_activity(entry, None).unwrap().0
}

fn start(town: &Town) -> InspectionStart {
    InspectionStart {
        template: TemplateCode::new("TPL-DAILY").unwrap(),
        template_version: 1,
        kind: InspectionKind::Daily,
        area: town.world.grids[0].clone(),
        compound: Some(town.world.compounds[0].id),
        team: Vec::new(),
        started: DeviceTime(MORNING),
    }
}

fn answers(phone: &mut Phone, building: &str, finding: Finding) -> Answers {
    let shot = photo(&mut phone.device, 6, PhotoRole::Patrol).unwrap();
    Answers {
        building: Label::new(building).unwrap(),
        unit: Label::new("1单元").unwrap(),
        answers: vec![Answer {
            item: ItemCode::new("IT-03").unwrap(),
            finding,
            milli: None,
            words: None,
            hazard: None,
        }],
        photos: vec![shot],
    }
}

fn answer(phone: &mut Phone, inspection: DocId, building: &str, finding: Finding) {
    let body = EventBody::Answer(answers(phone, building, finding));
    phone.device.state(inspection, body, None).unwrap();
}

fn finish(phone: &mut Phone, inspection: DocId, result: InspectionResult) {
    let note = Long::default();
    let body = EventBody::FinishInspection(Conclusion { result, note });
    phone.device.state(inspection, body, None).unwrap();
}

fn records(phone: &Phone) -> Vec<DocId> {
    let all = phone.device.activity_list(&ActivityFilter::default());
    all.unwrap().iter().map(|row| row.doc).collect()
}

#[test]
fn a_record_made_without_signal_reaches_the_reviewers_and_another_phone() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let data = r#"{"channel": "e_screen", "sessions": 2, "screens": 4}"#;
    let of = entry(&town, "publicity", &town.world.grids[0], data);
    let (doc, _) = liu.device.begin_activity(of, None).unwrap();
    assert_eq!(liu.device.status().unwrap().unsent, 1);
    town.sync(&mut liu);
    town.project();
    // With the server's list row it is listed before it is folded.
    town.sync(&mut wang);
    let rows = wang.device.activity_list(&ActivityFilter::default());
    let row = rows.unwrap().remove(0);
    assert_eq!(
        (row.doc, row.row.activity.as_deref()),
        (doc, Some("publicity"))
    );
    assert_eq!(row.row.state, State::Stated.number());
    assert_eq!(wang.device.count().unwrap(), 0, "it is no hazard");
    while wang.device.idle(16).unwrap() > 0 {}
    let folded = wang.device.activity_list(&ActivityFilter::default());
    assert_eq!(
        folded.unwrap().remove(0),
        row,
        "phone and server fold alike"
    );

    let token = town.token("审核员丁");
    let listed = town.json("/v1/activities?type=publicity&state=stated", &token);
    assert_eq!(listed["items"][0]["id"], doc.to_string());
    assert_eq!(
        listed["items"][0]["figures"][0]["name"],
        "publicity.screens"
    );
    assert_eq!(listed["items"][0]["figures"][0]["milli"], 4000);
    assert_eq!(
        town.json("/v1/hazards", &token)["items"],
        serde_json::json!([])
    );
    let one = town.json(&format!("/v1/activities/{doc}"), &token);
    assert_eq!(one["events"][0]["kind"], "activity");
    assert_eq!(one["activity"]["data"]["sessions"], 2);
    // Rebuilt from the log, it is the same.
    let rebuilt = town.app().components.projection.rebuild();
    town.runtime.block_on(rebuilt).unwrap();
    assert_eq!(
        town.json("/v1/activities?type=publicity&state=stated", &token),
        listed
    );
    let (status, _) = town.get("/v1/activities?type=moon", &token);
    assert_eq!(status, 400);
}

#[test]
fn an_inspection_by_two_phones_is_one_and_a_building_counts_once() {
    let mut town = Town::new();
    let (mut jia, mut yi) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let (inspection, _) = jia.device.begin_inspection(start(&town), None).unwrap();
    town.sync(&mut jia);
    town.sync(&mut yi);
    // Concurrent: two buildings each, one of them the same building in two spellings.
    answer(&mut jia, inspection, "1栋", Finding::Ok);
    answer(&mut jia, inspection, "2栋", Finding::Ok);
    answer(&mut yi, inspection, "2号楼", Finding::Ok);
    let problem = answers(&mut yi, "3栋", Finding::Problem);
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let compound = &town.world.compounds[0];
    let found = observation(
        compound,
        "EG-03",
        place,
        "楼梯间堆物",
        problem.photos.clone(),
    );
    let item = ItemCode::new("IT-03").unwrap();
    let opened = yi
        .device
        .answer_with_hazard(inspection, problem, &item, found, None);
    let (hazard, _) = opened.unwrap();
    assert_eq!(yi.device.list(&Filter::default()).unwrap()[0].doc, hazard);
    assert_eq!(records(&yi), [inspection]);
    for _ in 0..2 {
        town.sync(&mut jia);
        town.sync(&mut yi);
    }
    let state = folded_inspection(&jia, inspection);
    assert_eq!(state, folded_inspection(&yi, inspection));
    assert_eq!((state.answers.len(), state.inspectors.len()), (3, 2));
    assert_eq!(state.hazards(), [hazard]);
    assert!(
        state
            .failed_without_hazard(Catalogue::embedded())
            .is_empty()
    );
    finish(&mut jia, inspection, InspectionResult::Problems);
    // A second visit to the first building.
    let (second, _) = yi.device.begin_inspection(start(&town), None).unwrap();
    answer(&mut yi, second, "1幢", Finding::Ok);
    finish(&mut yi, second, InspectionResult::Passed);
    town.sync(&mut jia);
    town.sync(&mut yi);
    town.project();

    let token = town.token("审核员丁");
    let covered = town.json(&format!("/v1/coverage?area={}", town.world.county), &token);
    assert_eq!(
        (&covered["compounds"], &covered["buildings"]),
        (&1.into(), &3.into())
    );
    let first = &covered["items"][0];
    assert_eq!(
        (&first["building"], &first["unit"]),
        (&"1".into(), &"1".into())
    );
    assert_eq!(
        (&first["inspections"], &first["finished"]),
        (&2.into(), &2.into())
    );
    let one = town.json(&format!("/v1/activities/{inspection}"), &token);
    assert_eq!(one["activity"]["state"], "confirmed");
    assert_eq!(one["activity"]["data"]["problems"], 1);
    assert_eq!(one["answers"][2]["hazards"][0], hazard.to_string());
    assert_eq!(
        one["activity"]["figures"][1]["name"],
        "inspection.team_size"
    );
    assert_eq!(one["activity"]["figures"][1]["milli"], 2000);
    assert_eq!(
        town.json("/v1/hazards", &token)["items"][0]["id"],
        hazard.to_string()
    );
    // Another area has no coverage.
    let elsewhere = town.json(
        &format!("/v1/coverage?area={}", town.world.grids[1]),
        &token,
    );
    assert_eq!(elsewhere["buildings"], 0);
}

#[test]
fn a_confirmation_made_before_a_correction_does_not_confirm_it() {
    let mut town = Town::new();
    let (mut liu, mut ding) = (town.phone("网格员甲"), town.phone("审核员丁"));
    let doc = clearance(&town, &mut liu, 8);
    town.sync(&mut liu);
    town.sync(&mut ding);
    // Concurrent: the reviewer confirms 8, the worker corrects to 12.
    let confirm = || EventBody::Confirm(note("现场核对"));
    ding.device.state(doc, confirm(), None).unwrap();
    let amended = EventBody::Amend(Amendment {
        title: Short::new("清理违停").unwrap(),
        held: DeviceTime(MORNING),
        photos: Vec::new(),
        data: cleared(12),
        reason: Short::new("漏数四辆").unwrap(),
    });
    liu.device.state(doc, amended, None).unwrap();
    town.sync(&mut ding);
    town.project();
    let token = town.token("审核员丁");
    let seen =
        |town: &Town| town.json(&format!("/v1/activities/{doc}"), &token)["activity"].clone();
    assert_eq!(seen(&town)["state"], "confirmed");
    assert_eq!(seen(&town)["figures"][0]["milli"], 8000);
    town.sync(&mut liu);
    town.project();
    // What was confirmed continues to count; the correction waits for a second person.
    assert_eq!(seen(&town)["state"], "confirmed");
    assert_eq!(seen(&town)["figures"][0]["milli"], 8000);
    town.sync(&mut ding);
    ding.device.state(doc, confirm(), None).unwrap();
    town.sync(&mut ding);
    town.project();
    assert_eq!(seen(&town)["state"], "confirmed");
    assert_eq!(seen(&town)["figures"][0]["milli"], 12_000);
}

#[test]
fn what_is_only_the_governments_never_reaches_a_property_managers_phone() {
    let mut town = Town::new();
    let (mut ding, mut wang) = (town.phone("审核员丁"), town.phone("物业经理丙"));
    let data = r#"{"case": "SECRET-7", "kind": "fine", "stage": "filed", "amount_yuan": 500}"#;
    let county = town.world.county.clone();
    let of = entry(&town, "penalty_case", &county, data);
    let (secret, _) = ding.device.begin_activity(of, None).unwrap();
    let open = found(&mut ding, &town, "楼道堆物");
    town.sync(&mut ding);
    town.project();
    town.sync(&mut wang);
    assert_eq!(records(&wang), []);
    assert_eq!(wang.device.list(&Filter::default()).unwrap()[0].doc, open);
    // A request by id does not return it either.
    let asked = pull::Request {
        scopes: wang.device.cursors().unwrap(),
        need: vec![secret, open],
        page_documents: None,
    };
    let bearer = wang.device.token().unwrap().unwrap();
    let call = Call {
        method: Method::Post,
        path: Pull::PATH.to_owned(),
        headers: vec![("authorization", format!("Bearer {bearer}"))],
        body: Pull::write_request(&asked),
    };
    let reply = town.http.clone().send(&call).unwrap();
    let pages = Pull::read_response(&reply.body).unwrap().pages;
    let bytes = minicbor::to_vec(&pages).unwrap();
    let holds = |part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    assert!(holds(&open.0) && !holds(&secret.0) && !holds(b"SECRET-7"));
    // Its session may not read reviewers' views; a token for its area does not reach areas above.
    assert_eq!(town.get("/v1/activities", &bearer).0, 403);
    let bearer = town.token("物业经理丙");
    let (status, _) = town.get(&format!("/v1/activities/{secret}"), &bearer);
    assert_eq!(status, 404);
    assert_eq!(
        town.json("/v1/activities", &bearer)["items"],
        serde_json::json!([])
    );
    // Recorded in an area that the company may read, it is void and does not count.
    let low = entry(&town, "penalty_case", &town.world.grids[0], data);
    let (doc, _) = ding.device.begin_activity(low, None).unwrap();
    assert_eq!(activity(&ding, doc).state, State::Void);
}

#[test]
fn wrong_fields_stay_in_the_history_with_a_reason_and_count_nothing() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let data = r#"{"channel": "e_screen", "screens": 4, "phone": "13800000000"}"#;
    let of = entry(&town, "publicity", &town.world.grids[0], data);
    let (doc, _) = liu.device.begin_activity(of, None).unwrap();
    town.sync(&mut liu);
    town.project();
    let token = town.token("审核员丁");
    let one = town.json(&format!("/v1/activities/{doc}"), &token);
    assert_eq!(one["activity"]["state"], "void");
    assert_eq!(one["activity"]["counts"], false);
    assert_eq!(one["activity"]["figures"], serde_json::json!([]));
    assert_eq!(one["events"][0]["verdict"]["reason"], "data-invalid");
    assert!(!one["events"][0]["void_zh"].as_str().unwrap().is_empty());
    assert!(!one["events"][0]["void_en"].as_str().unwrap().is_empty());
}

#[test]
fn a_hazards_own_work_is_counted_and_counted_anew_as_a_whole() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    let dissuade = |words: &str| {
        EventBody::Dissuade(Dissuasion {
            method: DissuasionMethod::Oral,
            result: DissuasionResult::Refused,
            note: Long::new(words).unwrap(),
            photos: Vec::new(),
            promised_until: None,
        })
    };
    let figures = |town: &Town| {
        let sql =
            "SELECT name, CAST(SUM(milli) AS BIGINT) FROM quantity GROUP BY name ORDER BY name";
        let read = |row: &dyn xuncha_server::storage::Row| Ok((row.text(0)?, row.int(1)?));
        let rows = town.app().storage.read(move |tx| tx.all(sql, &[], read));
        town.runtime
            .block_on(rows)
            .map_err(|e: xuncha_server::storage::StorageError| e)
            .unwrap()
    };
    for n in 1..=2 {
        liu.device.state(doc, dissuade("劝阻"), None).unwrap();
        town.sync(&mut liu);
        town.project();
        assert_eq!(figures(&town), [("dissuasions".to_owned(), 1000 * n)]);
    }
}

#[test]
fn the_province_has_its_own_log_and_counties_keep_theirs() {
    let mut town = Town::new();
    let (mut ding, mut liu) = (town.phone("审核员丁"), town.phone("网格员甲"));
    let province: AreaPath = "429999".parse().unwrap();
    let invitation = Invitation {
        person: PersonId([0x77; 16]),
        organ: OrganId([0x77; 16]),
        role: Role::ProvinceReviewer,
        area: province.clone(),
        space: province.clone(),
    };
    let until = ServerTime(MORNING + 86_400_000);
    let code = invite(&town.app().storage, &invitation, until);
    let code = town.runtime.block_on(code).unwrap();
    let folder = town.folder.path().join("province");
    let mut ting = Phone::simulated(&folder, 77, DeviceTime(MORNING)).unwrap();
    ting.enrol(&mut town.http.clone(), "http://test", &code)
        .unwrap();

    let data = r#"{"subject": "department", "reason": "推进不力"}"#;
    let of = entry(&town, "interview", &province, data);
    let (talk, _) = ting.device.begin_activity(of, None).unwrap();
    let hazard = found(&mut liu, &town, "楼道堆物");
    for phone in [&mut ting, &mut liu, &mut ding] {
        town.sync(phone);
    }
    town.sync(&mut ting);
    let spaces = |phone: &Phone| {
        let cursors = phone.device.cursors().unwrap();
        cursors
            .iter()
            .map(|c| c.space.to_string())
            .collect::<Vec<_>>()
    };
    let county = town.world.county.to_string();
    assert_eq!(spaces(&ting), ["429999", county.as_str()]);
    assert_eq!(spaces(&ding), [town.world.county.to_string()]);
    assert_eq!(records(&ding), []);
    assert_eq!(ding.device.list(&Filter::default()).unwrap()[0].doc, hazard);
    assert_eq!(
        (records(&ting), ting.device.count().unwrap()),
        (vec![talk], 1)
    );
}
