//! Figures are as of their cut-off: what was received before it counts, in the state that was known then.

use cli_simulator::{
    phone::Phone,
    world::{evidence, note, photo},
};
use serde_json::Value;
use sync_core::record::{CountCorrection, DocId, Duplicate, EventBody, PhotoRole, Short};

use crate::support::{
    MORNING, Town,
    database::is_postgres,
    found,
    province::value,
    sealing::{HOUR, set},
};

const DAY: i64 = 24 * HOUR;

/// The figures of the county.
fn figures(town: &Town, query: &str) -> Value {
    let sheet = town.json(&format!("/v1/indicators?{query}"), &town.token("审核员丁"));
    for check in sheet["checks"].as_array().unwrap() {
        assert_eq!(check["holds"], true, "{check}");
    }
    sheet["total"].clone()
}

fn merge(ding: &mut Phone, doc: DocId, of: DocId) {
    let body = EventBody::MarkDuplicate(Duplicate {
        of,
        reason: Short::new("同一隐患").unwrap(),
        seen: vec![ding.hazard(doc).unwrap().1[0].id],
    });
    ding.device.state(doc, body, None).unwrap();
}

#[test]
fn a_figure_of_an_earlier_day_stays_when_hazards_are_merged_and_findings_arrive_late() {
    let mut town = Town::new();
    let (mut jia, mut yi) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let mut ding = town.phone("审核员丁");
    for phone in [&jia, &yi, &ding] {
        phone.clock.as_ref().unwrap().start();
    }
    set(&jia, MORNING);
    let first = found(&mut jia, &town, "楼道堆物");
    town.sync(&mut jia);
    // Found on the first day, by a clock that is a year fast, and sent on the third.
    set(&yi, MORNING + 365 * DAY);
    let late = found(&mut yi, &town, "楼道堆物，另一人");
    town.project();
    town.at(MORNING + DAY / 2);
    let day = "from=2024-03-25&to=2024-03-25";
    let told = figures(&town, day);
    assert_eq!(value(&told, "ST-07"), 1.0);

    town.at(MORNING + 2 * DAY);
    town.sync(&mut yi);
    town.sync(&mut ding);
    town.project();
    let both = figures(&town, "from=2024-03-27&to=2024-03-27");
    assert_eq!(value(&both, "ST-07"), 2.0);
    assert_eq!(both["values"]["ST-07"]["period"], 1);
    assert_eq!(figures(&town, day), told, "the late finding counts later");

    town.at(MORNING + 3 * DAY);
    set(&ding, MORNING + 3 * DAY);
    merge(&mut ding, first, late);
    town.sync(&mut ding);
    town.project();
    let merged = figures(&town, "from=2024-03-25&to=2024-03-28");
    assert_eq!(value(&merged, "ST-07"), 1.0);
    assert_eq!(
        merged["values"]["ST-07"]["period"], 1,
        "the earliest finding"
    );
    assert_eq!(
        figures(&town, day),
        told,
        "the merge changes no earlier figure"
    );
    let later = figures(&town, "from=2024-03-27&to=2024-03-28");
    let period = &later["values"]["ST-07"]["period"];
    assert_eq!(period, 0, "it was found on the first day");
    let before = figures(
        &town,
        "from=2024-03-25&to=2024-03-28&as_of=2024-03-28T08:00:00%2B08:00",
    );
    assert_eq!(value(&before, "ST-07"), 2.0);
    for wrong in ["as_of=2024-03-29T08:00:00%2B08:00", "as_of=yesterday"] {
        let (status, _) = town.get(&format!("/v1/indicators?{wrong}"), &town.token("审核员丁"));
        assert_eq!(status, 400, "{wrong}");
    }
}

#[test]
fn a_hazard_that_is_merged_into_itself_or_into_an_unknown_one_stays_open_and_listed() {
    let mut town = Town::new();
    let (mut jia, mut ding) = (town.phone("网格员甲"), town.phone("审核员丁"));
    let (own, unknown) = (
        found(&mut jia, &town, "甲处"),
        found(&mut jia, &town, "乙处"),
    );
    town.sync(&mut jia);
    town.sync(&mut ding);
    merge(&mut ding, own, own);
    merge(&mut ding, unknown, DocId([9; 16]));
    town.sync(&mut ding);
    town.project();
    let told = figures(&town, "");
    let told = ["ST-07", "ST-08", "ST-12a"].map(|code| value(&told, code));
    assert_eq!(told, [2.0, 0.0, 2.0]);
    let token = town.token("审核员丁");
    let open = town.json("/v1/hazards?open=true", &token);
    assert_eq!(open["items"].as_array().unwrap().len(), 2, "{open}");
    for doc in [own, unknown] {
        let group = town.json(&format!("/v1/hazards/{doc}"), &token)["group"].clone();
        assert_eq!(group["without_living"], true, "{group}");
    }
}

