//! Suggestions and groups: possible duplicates are suggested, false evidence raises an alarm, linked documents count
//! once. Duties of companies, and deadlines that are overdue by trusted time.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::{
    phone::Phone,
    world::{evidence, note, observation, photo},
};
use serde_json::Value;
use sync_core::{
    grouping::{Advice, Sign},
    photo::sample_jpeg,
    record::{
        DeviceTime, DocId, Duplicate, EventBody, LocationKind, PhotoRef, PhotoRole, PhotoSource,
        Short,
    },
    sync::Options,
};

use crate::support::{MORNING, Town, found_in};

const HOUR: i64 = 3_600_000;

/// Records a hazard in a building of a compound.
fn at(
    phone: &mut Phone,
    town: &Town,
    (compound, building): (usize, &str),
    code: &str,
    photos: Vec<PhotoRef>,
) -> DocId {
    let place = (building, "1单元", "2层", LocationKind::Stairwell);
    let compound = &town.world.compounds[compound];
    let found = observation(compound, code, place, "楼道堆物", photos);
    phone.device.observe(found, None).unwrap().0
}

fn detail(town: &Town, doc: DocId) -> Value {
    town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"))
}

fn suggestions(town: &Town, query: &str) -> Vec<Value> {
    let path = format!("/v1/suggestions{query}");
    let page = town.json(&path, &town.token("审核员丁"));
    page["items"].as_array().unwrap().clone()
}

#[test]
fn the_second_inspector_sees_at_the_first_sync_what_is_probably_the_same() {
    let mut town = Town::new();
    let (mut jia, mut yi) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let first = at(&mut jia, &town, (0, "3栋"), "EG-03", Vec::new());
    let elsewhere = at(&mut jia, &town, (0, "5栋"), "EG-03", Vec::new());
    town.sync(&mut jia);
    town.project();
    let second = at(&mut yi, &town, (0, "三号楼"), "EG-03", Vec::new());
    assert!(yi.device.suggestions(second).unwrap().is_empty());
    town.sync(&mut yi);
    // The other device's hazard arrived as a list row and was never loaded; its place key is enough to find it.
    let told = yi.device.suggestions(second).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].doc, told[0].suggestion.advice),
        (first, Advice::Probable)
    );
    assert_eq!(told[0].suggestion.score, 85);
    assert!(told[0].suggestion.signs.contains(&Sign::SamePlace));
    assert!(yi.device.suggestions(elsewhere).unwrap().is_empty());
    // Folded on this device, it gives the same suggestion.
    yi.rest().unwrap();
    assert_eq!(yi.device.suggestions(second).unwrap(), told);

    town.project();
    let items = suggestions(&town, "");
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["advice"], &items[0]["score"]),
        (&"probable".into(), &85.into())
    );
    let mut pair = [first.to_string(), second.to_string()];
    pair.sort();
    assert_eq!([&items[0]["one"], &items[0]["other"]], [&pair[0], &pair[1]]);
    assert_eq!(detail(&town, first)["suggestions"][0]["advice"], "probable");
    assert!(suggestions(&town, "?advice=fake_evidence").is_empty());
    assert!(suggestions(&town, "?area=429999/429998/429998001/429998001001/G02").is_empty());
    let (status, _) = town.get("/v1/suggestions?advice=maybe", &town.token("审核员丁"));
    assert_eq!(status, 400);
}

#[test]
fn suggestions_come_in_pages_that_neither_skip_nor_repeat() {
    let mut town = Town::new();
    let (mut jia, mut yi) = (town.phone("网格员甲"), town.phone("网格员乙"));
    for building in 1..6 {
        let building = format!("{building}栋");
        at(&mut jia, &town, (0, &building), "EG-03", Vec::new());
        at(&mut yi, &town, (0, &building), "EG-03", Vec::new());
    }
    at(&mut yi, &town, (0, "1栋"), "FL-01", Vec::new());
    town.sync(&mut jia);
    town.sync(&mut yi);
    town.project();
    let all = suggestions(&town, "");
    let token = town.token("审核员丁");
    let ledger = || town.json("/v1/hazards?limit=100", &token);
    assert!(all.len() >= 6, "{all:?}, {}", ledger());
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let page = town.json(&format!("/v1/suggestions?limit=2{after}"), &token);
        walked.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(walked, all);
}

