//! Two replicas with the same changes fold to byte-equal states, in whichever order the changes arrived.

use proptest::prelude::*;
use sync_core::{
    hazard::Flags,
    record::{DeviceTime, EventBody},
};

use crate::support::{MORNING, Town, found, store::row_of};
use cli_simulator::world::{evidence, note, photo};
use sync_core::record::PhotoRole;

/// Disturbs a device's clock: a year ahead, back, or restarted.
fn disturb(phone: &mut cli_simulator::phone::Phone, n: usize) {
    let clock = phone.clock.as_ref().unwrap();
    match n % 4 {
        0 => clock.set(DeviceTime(MORNING + 365 * 86_400_000)),
        1 => clock.set(DeviceTime(MORNING - 7_200_000)),
        2 => clock.set(DeviceTime(MORNING)),
        _ => clock.start(),
    }
}

/// The next action of a person on the one hazard.
fn act(kind: u8, phone: &mut cli_simulator::phone::Phone, doc: sync_core::record::DocId, n: u64) {
    let shot = photo(&mut phone.device, n % 3, PhotoRole::After).unwrap();
    let body = match kind % 5 {
        0 => EventBody::Note(note(&format!("备注{n}"))),
        1 => EventBody::ClaimFixed(evidence("已整改", vec![shot])),
        2 => EventBody::RecheckFail(evidence("仍存在", vec![shot])),
        3 => EventBody::RecheckPass(evidence("已消除", vec![shot])),
        _ => EventBody::AddPhoto(evidence("补充", vec![shot])),
    };
    phone.device.state(doc, body, None).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_work_and_sync_ends_in_equal_projections(steps in prop::collection::vec((0..3_usize, 0..9_u8), 1..18), revoked in prop::bool::ANY) {
        let mut town = Town::new();
        let mut phones = [town.phone("网格员甲"), town.phone("物业经理丙"), town.phone("网格员乙")];
        let doc = found(&mut phones[0], &town, "同一隐患");
        for phone in &mut phones {
            town.sync(phone);
        }
        for (n, (who, what)) in steps.into_iter().enumerate() {
            match what {
                5 | 6 => { town.sync(&mut phones[who]); }
                7 => disturb(&mut phones[who], n),
                8 => { town.clock.fetch_add(1_800_000, std::sync::atomic::Ordering::SeqCst); }
                kind => act(kind, &mut phones[who], doc, n as u64),
            }
        }
        for _ in 0..2 {
            for phone in &mut phones {
                town.sync(phone);
            }
        }
        if revoked {
            town.revoke(phones[2].device.enrolment().unwrap().device);
            for phone in &mut phones[..2] {
                town.sync(phone);
            }
        }
        let phones = if revoked { &mut phones[..2] } else { &mut phones[..] };
        for phone in phones.iter_mut() {
            phone.rest().unwrap();
        }
        let rows: Vec<_> = phones.iter().map(|p| row_of(p, doc).unwrap().row).collect();
        let states: Vec<_> = phones.iter().map(|p| serde_json::to_vec(&p.hazard(doc).unwrap().0).unwrap()).collect();
        prop_assert!(rows.iter().all(|r| *r == rows[0]));
        prop_assert!(states.iter().all(|s| *s == states[0]));
        town.project();
        let ledger = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
        let state = format!("HS{:02}", rows[0].state);
        prop_assert_eq!(ledger["hazard"]["state"].as_str(), Some(state.as_str()));
        let told: Vec<_> = Flags::NAMES.iter().enumerate().filter(|(bit, _)| rows[0].flags >> bit & 1 == 1).map(|(_, name)| *name).collect();
        prop_assert_eq!(&ledger["hazard"]["flags"], &serde_json::json!(told));
        for phone in phones.iter_mut() {
            let before = phone.hazard(doc).unwrap();
            phone.rest().unwrap();
            prop_assert_eq!(phone.hazard(doc).unwrap(), before);
            prop_assert_eq!(town.sync(phone).repairs, 0);
        }
    }
}