#[test]
fn a_photo_that_is_attested_late_changes_the_figures_from_then_on_and_no_earlier_one() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let [mut jia, mut yi, mut wu, mut bing] =
        ["网格员甲", "网格员乙", "街道干部戊", "物业经理丙"].map(|name| town.phone(name));
    let at = |town: &Town, minutes: i64| town.at(MORNING + minutes * HOUR / 60);
    for phone in [&jia, &yi, &wu, &bing] {
        set(phone, MORNING);
    }
    let doc = found(&mut jia, &town, "楼道堆物");
    for phone in [&mut jia, &mut yi, &mut wu, &mut bing] {
        town.sync(phone);
    }
    town.backup_to("backup");
    // A fix on the spot needs a photo of before; another person took it.
    let state = |town: &Town, phone: &mut Phone, minutes: i64, body: EventBody| {
        at(town, minutes);
        set(phone, MORNING + minutes * HOUR / 60);
        town.sync(phone);
        phone.device.state(doc, body, None).unwrap();
        town.sync(phone);
    };
    let before = photo(&mut yi.device, 8, PhotoRole::Before).unwrap();
    let after = photo(&mut jia.device, 9, PhotoRole::After).unwrap();
    state(
        &town,
        &mut yi,
        3,
        EventBody::AddPhoto(evidence("前", vec![before])),
    );
    // From now on only bing's device has a proof of the photo: an operator states that a backup has it.
    town.sync(&mut bing);
    town.mark_safe();
    state(
        &town,
        &mut jia,
        5,
        EventBody::FixOnSpot(evidence("已清理", vec![after])),
    );
    state(&town, &mut wu, 10, EventBody::ConfirmSpotFix(note("属实")));
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    at(&town, 60);
    town.sync(&mut jia);
    at(&town, 70);
    town.sync(&mut wu);
    town.project();
    let now = |town: &Town| {
        let sheet = figures(town, "from=2024-03-25&to=2024-03-25");
        [value(&sheet, "ST-08"), value(&sheet, "ST-12a")]
    };
    let then = |town: &Town| {
        let cut_off = "from=2024-03-25&to=2024-03-25&as_of=2024-03-25T10:30:00%2B08:00";
        let sheet = figures(town, cut_off);
        [value(&sheet, "ST-08"), value(&sheet, "ST-12a")]
    };
    at(&town, 100);
    assert_eq!([now(&town), then(&town)], [[0.0, 1.0]; 2]);
    let twice = |town: &Town, expected: [[f64; 2]; 2]| {
        town.project();
        for _ in 0..2 {
            assert_eq!([now(town), then(town)], expected);
            let projection = &town.app().components.projection;
            town.runtime.block_on(projection.rebuild()).unwrap();
        }
    };
    // A proof attests the photo, and proves no earlier receive time.
    at(&town, 120);
    town.sync(&mut bing);
    // What builds on it waited on its authors' devices.
    for phone in [&mut jia, &mut wu] {
        town.sync(phone);
    }
    at(&town, 150);
    twice(&town, [[1.0, 0.0], [0.0, 1.0]]);
    // The receipt that its author's device has proves when this server had it first.
    at(&town, 180);
    town.sync(&mut yi);
    at(&town, 210);
    twice(&town, [[1.0, 0.0]; 2]);
}

#[test]
fn a_corrected_number_of_items_is_in_the_ledger() {
    let mut town = Town::new();
    let mut jia = town.phone("网格员甲");
    let doc = found(&mut jia, &town, "楼道堆物");
    let corrected = EventBody::CorrectCount(CountCorrection {
        count: 12,
        reason: Short::new("漏数").unwrap(),
    });
    jia.device.state(doc, corrected, None).unwrap();
    town.sync(&mut jia);
    town.project();
    let listed = town.json("/v1/hazards", &town.token("审核员丁"));
    assert_eq!(listed["items"][0]["count"], 12);
}
