//! The server sends no byte of a document to a caller whose area does not cover it.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::{
    phone::{Phone, Transport},
    world::photo,
};
use sync_core::{
    record::{PhotoRole, ServerTime},
    sync::{Call, Method, Reply},
    wire::{
        Code, Exchange,
        pull::{self, Cursor, Pull},
        reconcile::{self, Reconcile},
    },
};

use xuncha_server::access::{Invitation, Terms, invite_with};

use crate::support::{MORNING, Town, found_in, found_with};

#[test]
fn a_phone_never_receives_what_lies_outside_its_area() {
    let mut town = Town::new();
    // Yi's grant covers both grids, Jia's only the first.
    let (mut yi, mut jia) = (town.phone("网格员乙"), town.phone("网格员甲"));
    let shot = photo(&mut yi.device, 9, PhotoRole::Before).unwrap();
    let outside = found_in(&mut yi, &town, 2, "第二网格的隐患", vec![shot.clone()]);
    let inside = found_in(&mut yi, &town, 0, "第一网格的隐患", Vec::new());
    town.sync(&mut yi);
    town.sync(&mut jia);
    assert!(jia.hazard(inside).is_ok());
    assert!(jia.hazard(outside).is_err());
    let token = jia.device.token().unwrap().unwrap();
    assert_eq!(town.get(&format!("/v1/blobs/{}", shot.hash), &token).0, 404);
    assert_eq!(
        town.get(&format!("/v1/blobs/{}/thumb", shot.hash), &token)
            .0,
        404
    );
    // A grid worker's session may not read reviewers' views; a token for the same area may, within it.
    assert_eq!(town.get("/v1/hazards", &token).0, 403);
    let token = town.token("网格员甲");
    assert_eq!(town.get(&format!("/v1/hazards/{outside}"), &token).0, 404);
    town.project();
    let ledger = town.json("/v1/hazards", &token);
    assert_eq!(ledger["items"].as_array().unwrap().len(), 1);
    let (_, csv) = town.get("/v1/exports/hazards.csv", &token);
    assert!(!String::from_utf8(csv).unwrap().contains("第二网格的隐患"));
}

#[test]
fn every_route_but_health_refuses_a_stranger() {
    let town = Town::new();
    let (_, api) = town.get("/openapi.json", "");
    let api: serde_json::Value = serde_json::from_slice(&api).unwrap();
    let open = ["/healthz", "/readyz", "/metrics"];
    let mut asked = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        if open.contains(&path.as_str()) || methods.get("get").is_none() {
            continue;
        }
        let path = path
            .replace("{id}", "00000000-0000-7000-8000-000000000000")
            .replace("{hash}", &"0".repeat(64));
        assert_eq!(town.get(&path, "xr_nobody").0, 401, "{path}");
        asked += 1;
    }
    assert!(asked >= 19, "{asked}");
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(town.get(path, "").0, 200, "{path}");
    }
    // Metrics of all counties are for operators, on their own listener.
    assert_eq!(town.get("/metrics", "").0, 404);
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(town.operators(path).0, 200, "{path}");
    }
    assert_eq!(town.operators("/v1/hazards").0, 404);
}

#[test]
fn a_revoked_phone_may_still_push_and_gets_nothing() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let doc = found_with(&mut wang, &town, "别人的隐患", Vec::new());
    town.sync(&mut wang);
    let id = liu.device.enrolment().unwrap().device;
    town.revoke(id);
    found_with(&mut liu, &town, "被停用后上传", Vec::new());
    let report = liu
        .sync(&mut town.http.clone(), sync_core::sync::Options::default())
        .unwrap();
    assert!(!report.complete);
    assert_eq!(report.refusal, Some(Code::DeviceRevoked));
    assert!(liu.hazard(doc).is_err());
    assert_eq!(town.quarantined(), 1);
    assert_eq!(liu.device.status().unwrap().hazards, 1);
}

#[test]
fn a_phone_reported_lost_is_told_to_erase_and_gets_nothing_more() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    town.sync(&mut liu);
    let doc = found_with(&mut wang, &town, "别人的隐患", Vec::new());
    town.sync(&mut wang);
    town.report_lost(liu.device.enrolment().unwrap().device);
    found_with(&mut liu, &town, "未发送", Vec::new());
    let options = sync_core::sync::Options::default();
    // Its session was opened before: its push is quarantined, its pull is refused.
    let report = liu.sync(&mut town.http.clone(), options).unwrap();
    assert_eq!(report.refusal, Some(Code::DeviceRevoked));
    assert_eq!(town.quarantined(), 1);
    let report = liu.sync(&mut town.http.clone(), options).unwrap();
    assert!(report.wipe && !report.complete);
    assert!(liu.hazard(doc).is_err());
    let folder = liu.folder().to_owned();
    assert_eq!(liu.erase().unwrap(), 0);
    assert!(!folder.exists());
}