#[test]
fn inv_19_one_photo_at_two_places_is_an_alarm_until_somebody_has_looked() {
    let mut town = Town::new();
    let (mut jia, mut ding) = (town.phone("网格员甲"), town.phone("审核员丁"));
    let shot = photo(&mut jia.device, 1, PhotoRole::Before).unwrap();
    let honest = photo(&mut jia.device, 2, PhotoRole::Before).unwrap();
    let one = at(&mut jia, &town, (0, "3栋"), "EG-03", vec![shot.clone()]);
    town.sync(&mut jia);
    town.project();
    let since = town.json("/v1/hazards/changes", &town.token("审核员丁"))["next"].clone();
    assert_eq!(detail(&town, one)["hazard"]["evidence_alarm"], false);
    let other = at(&mut jia, &town, (1, "9栋"), "EG-05", vec![shot]);
    let third = at(&mut jia, &town, (1, "7栋"), "EG-05", vec![honest]);
    town.sync(&mut jia);
    town.project();
    for (doc, alarm) in [(one, true), (other, true), (third, false)] {
        assert_eq!(detail(&town, doc)["hazard"]["evidence_alarm"], alarm);
    }
    let first = &suggestions(&town, "")[0];
    assert_eq!(first["advice"], "fake_evidence");
    assert_eq!(first["hazards"].as_array().unwrap().len(), 2);
    // A client of the feed of changes gets the older row again, because its alarm is new.
    let path = format!("/v1/hazards/changes?since={}", since.as_str().unwrap());
    let news = town.json(&path, &town.token("审核员丁"));
    let news = news["items"].as_array().unwrap();
    let old = news
        .iter()
        .find(|row| row["id"] == one.to_string())
        .unwrap();
    assert_eq!(old["evidence_alarm"], true);
    // Linked by a reviewer whose device holds both, it is one hazard with one photo.
    town.sync(&mut ding);
    let link = EventBody::MarkDuplicate(Duplicate {
        of: one,
        reason: Short::new("误填楼栋").unwrap(),
        seen: vec![ding.hazard(one).unwrap().1[0].id],
    });
    ding.device.state(other, link, None).unwrap();
    town.sync(&mut ding);
    town.project();
    assert!(suggestions(&town, "?advice=fake_evidence").is_empty());
    assert_eq!(detail(&town, one)["hazard"]["evidence_alarm"], false);
}

#[test]
fn how_a_photo_looks_wakes_the_comparison_when_it_comes() {
    let mut town = Town::new();
    let (mut jia, mut yi) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let shoot = |phone: &mut Phone, width, height| {
        let bytes = sample_jpeg(5, width, height, None);
        let (role, source) = (PhotoRole::Before, PhotoSource::InApp);
        phone.device.add_photo(&bytes, role, source).unwrap()
    };
    let (large, small) = (shoot(&mut jia, 1200, 900), shoot(&mut yi, 800, 600));
    assert_ne!(large.hash, small.hash);
    let one = at(&mut jia, &town, (0, "3栋"), "EG-03", vec![large]);
    at(&mut yi, &town, (0, "6栋"), "EV-03", vec![small]);
    let records = Options {
        photos: false,
        ..Options::default()
    };
    for phone in [&mut jia, &mut yi] {
        phone.sync(&mut town.http.clone(), records).unwrap();
    }
    town.project();
    assert!(suggestions(&town, "").is_empty());
    town.sync(&mut jia);
    town.sync(&mut yi);
    town.project();
    // By perceptual hash, only exactly equal photos are found; within one building every pair is compared.
    let third = shoot(&mut jia, 1000, 750);
    let beside = at(&mut jia, &town, (0, "3栋"), "FL-01", vec![third]);
    town.sync(&mut jia);
    town.project();
    let about = detail(&town, beside);
    let signs = |row: &Value| {
        row["signs"]
            .as_array()
            .unwrap()
            .contains(&"near_photo".into())
    };
    let told = about["suggestions"].as_array().unwrap();
    let old = told
        .iter()
        .find(|s| s["one"] == one.to_string() || s["other"] == one.to_string());
    assert!(signs(old.unwrap()), "{told:?}");
}

