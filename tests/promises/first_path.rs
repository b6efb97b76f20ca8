//! A hazard recorded without a network reaches another device and the reviewers' ledger.

use cli_simulator::world::{evidence, observation, photo};
use sync_core::record::{EventBody, LocationKind, PhotoRole};

use crate::support::Town;

#[test]
fn a_hazard_travels_from_a_phone_without_signal_to_the_reviewers_ledger() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let before = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    let place = ("3栋", "1单元", "1层", LocationKind::Pilotis);
    let found = observation(
        &town.world.compounds[0],
        "EV-06",
        place,
        "架空层飞线充电",
        vec![before.clone()],
    );
    let (doc, _) = liu.device.observe(found, None).unwrap();
    assert_eq!(liu.device.status().unwrap().unsent, 1);

    let report = town.sync(&mut liu);
    assert_eq!((report.acknowledged, report.photos), (1, 1));
    town.sync(&mut wang);
    let after = photo(&mut wang.device, 2, PhotoRole::After).unwrap();
    wang.device
        .state(
            doc,
            EventBody::ClaimFixed(evidence("已断电清理", vec![after])),
            None,
        )
        .unwrap();
    liu.device
        .state(
            doc,
            EventBody::RecheckFail(evidence("还在充电", vec![before])),
            None,
        )
        .unwrap();
    town.sync(&mut wang);
    town.sync(&mut liu);
    town.sync(&mut wang);

    let (here, there) = (liu.hazard(doc).unwrap().0, wang.hazard(doc).unwrap().0);
    assert_eq!(here, there);
    assert_eq!(here.state.to_string(), "HS65");
    assert!(here.flags.conflict_open);
    town.project();
    let token = town.token("审核员丁");
    let ledger = town.json("/v1/hazards?flag=conflict_open", &token);
    assert_eq!(ledger["items"][0]["id"], doc.to_string());
    assert_eq!(ledger["items"][0]["photos_pending"], 0);
    let detail = town.json(&format!("/v1/hazards/{doc}"), &token);
    assert_eq!(detail["conflicts"][0]["rules"][0], "C-06");
    assert_eq!(detail["events"].as_array().unwrap().len(), 3);
}
