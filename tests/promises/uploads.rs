//! Photos are uploaded with tus 1.0: an error of the client is reported, costs one request, and loses no received
//! bytes.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::blocking::Client;
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering::SeqCst;
use sync_core::{photo::sample_jpeg, record::PhotoHash};

use cli_simulator::phone::Phone;

use crate::support::{
    Town,
    tus::{Tus, header, refusal},
};

/// A town and the sessions of two enrolled devices.
fn town() -> (Town, String, String) {
    let mut town = Town::new();
    let mut token = |name: &str| {
        let mut phone = town.phone(name);
        town.sync(&mut phone);
        phone.device.token().unwrap().unwrap()
    };
    let (one, other) = (token("网格员甲"), token("网格员乙"));
    (town, one, other)
}

#[test]
fn a_chunk_that_is_wrong_changes_nothing_and_the_upload_goes_on() {
    let (town, token, _) = town();
    let tus = Tus::new(&town, token);
    let photo = sample_jpeg(1, 900, 700, None);
    let (half, end) = (photo.len() / 2, photo.len());
    let at = tus.opened(&photo);
    assert_eq!(tus.patch(&at, 0, &photo[..half]).status(), 204);
    // Incorrect requests: from the start again, as after a lost response; beyond the offset; with another checksum;
    // with too many bytes.
    assert_eq!(
        refusal(&tus.patch(&at, 0, &photo[..half])),
        (409, "upload-offset".into())
    );
    assert_eq!(
        refusal(&tus.patch(&at, half + 1, &photo[half + 1..])),
        (409, "upload-offset".into())
    );
    let sum = STANDARD.encode(Sha256::digest(b"other bytes"));
    let flipped = tus.patch_with(&at, half, &photo[half..], &sum);
    assert_eq!(refusal(&flipped), (460, "checksum-mismatch".into()));
    let longer = [&photo[half..], b"and more"].concat();
    assert_eq!(
        refusal(&tus.patch(&at, half, &longer)),
        (413, "too-large".into())
    );
    assert_eq!(tus.offset(&at), Ok(half));
    let done = tus.patch(&at, half, &photo[half..]);
    assert_eq!(
        (done.status().as_u16(), header(&done, "upload-offset")),
        (204, end.to_string())
    );
    assert!(!header(&done, "xuncha-receipt").is_empty());
    // The upload has ended. A new upload of the photo finishes at once with the same receipt.
    assert_eq!(tus.offset(&at), Err(410));
    let again = tus.create(&PhotoHash::of(&photo), end);
    assert_eq!(
        (again.status().as_u16(), header(&again, "upload-offset")),
        (201, end.to_string())
    );
    assert_eq!(
        header(&again, "xuncha-receipt"),
        header(&done, "xuncha-receipt")
    );
}

