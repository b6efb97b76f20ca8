//! A device may remove a photo only once the server returns it with the same hash.

use cli_simulator::{phone::Phone, world::photo};
use sync_core::{
    record::{DeviceTime, PhotoHash, PhotoRole},
    sync::Options,
};

use crate::support::{MORNING, Only, Town, found_with, store::is_stored};

fn served(town: &Town, phone: &Phone, hash: PhotoHash) -> bool {
    let token = phone.device.token().unwrap().unwrap_or_default();
    let (status, bytes) = town.get(&format!("/v1/blobs/{hash}"), &token);
    status == 200 && PhotoHash::of(&bytes) == hash
}

#[test]
fn a_removable_photo_is_always_one_the_server_serves_back() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 3, PhotoRole::Before).unwrap();
    assert_eq!(liu.device.status().unwrap().photos_captured, 1);
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    let impatient = Options {
        patience: 0,
        ..Options::default()
    };
    for calls in 0..9 {
        let _ = liu
            .sync(&mut Only(town.http.clone(), calls % 3), impatient)
            .unwrap();
        let removable = liu.device.removable_photos().unwrap();
        assert!(removable.is_empty() || served(&town, &liu, shot.hash));
        assert_eq!(
            liu.device.remove_photo(&shot.hash).unwrap(),
            !removable.is_empty()
        );
    }
    town.sync(&mut liu);
    liu.device.remove_photo(&shot.hash).unwrap();
    town.restart_on("server");
    town.sync(&mut liu);
    assert_eq!(liu.device.status().unwrap().photos_removed, 1);
    assert!(served(&town, &liu, shot.hash));
}

#[test]
fn a_receipt_of_another_server_removes_nothing() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 4, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    let other = sync_core::identity::SecretKey::from_seed([9; 32]);
    let stored = sync_core::record::ServerTime(MORNING);
    let forged = sync_core::identity::PhotoReceipt {
        hash: shot.hash,
        size: u64::from(shot.size),
        stored,
    };
    assert!(
        liu.device
            .photo_stored(&shot.hash, &forged.seal(&other))
            .is_err()
    );
    assert!(liu.device.removable_photos().unwrap().is_empty());
}

#[test]
fn a_photo_travels_once_from_each_device_that_has_it() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let one = photo(&mut liu.device, 5, PhotoRole::Before).unwrap();
    let two = photo(&mut wang.device, 5, PhotoRole::Before).unwrap();
    assert_eq!(one.hash, two.hash);
    found_with(&mut liu, &town, "甲拍", vec![one]);
    found_with(&mut wang, &town, "丙转发", vec![two]);
    let first = town.sync(&mut liu);
    let second = town.sync(&mut wang);
    assert_eq!((first.photos, second.photos), (1, 1));
    // The second device must send the bytes too: otherwise any device could find out which hashes are stored.
    assert!(second.bytes_up > 10_000, "{second:?}");
    let three = photo(&mut wang.device, 5, PhotoRole::After).unwrap();
    found_with(&mut wang, &town, "丙再用", vec![three]);
    let third = town.sync(&mut wang);
    assert!(third.bytes_up < 2_000, "{third:?}");
}

#[test]
fn photos_of_a_phone_survive_its_restart_half_way() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 6, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    let impatient = Options {
        patience: 0,
        ..Options::default()
    };
    let _ = liu
        .sync(&mut Only(town.http.clone(), 4), impatient)
        .unwrap();
    let folder = liu.folder().to_owned();
    drop(liu);
    let mut again = Phone::simulated(&folder, 12, DeviceTime(MORNING)).unwrap();
    town.sync(&mut again);
    assert!(is_stored(&again, &shot.hash));
    assert!(served(&town, &again, shot.hash));
}