fn counted(town: &Town, level: &str) -> Value {
    let path = format!("/v1/statistics?by={level}");
    town.json(&path, &town.token("审核员丁"))
}

/// The numbers of hazards found and of observations, which are equal at every level and in the indicators.
fn figures(town: &Town) -> (i64, i64) {
    town.project();
    let levels = ["city", "county", "street", "community", "grid"];
    let all: Vec<_> = levels
        .iter()
        .map(|level| {
            let told = counted(town, level);
            let sum = |name: &str| -> i64 {
                let places = told["places"].as_array().unwrap().iter();
                places.map(|place| place[name].as_i64().unwrap()).sum()
            };
            for name in ["found", "open", "closed", "observations", "merged"] {
                assert_eq!(
                    Some(sum(name)),
                    told["total"][name].as_i64(),
                    "{level} {name}"
                );
            }
            assert_eq!(sum("found"), sum("open") + sum("closed"));
            let sheet = town.json(
                &format!("/v1/indicators?by={level}"),
                &town.token("审核员丁"),
            );
            let figure = |code: &str| sheet["total"]["values"][code]["cumulative"].as_i64();
            let figures = ["ST-07", "ST-08", "ST-12a"].map(figure);
            assert_eq!(
                figures,
                ["found", "closed", "open"].map(|n| Some(sum(n))),
                "{level}"
            );
            (sum("found"), sum("observations"))
        })
        .collect();
    assert!(all.iter().all(|figure| *figure == all[0]), "{all:?}");
    all[0]
}

#[test]
fn inv_08_linking_and_unlinking_keep_every_observation_and_move_every_level_by_the_same() {
    let mut town = Town::new();
    let (mut jia, mut ding) = (town.phone("网格员甲"), town.phone("审核员丁"));
    let mut yi = town.phone("网格员乙");
    let docs: Vec<DocId> = (0..4)
        .map(|n| found_in(&mut jia, &town, n % 2, &format!("隐患{n}"), Vec::new()))
        .collect();
    let far = found_in(&mut yi, &town, 2, "另一网格", Vec::new());
    for phone in [&mut jia, &mut yi, &mut ding] {
        town.sync(phone);
    }
    assert_eq!(figures(&town), (5, 5));
    let link = |ding: &mut Phone, from: DocId, to: DocId| {
        let body = EventBody::MarkDuplicate(Duplicate {
            of: to,
            reason: Short::default(),
            seen: vec![ding.hazard(to).unwrap().1[0].id],
        });
        ding.device.state(from, body, None).unwrap();
    };
    link(&mut ding, docs[1], docs[0]);
    town.sync(&mut ding);
    assert_eq!(figures(&town), (4, 5));
    link(&mut ding, far, docs[1]);
    town.sync(&mut ding);
    assert_eq!(figures(&town), (3, 5));
    let group = detail(&town, far)["group"].clone();
    // The only one that is not merged is canonical.
    assert_eq!(group["canonical"], docs[0].to_string());
    assert_eq!(group["members"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&group["observations"], &group["contested"]),
        (&3.into(), &false.into())
    );
    // Each links to the other: still one hazard, and no observation is lost.
    link(&mut ding, docs[2], docs[3]);
    town.sync(&mut ding);
    assert_eq!(figures(&town), (2, 5));
    link(&mut ding, docs[3], docs[2]);
    town.sync(&mut ding);
    assert_eq!(figures(&town), (2, 5));
    // No event closed it: it is open, it is listed, and the notice C-22 shows why.
    let group = detail(&town, docs[3])["group"].clone();
    assert_eq!(
        (&group["without_living"], &group["open"]),
        (&true.into(), &true.into())
    );
    let open = town.json("/v1/hazards?open=true", &town.token("审核员丁"));
    let open: Vec<&Value> = open["items"].as_array().unwrap().iter().collect();
    let canonical = &group["canonical"];
    assert!(
        open.iter().any(|hazard| hazard["id"] == *canonical),
        "{open:?}"
    );
    // Unlinked one by one; the same after the ledger is rebuilt.
    for (doc, found) in [(docs[3], 2), (docs[2], 3), (far, 4), (docs[1], 5)] {
        let body = EventBody::Unmerge(note("不是同一隐患"));
        ding.device.state(doc, body, None).unwrap();
        town.sync(&mut ding);
        assert_eq!(figures(&town), (found, 5));
        let projection = town.app().components.projection.clone();
        town.runtime.block_on(projection.rebuild()).unwrap();
        assert_eq!(figures(&town), (found, 5));
    }
}