#[test]
fn bytes_that_are_not_the_announced_photo_are_refused_and_leave_nothing() {
    let (town, token, _) = town();
    let tus = Tus::new(&town, token);
    let (photo, other) = (
        sample_jpeg(1, 300, 200, None),
        sample_jpeg(2, 300, 200, None),
    );
    let response = tus.create(&PhotoHash::of(&photo), other.len());
    let at = header(&response, "location");
    assert_eq!(
        refusal(&tus.patch(&at, 0, &other)),
        (422, "photo-hash-mismatch".into())
    );
    let text = b"not a photo at all".to_vec();
    let at = tus.opened(&text);
    assert_eq!(
        refusal(&tus.patch(&at, 0, &text)),
        (422, "photo-unreadable".into())
    );
    assert_eq!(tus.offset(&at), Err(410));
    assert_eq!(
        refusal(&tus.create(&PhotoHash::of(&text), 1 << 30)),
        (413, "too-large".into())
    );
    assert_eq!(
        refusal(&tus.create(&PhotoHash::of(&text), 0)),
        (413, "too-large".into())
    );
    let left = std::fs::read_dir(town.folder.path().join("server/uploads"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn an_upload_belongs_to_its_phone_and_can_be_ended_by_it() {
    let (town, one, other) = town();
    let (mine, theirs) = (Tus::new(&town, one), Tus::new(&town, other));
    let photo = sample_jpeg(5, 300, 200, None);
    let at = mine.opened(&photo);
    assert_eq!(theirs.offset(&at), Err(410));
    assert_eq!(
        refusal(&theirs.patch(&at, 0, &photo)),
        (410, "upload-gone".into())
    );
    let end = |tus: &Tus| {
        tus.client
            .delete(town.url(&at))
            .bearer_auth(&tus.token)
            .send()
            .unwrap()
            .status()
    };
    assert_eq!(end(&theirs), 410);
    assert_eq!(mine.offset(&at), Ok(0));
    assert_eq!(end(&mine), 204);
    assert_eq!(mine.offset(&at), Err(410));
    // A reviewer's token may not upload photos.
    let reviewer = Tus::new(&town, town.token("审核员丁"));
    assert_eq!(
        refusal(&reviewer.create(&PhotoHash::of(&photo), photo.len())),
        (403, "out-of-scope".into())
    );
}

#[test]
fn an_expired_upload_is_swept_and_a_finished_photo_is_not() {
    let mut town = Town::new();
    let mut phone = town.phone("网格员甲");
    town.sync(&mut phone);
    let session = |phone: &Phone| phone.device.token().unwrap().unwrap();
    let kept = sample_jpeg(6, 300, 200, None);
    let started = sample_jpeg(7, 900, 700, None);
    let tus = Tus::new(&town, session(&phone));
    let at = tus.opened(&kept);
    tus.patch(&at, 0, &kept);
    let at = tus.opened(&started);
    tus.patch(&at, 0, &started[..1000]);
    let blobs = town.app().components.photos.clone();
    assert_eq!(town.runtime.block_on(blobs.sweep()).unwrap(), 0);
    town.clock.fetch_add(40 * 86_400_000, SeqCst);
    town.accept_clock();
    assert_eq!(town.runtime.block_on(blobs.sweep()).unwrap(), 1);
    town.sync(&mut phone);
    let tus = Tus::new(&town, session(&phone));
    assert_eq!(tus.offset(&at), Err(410));
    // Its sender gets the receipt of the finished photo again, without sending a byte.
    let again = tus.create(&PhotoHash::of(&kept), kept.len());
    assert!(!header(&again, "xuncha-receipt").is_empty(), "{again:?}");
    let url = town.url(&format!("/v1/blobs/{}", PhotoHash::of(&kept)));
    let read = Client::new().get(url).bearer_auth(session(&phone));
    assert_eq!(read.send().unwrap().bytes().unwrap(), kept);
}

#[test]
fn one_phone_does_not_fill_the_disk_with_uploads_it_never_ends() {
    let (town, token, _) = town();
    let tus = Tus::new(&town, token);
    let mut refused = None;
    for n in 0..70_u8 {
        let response = tus.create(&PhotoHash::of(&[n]), 1000);
        if response.status() != 201 {
            refused = Some((n, refusal(&response)));
            break;
        }
    }
    assert_eq!(refused, Some((64, (503, "busy".to_owned()))));
}

#[test]
fn another_tus_version_and_a_missing_hash_are_named() {
    let (town, token, _) = town();
    let client = Client::new();
    let post = |version: &str, metadata: &str| {
        let request = client.post(town.url("/v1/blobs")).bearer_auth(&token);
        let request = request
            .header("tus-resumable", version)
            .header("upload-length", "10");
        request.header("upload-metadata", metadata).send().unwrap()
    };
    assert_eq!(refusal(&post("0.2.2", "")), (412, "tus-version".into()));
    assert_eq!(
        refusal(&post("1.0.0", "filename YQ==")),
        (400, "malformed".into())
    );
    let options = client
        .request(reqwest::Method::OPTIONS, town.url("/v1/blobs"))
        .send()
        .unwrap();
    assert_eq!(
        header(&options, "tus-extension"),
        "creation,checksum,expiration,termination"
    );
}
