//! Redacted words and photos are in no view, list, search or export, and no caller can read the photos.

use cli_simulator::world::{Actor, observation, photo};
use sync_core::record::{
    EventBody, Label, LocationKind, OrganId, PersonId, PhotoRole, Redaction, Role,
};

use crate::support::Town;

#[test]
fn redacted_words_and_photos_appear_nowhere() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 9, PhotoRole::Before).unwrap();
    let other = photo(&mut liu.device, 10, PhotoRole::Before).unwrap();
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let shots = vec![shot.clone(), other.clone()];
    let compound = &town.world.compounds[0];
    let mut seen = observation(compound, "EG-03", place, "李某身份证甲乙丙", shots);
    seen.place.spot = Label::new("李某家门口").unwrap();
    let doc = liu.device.observe(seen, None).unwrap().0;
    crate::support::remark(&mut liu, doc, "另有住户信息");
    town.sync(&mut liu);
    let (_, events) = liu.hazard(doc).unwrap();
    let observed = events.iter().find(|e| e.kind == "observe").unwrap().id;
    let officer = Actor {
        name: "个保负责人",
        person: PersonId([0x77; 16]),
        organ: OrganId([0x78; 16]),
        role: Role::Dpo,
        area: town.world.county.clone(),
    };
    town.world.actors.push(officer);
    let mut dpo = town.phone("个保负责人");
    town.sync(&mut dpo);
    let redact = |events, photos| {
        EventBody::Redact(Redaction {
            events,
            photos,
            reason: sync_core::record::Short::new("个人信息").unwrap(),
        })
    };
    let remark = events.iter().find(|e| e.kind == "note").unwrap().id;
    dpo.device
        .state(doc, redact(vec![remark], vec![other.hash]), None)
        .unwrap();
    dpo.device
        .state(doc, redact(vec![observed], Vec::new()), None)
        .unwrap();
    town.sync(&mut dpo);
    town.project();

    let reviewer = town.token("审核员丁");
    let device = liu.device.token().unwrap().unwrap();
    let pages = [
        format!("/v1/hazards/{doc}"),
        "/v1/hazards".to_owned(),
        "/v1/hazards?q=%E6%9D%8E%E6%9F%90".to_owned(),
        "/v1/hazards/changes".to_owned(),
        "/v1/exports/hazards.csv".to_owned(),
        "/v1/exports/hazards.geojson".to_owned(),
        "/v1/suggestions".to_owned(),
    ];
    for page in pages {
        let (status, body) = town.get(&page, &reviewer);
        assert_eq!(status, 200, "{page}");
        let body = String::from_utf8(body).unwrap();
        for gone in [
            "李某",
            "住户信息",
            &shot.hash.to_string(),
            &other.hash.to_string(),
        ] {
            assert!(!body.contains(gone), "{page} shows {gone}: {body}");
        }
    }
    for (hash, token) in [shot.hash, other.hash]
        .into_iter()
        .flat_map(|h| [(h, &reviewer), (h, &device)])
    {
        assert_eq!(town.get(&format!("/v1/blobs/{hash}"), token).0, 404);
        assert_eq!(town.get(&format!("/v1/blobs/{hash}/thumb"), token).0, 404);
    }
}