#[test]
fn what_a_company_owes_is_listed_when_it_is_due_without_any_new_event() {
    let mut town = Town::new();
    let (mut wang, mut jia) = (town.phone("物业经理丙"), town.phone("网格员甲"));
    let doc = at(&mut wang, &town, (0, "3栋"), "EG-03", Vec::new());
    at(&mut jia, &town, (0, "4栋"), "EG-03", Vec::new());
    town.sync(&mut wang);
    town.sync(&mut jia);
    town.project();
    let duties = |town: &Town| {
        let token = town.token("审核员丁");
        let page = town.json("/v1/duties?area=429999/429998", &token);
        page["items"].as_array().unwrap().clone()
    };
    assert!(duties(&town).is_empty());
    assert_eq!(
        detail(&town, doc)["duty"][0]["findings"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    town.clock.fetch_add(25 * HOUR, SeqCst);
    let owed = duties(&town);
    assert_eq!(owed.len(), 1, "{owed:?}");
    assert_eq!(
        (&owed[0]["code"], &owed[0]["hazard"]),
        (&"MG-06".into(), &doc.to_string().into())
    );
    assert_eq!(
        (&owed[0]["late"], &owed[0]["standing"]),
        (&false.into(), &"overdue".into())
    );
    assert!(owed[0]["company_name"].is_string());
    let chain = detail(&town, doc)["duty"][0].clone();
    assert_eq!(chain["findings"][0]["code"], "MG-06");
    assert_eq!(chain["known"]["not_after"], "2024-03-25T01:00:00Z");
    // A query for another area returns none of it.
    let path = "/v1/duties?area=429999/429998/429998001/429998001001/G02";
    let none = town.json(path, &town.token("审核员丁"));
    assert!(none["items"].as_array().unwrap().is_empty());
}

#[test]
fn inv_16_overdue_by_the_time_of_its_kind_and_never_by_a_clock_that_was_set_back() {
    let mut town = Town::new();
    let (mut jia, mut yi) = (town.phone("网格员甲"), town.phone("网格员乙"));
    let honest = at(&mut jia, &town, (0, "3栋"), "EG-03", Vec::new());
    yi.clock.as_ref().unwrap().start();
    town.sync(&mut yi);
    yi.clock
        .as_ref()
        .unwrap()
        .set(DeviceTime(MORNING - 12 * HOUR));
    let set_back = at(&mut yi, &town, (0, "8栋"), "EG-03", Vec::new());
    town.sync(&mut jia);
    town.sync(&mut yi);
    town.project();
    let overdue = |town: &Town| counted(town, "county")["total"]["overdue"].clone();
    assert_eq!(overdue(&town), 0);
    assert_eq!(detail(&town, honest)["due"]["standing"], "on_time");
    assert_eq!(detail(&town, set_back)["due"]["standing"], "undetermined");
    town.clock.fetch_add(5 * HOUR, SeqCst);
    assert_eq!(overdue(&town), 1);
    assert_eq!(detail(&town, honest)["due"]["standing"], "overdue");
    assert_eq!(detail(&town, set_back)["due"]["standing"], "undetermined");
    // After an on-site fix it still needs a recheck; a hazard that needs no work is not overdue.
    let shot = photo(&mut jia.device, 4, PhotoRole::After).unwrap();
    let body = EventBody::FixOnSpot(evidence("已清理", vec![shot]));
    jia.device.state(honest, body, None).unwrap();
    town.sync(&mut jia);
    town.project();
    let told = detail(&town, honest);
    assert_eq!(
        told["hazard"]["open"] == true,
        told["due"]["standing"].is_string()
    );
}