#[test]
fn asking_by_name_by_area_or_by_comparison_gives_nothing_from_outside() {
    let mut town = Town::new();
    let (mut yi, mut jia) = (town.phone("网格员乙"), town.phone("网格员甲"));
    let outside = found_in(&mut yi, &town, 2, "第二网格的隐患", Vec::new());
    let inside = found_in(&mut yi, &town, 0, "第一网格的隐患", Vec::new());
    town.sync(&mut yi);
    town.sync(&mut jia);
    let cursor = jia.device.cursors().unwrap().remove(0);
    // Both are requested by id: only the one inside its area is returned.
    let asked = pull::Request {
        scopes: Vec::new(),
        need: vec![outside, inside],
        page_documents: None,
    };
    let reply = post::<Pull>(&town, &jia, &asked);
    let named: Vec<_> = Pull::read_response(&reply.body).unwrap().pages[0]
        .items
        .iter()
        .map(|i| i.doc)
        .collect();
    assert_eq!(named, [inside]);
    // A cursor for the whole county, and one for the other grid.
    for area in [town.world.county.clone(), town.world.grids[1].clone()] {
        let wider = Cursor {
            area: area.clone(),
            ..cursor.clone()
        };
        let asked = pull::Request {
            scopes: vec![wider],
            need: Vec::new(),
            page_documents: None,
        };
        let reply = post::<Pull>(&town, &jia, &asked);
        assert_eq!(refusal(&reply), Some(Code::OutOfScope), "{area}");
        let asked = reconcile::Request {
            space: cursor.space.clone(),
            area,
            message: vec![0x61],
        };
        let reply = post::<Reconcile>(&town, &jia, &asked);
        assert_eq!(refusal(&reply), Some(Code::OutOfScope));
        assert!(!contains(&reply.body, &outside.0));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

fn post<E: Exchange>(town: &Town, phone: &Phone, request: &E::Request) -> Reply {
    let token = phone.device.token().unwrap().unwrap();
    let call = Call {
        method: Method::Post,
        path: E::PATH.to_owned(),
        headers: vec![("authorization", format!("Bearer {token}"))],
        body: E::write_request(request),
    };
    town.http.clone().send(&call).unwrap()
}

fn refusal(reply: &Reply) -> Option<Code> {
    let (_, name) = reply
        .headers
        .iter()
        .find(|(name, _)| name == "xuncha-refusal")?;
    Code::from_name(name)
}

#[test]
fn a_grant_that_ends_while_a_session_is_open_ends_no_sync_of_the_areas_that_are_left() {
    const HOUR: i64 = 3_600_000;
    let mut town = Town::configured(|config| config.session_ms = 1000 * HOUR);
    let (mut yi, mut jia) = (town.phone("网格员乙"), town.phone("网格员甲"));
    let here = found_in(&mut yi, &town, 0, "第一网格的隐患", Vec::new());
    town.sync(&mut yi);
    // Jia helps out in the second grid for one hour.
    let (actor, other) = (town.world.actor("网格员甲"), &town.world.compounds[2]);
    let helping = Invitation {
        person: actor.person,
        organ: actor.organ,
        role: actor.role,
        area: other.grid.clone(),
        space: town.world.county.clone(),
    };
    let until = ServerTime(MORNING + HOUR);
    let code = town
        .runtime
        .block_on(invite_with(
            &town.app().storage,
            &helping,
            until,
            Terms {
                until: Some(until),
                shared: false,
            },
        ))
        .unwrap();
    jia.enrol(&mut town.http.clone(), "http://test", &code)
        .unwrap();
    town.sync(&mut jia);
    assert_eq!(jia.device.cursors().unwrap().len(), 2);
    town.clock.store(MORNING + 2 * HOUR, SeqCst);
    jia.clock.as_ref().unwrap().forward(2 * HOUR);
    let there = found_in(&mut yi, &town, 2, "第二网格的隐患", Vec::new());
    let later = found_in(&mut yi, &town, 0, "第一网格的又一隐患", Vec::new());
    town.sync(&mut yi);
    let report = town.sync(&mut jia);
    assert_eq!((report.refusal, report.failures), (None, 1));
    assert!(jia.hazard(here).is_ok() && jia.hazard(later).is_ok());
    assert!(jia.hazard(there).is_err());
    assert_eq!(jia.device.cursors().unwrap().len(), 1);
}
