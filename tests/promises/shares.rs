//! Responses are bounded and state what remains; a device has a daily quota and loses nothing when it is reached.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::world::photo;
use sync_core::{
    photo::sample_jpeg,
    record::{
        Dissuasion, DissuasionMethod, DissuasionResult, EventBody, Long, PhotoHash, PhotoRole,
        Voiding,
    },
    sync::Options,
};

use crate::support::{
    Town, found, found_with, noise, remark,
    tus::{Tus, header, refusal},
};

#[test]
fn a_hazard_with_many_conflicts_shows_some_of_them_and_counts_all() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let mut yi = town.phone("网格员乙");
    let doc = found(&mut liu, &town, "有人认为不是隐患");
    let mut reviewer = town.phone("审核员丁");
    for phone in [&mut liu, &mut yi, &mut reviewer] {
        town.sync(phone);
    }
    let voiding = || {
        EventBody::Void(Voiding {
            reason: Long::new("现场核实不是隐患").unwrap(),
            verified_by: None,
        })
    };
    yi.device.state(doc, voiding(), None).unwrap();
    town.sync(&mut yi);
    town.sync(&mut reviewer);
    reviewer.device.state(doc, voiding(), None).unwrap();
    // Concurrently, another person dissuades again and again: each of these objects to the voiding.
    for n in 0..105 {
        let dissuasion = Dissuasion {
            method: DissuasionMethod::Oral,
            result: DissuasionResult::Refused,
            note: Long::new(&format!("第{n}次劝阻")).unwrap(),
            photos: Vec::new(),
            promised_until: None,
        };
        let body = EventBody::Dissuade(dissuasion);
        liu.device.state(doc, body, None).unwrap();
    }
    town.sync(&mut reviewer);
    town.sync(&mut liu);
    town.project();
    let token = town.token("审核员丁");
    let hazard = town.json(&format!("/v1/hazards/{doc}"), &token);
    assert_eq!(hazard["conflicts_total"], 105);
    assert_eq!(hazard["conflicts"].as_array().unwrap().len(), 100);
    let groups = hazard["conflict_groups"].as_array().unwrap();
    let [group] = groups.as_slice() else {
        panic!("one rule: {groups:?}")
    };
    assert_eq!(
        (&group["rule"], &group["count"], &group["open"]),
        (&"C-21".into(), &105.into(), &105.into())
    );
    assert!(hazard["explanation"].as_array().unwrap().len() < 250);
}

#[test]
fn a_long_history_is_read_in_parts() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let mut manager = town.phone("物业经理丙");
    let doc = found(&mut liu, &town, "很长的经过");
    town.sync(&mut liu);
    town.sync(&mut manager);
    // Each organisation has a share of the record.
    for phone in [&mut liu, &mut manager] {
        for n in 0..260 {
            remark(phone, doc, &format!("第{n}次备注"));
        }
        town.sync(phone);
    }
    town.project();
    let token = town.token("审核员丁");
    let first = town.json(&format!("/v1/hazards/{doc}"), &token);
    let next = first["events_next"].as_u64().unwrap();
    let rest = town.json(&format!("/v1/hazards/{doc}?events_from={next}"), &token);
    let ids = |part: &serde_json::Value| -> Vec<String> {
        let events = part["events"].as_array().unwrap();
        events
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (mut all, more) = (ids(&first), ids(&rest));
    assert_eq!((all.len(), rest["events_next"].as_u64()), (500, None));
    all.extend(more);
    all.sort();
    all.dedup();
    assert_eq!(
        (all.len(), first["events_total"].as_u64()),
        (521, Some(521))
    );
}

const DAY: i64 = 86_400_000;

#[test]
fn a_device_has_its_share_of_a_day_and_loses_nothing_by_it() {
    let mut town = Town::configured(|config| config.limits.packs_per_day = 3);
    let (mut liu, mut other) = (town.phone("网格员甲"), town.phone("网格员乙"));
    for n in 0..3 {
        found(&mut liu, &town, &format!("第{n}处"));
        town.sync(&mut liu);
    }
    found(&mut liu, &town, "今天太多");
    let options = Options {
        patience: 1,
        ..Options::default()
    };
    let report = liu.sync(&mut town.http.clone(), options).unwrap();
    assert!(!report.complete && report.acknowledged == 0, "{report:?}");
    assert_eq!(report.refusal, None, "it comes back by itself: {report:?}");
    assert!(town.refusals("too-many") > 0);
    // Another device is not affected, and a restart does not reset the quota.
    found(&mut other, &town, "别的手机");
    assert_eq!(town.sync(&mut other).acknowledged, 1);
    town.restart_on("server");
    assert!(!liu.sync(&mut town.http.clone(), options).unwrap().complete);
    town.clock.fetch_add(DAY, SeqCst);
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
    assert_eq!(town.changes_stored(), 5);
}

