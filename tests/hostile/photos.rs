//! Knowing the hash of a photo gives no right to read it.

use cli_simulator::world::{observation, photo};
use sync_core::record::{DocId, EventBody, LocationKind, PhotoRole};

use super::client::Hostile;
use crate::support::{Town, found_in, tus::Tus};

#[test]
fn naming_a_photo_in_a_record_of_ones_own_does_not_open_it() {
    let mut town = Town::new();
    let mut yi = town.phone("网格员乙");
    let shot = photo(&mut yi.device, 9, PhotoRole::Before).unwrap();
    found_in(&mut yi, &town, 2, "第二网格的隐患", vec![shot.clone()]);
    town.sync(&mut yi);
    let mut own = Hostile::enrol(&town, "网格员甲", 3);
    let address = format!("/v1/blobs/{}", shot.hash);
    assert_eq!(town.get(&address, &own.token).0, 404);
    let doc = DocId([0x41; 16]);
    let mut document = own.document(doc);
    let place = ("3栋", "1单元", "1层", LocationKind::Stairwell);
    let found = observation(
        &town.world.compounds[0],
        "EG-03",
        place,
        "盗图",
        vec![shot.clone()],
    );
    let event = own.event(&[], EventBody::Observe(found));
    let change = own.change(&mut document, &event.to_bytes().unwrap());
    assert_eq!(own.push(&town, &[(doc, change)], false), []);
    assert_eq!(town.get(&address, &own.token).0, 404);
    assert_eq!(town.get(&format!("{address}/thumb"), &own.token).0, 404);
    // A request to upload it reveals nothing either: the response is the same as for any other photo.
    let created = Tus::new(&town, own.token.clone()).create(&shot.hash, 25_000);
    assert_eq!(created.status(), 201);
    assert!(created.headers().get("xuncha-receipt").is_none());
    let offset = created.headers().get("upload-offset");
    assert!(offset.is_none_or(|offset| offset == "0"), "{offset:?}");
    // A device that has sent the bytes may read the photo.
    let token = yi.device.token().unwrap().unwrap();
    assert_eq!(town.get(&address, &token).0, 200);
}
