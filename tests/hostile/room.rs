//! No device writes where its grant does not reach, and none fills a document so that others cannot write.

use cli_simulator::world::{evidence, note, observation};
use sync_core::{
    record::{DocId, EventBody, LocationKind},
    wire::Code,
};

use super::client::Hostile;
use crate::support::{Town, found, found_in};

fn hazard_in(town: &Town, compound: usize, words: &str) -> EventBody {
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let compound = &town.world.compounds[compound];
    EventBody::Observe(observation(compound, "EG-03", place, words, Vec::new()))
}

/// The hazards of the whole county: counted, listed, exported.
fn counted(town: &Town) -> (u64, usize, usize) {
    town.project();
    let token = town.token("审核员丁");
    let statistics = town.json("/v1/statistics", &token);
    let found = statistics["total"]["found"].as_u64().unwrap_or_default();
    let listed = town.json("/v1/hazards", &token)["items"]
        .as_array()
        .unwrap()
        .len();
    let (_, csv) = town.get("/v1/exports/hazards.csv", &token);
    let exported = String::from_utf8(csv).unwrap().matches("EG-03").count();
    (found, listed, exported)
}

#[test]
fn a_record_outside_the_grants_area_is_in_no_list_count_export_or_report() {
    let town = Town::new();
    // The grant covers grid 1 only; compound 2 is in grid 2.
    let mut own = Hostile::enrol(&town, "网格员甲", 3);
    let before = counted(&town);
    let doc = DocId([0x31; 16]);
    let mut document = own.document(doc);
    let event = own.event(&[], hazard_in(&town, 2, "别处的隐患"));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(
        own.push(&town, &[(doc, change)], false),
        [(0, Code::Quarantined)]
    );
    assert_eq!(counted(&town), before);
    assert_eq!(town.quarantined(), 1);
}

#[test]
fn a_change_to_a_document_outside_the_grants_area_is_set_aside() {
    let mut town = Town::new();
    let mut yi = town.phone("网格员乙");
    let doc = found_in(&mut yi, &town, 2, "第二网格的隐患", Vec::new());
    town.sync(&mut yi);
    let mut own = Hostile::enrol(&town, "网格员甲", 3);
    // A change that depends on no other one begins the document again; one that follows needs a copy of the document.
    let (known, heads) = Hostile::enrol(&town, "审核员丁", 4).copy(&town, doc);
    for (mut document, heads, code) in [
        (own.document(doc), Vec::new(), Code::ForgedAuthor),
        (known, heads, Code::Quarantined),
    ] {
        let event = own.event(&heads, EventBody::Note(note("外人的话")));
        let change = own.change(&mut document, &event.to_bytes().unwrap());
        assert_eq!(own.push(&town, &[(doc, change)], false), [(0, code)]);
    }
    let (_, stated) = yi.hazard(doc).unwrap();
    assert_eq!(stated.len(), 1);
}

#[test]
fn a_role_that_may_not_begin_such_a_record_begins_none() {
    let town = Town::new();
    let before = counted(&town);
    // The role 物业经理 (property manager) may not begin a covert inspection.
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let doc = DocId([0x32; 16]);
    let inspection = sync_core::record::InspectionStart {
        template: sync_core::record::TemplateCode::new("TPL-COVERT").unwrap(),
        kind: sync_core::record::InspectionKind::Covert,
        area: town.world.grids[0].clone(),
        compound: Some(town.world.compounds[0].id),
        template_version: 1,
        team: Vec::new(),
        started: sync_core::record::DeviceTime(crate::support::MORNING),
    };
    let mut document = own.document(doc);
    let event = own.event(&[], EventBody::Inspect(inspection));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(
        own.push(&town, &[(doc, change)], false),
        [(0, Code::Quarantined)]
    );
    assert_eq!(counted(&town), before);
}

#[test]
fn a_document_does_not_become_another_kind_by_a_second_beginning() {
    let mut town = Town::new();
    let mut yi = town.phone("网格员乙");
    let doc = found(&mut yi, &town, "楼道堆物");
    town.sync(&mut yi);
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let grid = town.world.grids[0].clone();
    let record = crate::activities::entry(&town, "patrol_run", &grid, r#"{"points_visited":3}"#);
    let event = own.event(&[], EventBody::Activity(record));
    let (known, _) = own.copy(&town, doc);
    for (mut document, code) in [
        (own.document(doc), Code::ForgedAuthor),
        (known, Code::Quarantined),
    ] {
        let change = own.change(&mut document, &event.to_bytes().unwrap());
        assert_eq!(own.push(&town, &[(doc, change)], false), [(0, code)]);
    }
    assert_eq!(counted(&town), (1, 1, 1));
}

#[test]
fn one_organisation_cannot_fill_a_document_for_the_others() {
    let mut town = Town::new();
    let (mut liu, mut county) = (town.phone("网格员甲"), town.phone("审核员丁"));
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.sync(&mut county);
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let (mut document, heads) = own.copy(&town, doc);
    let words = "满".repeat(1900);
    let mut full = 0;
    for at in 0..60 {
        let mut event = own.event(&heads, EventBody::Note(note(&format!("{at}{words}"))));
        event.claimed.0 += at;
        let change = own.change(&mut document, &event.to_bytes().unwrap());
        let refused = own.push(&town, &[(doc, change)], false);
        if refused.iter().any(|(_, code)| *code == Code::DocumentFull) {
            full += 1;
            break;
        }
        assert_eq!(refused, []);
    }
    assert_eq!(full, 1, "the share is not bounded");
    // The other devices continue.
    let state = |phone: &mut cli_simulator::phone::Phone, body| {
        phone.device.state(doc, body, None).unwrap();
        town.sync(phone);
        assert_eq!(phone.device.status().unwrap().refused, 0);
    };
    state(&mut liu, EventBody::AddPhoto(evidence("仍在", Vec::new())));
    state(&mut county, EventBody::Note(note("已阅")));
}

#[test]
fn unknown_fields_of_a_known_kind_take_no_room() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    let mut own = Hostile::enrol(&town, "物业经理丙", 3);
    let (mut document, heads) = own.copy(&town, doc);
    let event = own.event(&heads, EventBody::Note(note("短")));
    let with_unknown = |bytes: usize| {
        // One more field in the envelope: key 99 with a byte string.
        let mut raw = event.to_bytes().unwrap();
        raw[0] += 1;
        let mut field = minicbor::Encoder::new(Vec::new());
        field.u8(99).unwrap().bytes(&vec![0; bytes]).unwrap();
        raw.extend(field.into_writer());
        raw
    };
    let small = own.change(&mut own.copy(&town, doc).0, &with_unknown(900));
    assert_eq!(own.push(&town, &[(doc, small)], false), []);
    own.as_actor(4);
    let large = own.change(&mut document, &with_unknown(8_000));
    assert_eq!(
        own.push(&town, &[(doc, large)], false),
        [(0, Code::Malformed)]
    );
}