#[test]
fn photos_and_bytes_of_a_day_have_their_share_too() {
    let mut town = Town::configured(|config| config.limits.photos_per_day = 1);
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let tus = Tus::new(&town, liu.device.token().unwrap().unwrap());
    let send = |seed| {
        let photo = sample_jpeg(seed, 300, 200, None);
        let at = tus.opened(&photo);
        tus.patch(&at, 0, &photo)
    };
    assert_eq!(send(1).status(), 204);
    let refused = send(2);
    assert_eq!(refusal(&refused), (429, "too-many".into()));
    assert!(!header(&refused, "retry-after").is_empty());
    assert_eq!(town.photos_listed(), 1);
    let mut town = Town::configured(|config| config.limits.bytes_per_day = 4_000);
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "字节");
    town.sync(&mut liu);
    for n in 0..8 {
        remark(&mut liu, doc, &noise(n, 1_000));
    }
    let options = Options {
        patience: 1,
        ..Options::default()
    };
    assert!(!liu.sync(&mut town.http.clone(), options).unwrap().complete);
    assert_eq!(town.changes_stored(), 1);
}

#[test]
fn what_is_kept_of_a_disabled_device_has_an_end() {
    let mut town = Town::configured(|config| config.limits.quarantine_bytes = 2_000);
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    town.revoke(liu.device.enrolment().unwrap().device);
    let options = Options {
        patience: 1,
        ..Options::default()
    };
    for n in 0..8 {
        found(&mut liu, &town, &noise(n, 300));
        liu.sync(&mut town.http.clone(), options).unwrap();
    }
    let kept = town.quarantined();
    assert!((1..8).contains(&kept), "{kept}");
    // The pull in the same request is refused, so the device gets no response to its pack and sends it again.
    assert!(town.refusals("quarantined") >= kept);
    assert!(town.refusals("too-many") > 0);
    // The bytes in quarantine count after a restart, too.
    town.restart_on("server");
    found(&mut liu, &town, "再来");
    liu.sync(&mut town.http.clone(), options).unwrap();
    assert_eq!(town.quarantined(), kept);
}

#[test]
fn a_photo_that_no_record_names_ends_and_a_named_one_stays() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let named = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    let hash = named.hash;
    found_with(&mut liu, &town, "有照片", vec![named]);
    town.sync(&mut liu);
    let tus = Tus::new(&town, liu.device.token().unwrap().unwrap());
    let stray = sample_jpeg(77, 300, 200, None);
    let at = tus.opened(&stray);
    assert_eq!(tus.patch(&at, 0, &stray).status(), 204);
    let collect = |town: &Town| {
        let blobs = &town.app().components.photos;
        town.runtime.block_on(blobs.collect_unnamed()).unwrap()
    };
    town.clock.fetch_add(29 * DAY, SeqCst);
    assert_eq!((collect(&town), town.photos_listed()), (0, 2));
    town.clock.fetch_add(2 * DAY, SeqCst);
    assert_eq!((collect(&town), town.photos_listed()), (1, 1));
    town.accept_clock();
    town.sync(&mut liu);
    let token = liu.device.token().unwrap().unwrap();
    assert_eq!(town.get(&format!("/v1/blobs/{hash}"), &token).0, 200);
    let stray = PhotoHash::of(&stray);
    assert_eq!(town.get(&format!("/v1/blobs/{stray}"), &token).0, 404);
    let objects = std::fs::read_dir(town.folder.path().join("server/blobs")).unwrap();
    let files = objects.map(|o| std::fs::read_dir(o.unwrap().path()).unwrap().count());
    assert_eq!(files.sum::<usize>(), 2, "a photo and its thumbnail");
}

#[test]
fn what_a_token_or_a_device_is_sent_in_a_day_has_an_end_and_others_are_served() {
    let mut town = Town::configured(|config| config.limits.read_bytes_per_day = 30_000);
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    let path = format!("/v1/blobs/{}", shot.hash);
    found_with(&mut liu, &town, "有照片", vec![shot]);
    town.sync(&mut liu);
    town.project();
    let session = liu.device.token().unwrap().unwrap();
    let (token, other) = (town.token("审核员丁"), town.token("审核员丁"));
    for (path, token) in [("/v1/hazards", &token), (path.as_str(), &session)] {
        let mut sent = 0;
        while sent < 30_000 {
            let (status, body) = town.get(path, token);
            assert_eq!(status, 200, "{path} after {sent} bytes");
            sent += body.len();
        }
        let (status, body) = town.get(path, token);
        let said = String::from_utf8(body).unwrap();
        assert_eq!(status, 429, "{path}: {said}");
        assert!(
            said.contains("too-many") && said.contains("MB of today"),
            "{said}"
        );
    }
    assert_eq!(town.get("/v1/hazards", &other).0, 200);
    town.clock.fetch_add(DAY, SeqCst);
    assert_eq!(town.get("/v1/hazards", &token).0, 200);
}

#[test]
fn polls_of_one_token_are_bounded_and_those_of_others_are_answered() {
    let town = Town::new();
    let (token, other) = (town.token("审核员丁"), town.token("审核员丁"));
    let poll = |token: &str| {
        let mut socket = std::net::TcpStream::connect(town.app().address).unwrap();
        let asked = format!(
            "GET /v1/hints?space=429999/429998&after=0 HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        std::io::Write::write_all(&mut socket, asked.as_bytes()).unwrap();
        socket
    };
    let open: Vec<_> = (0..17).map(|_| poll(&token)).collect();
    while town.refusals("busy") == 0 {
        std::thread::yield_now();
    }
    let another = poll(&other);
    assert_eq!(town.get("/v1/hazards", &token).0, 200);
    assert_eq!(town.refusals("busy"), 1);
    drop((open, another));
}
