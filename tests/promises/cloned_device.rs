//! A copied device damages no document, and the work of both copies arrives.

use cli_simulator::phone::{Phone, Transport};
use sync_core::{
    record::{DeviceTime, PackHash},
    sync::{Call, Lost, Options, Reply},
    wire::{Code, Exchange, push, sync::Sync},
};

use crate::support::{MORNING, Town, copy_folder, found, remark};

#[test]
fn a_cloned_phone_poisons_nothing_and_loses_nothing() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let doc = found(&mut liu, &town, "架空层充电");
    town.sync(&mut liu);
    // Both copies continue with the same Automerge actor and different changes.
    let folder = town.folder.path().join("clone");
    copy_folder(liu.folder(), &folder);
    let mut clone = Phone::simulated(&folder, 999, DeviceTime(MORNING + 1000)).unwrap();
    remark(&mut liu, doc, "原机的话");
    let by_original = found(&mut liu, &town, "原机发现");
    remark(&mut clone, doc, "副本的话");
    let by_clone = found(&mut clone, &town, "副本发现");
    town.sync(&mut liu);
    let report = town.sync(&mut clone);
    assert!(report.reauthored >= 1, "{report:?}");
    town.sync(&mut liu);
    town.sync(&mut wang);
    for phone in [&liu, &clone, &wang] {
        let (state, events) = phone.hazard(doc).unwrap();
        assert_eq!(events.len(), 3);
        assert_eq!(state, wang.hazard(doc).unwrap().0);
        assert_eq!(phone.device.status().unwrap().unsent, 0);
    }
    for doc in [by_original, by_clone] {
        assert!(wang.hazard(doc).is_ok());
    }
    // Both copies continue to work in turn.
    for round in 0..3 {
        remark(&mut liu, doc, &format!("原机{round}"));
        remark(&mut clone, doc, &format!("副本{round}"));
        town.sync(&mut clone);
        town.sync(&mut liu);
    }
    town.sync(&mut wang);
    assert_eq!(wang.hazard(doc).unwrap().1.len(), 9);
    town.project();
    let ledger = town.json("/v1/hazards", &town.token("审核员丁"));
    assert!(
        ledger["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|h| h["problem"].is_null())
    );
}

/// A server (or a middlebox) that answers every pack with a fork, as for a copied device.
struct AlwaysForked<T>(T, u32);

impl<T: Transport> Transport for AlwaysForked<T> {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let mut reply = self.0.send(call)?;
        if let Ok(mut response) = Sync::read_response(&reply.body)
            && response.push.is_some()
        {
            self.1 += 1;
            let hash = PackHash([7; 32]);
            response.push = Some(push::Response::Fork { number: 7, hash });
            reply.body = Sync::write_response(&response);
        }
        Ok(reply)
    }
}

#[test]
fn a_server_that_never_agrees_does_not_keep_a_phone_busy_for_ever() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "三栋楼道堆物");
    let mut net = AlwaysForked(town.http.clone(), 0);
    let report = liu.sync(&mut net, Options::default()).unwrap();
    assert_eq!(report.refusal, Some(Code::PackFork));
    assert!(net.1 < 20 && !report.complete);
    // Nothing was lost: an honest server gets everything.
    town.sync(&mut liu);
    assert_eq!(town.changes_stored(), 1);
}
