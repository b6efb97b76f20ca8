//! Two replicas with the same changes have byte-equal projections, in whatever order the changes came.

use proptest::prelude::*;
use sync_core::record::EventBody;

use crate::support::{Town, found};
use cli_simulator::world::{evidence, note, photo};
use sync_core::record::PhotoRole;

/// What a person does next with the one hazard.
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
    fn any_order_of_work_and_sync_ends_in_equal_projections(steps in prop::collection::vec((0..3_usize, 0..7_u8), 1..18)) {
        let mut town = Town::new();
        let mut phones = [town.phone("网格员甲"), town.phone("物业经理丙"), town.phone("网格员乙")];
        let doc = found(&mut phones[0], &town, "同一隐患");
        for phone in &mut phones {
            town.sync(phone);
        }
        for (n, (who, what)) in steps.into_iter().enumerate() {
            match what {
                5 | 6 => { town.sync(&mut phones[who]); }
                kind => act(kind, &mut phones[who], doc, n as u64),
            }
        }
        for _ in 0..2 {
            for phone in &mut phones {
                town.sync(phone);
            }
        }
        let rows: Vec<_> = phones.iter().map(|p| p.device.find_row(doc).unwrap().unwrap().row).collect();
        let states: Vec<_> = phones.iter().map(|p| serde_json::to_vec(&p.device.hazard(doc).unwrap().0).unwrap()).collect();
        prop_assert!(rows.iter().all(|r| *r == rows[0]));
        prop_assert!(states.iter().all(|s| *s == states[0]));
        town.project();
        let ledger = town.json(&format!("/v1/hazards/{doc}"), &town.token("审核员丁"));
        let state = format!("HS{:02}", rows[0].state);
        prop_assert_eq!(ledger["hazard"]["state"].as_str(), Some(state.as_str()));
        for phone in &mut phones {
            let before = phone.device.hazard(doc).unwrap();
            phone.rest().unwrap();
            prop_assert_eq!(phone.device.hazard(doc).unwrap(), before);
            prop_assert_eq!(town.sync(phone).repairs, 0);
        }
    }
}
