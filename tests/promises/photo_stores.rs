//! Photos in a folder or a bucket, with one server process or several: the same promises; no photo lost, no object left
//! over.

use std::sync::atomic::Ordering::SeqCst;

use cli_simulator::world::photo;
use sync_core::{
    identity::PhotoReceipt,
    photo::sample_jpeg,
    record::{DeviceId, PhotoHash, PhotoRole},
    wire::Code,
};
use xuncha_server::{
    app::App,
    config::Config,
    photos::{Created, Received},
    refusal::Refusal,
};

use crate::support::{
    Town,
    database::is_postgres,
    found_with,
    s3::{S3, SECRET, objects_in},
    store::is_stored,
    tus::{Tus, header, refusal},
};

const DAY: i64 = 86_400_000;

/// The session and the id of a new device for an actor of the world.
fn session(town: &mut Town, name: &str) -> (String, DeviceId) {
    let mut phone = town.phone(name);
    town.sync(&mut phone);
    let id = phone.device.identity().unwrap().0;
    (phone.device.token().unwrap().unwrap(), id)
}

/// A photo with comments, so that it has about this many bytes.
fn large(seed: u64, bytes: usize) -> Vec<u8> {
    let small = sample_jpeg(seed, 300, 200, None);
    let comment = [&[0xff, 0xfe, 0xff, 0xff][..], &[b'x'; 65_533]].concat();
    let comments = comment.repeat(bytes / comment.len() + 1);
    [&small[..2], &comments, &small[2..]].concat()
}

/// The objects of a town whose store is a folder.
fn in_folder(town: &Town) -> std::collections::BTreeSet<String> {
    objects_in(&town.folder.path().join("server"))
}

fn receipt_is_good(town: &Town, sealed: &str, photo: &[u8]) -> bool {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap();
    let key = town.app().components.access.key().public();
    let receipt = PhotoReceipt::open(&sealed, &key).unwrap();
    (receipt.hash, receipt.size) == (PhotoHash::of(photo), photo.len() as u64)
}

#[test]
fn a_photo_in_a_bucket_is_served_back_and_its_receipt_verifies() {
    let s3 = S3::new();
    let mut town = Town::with_photos(Some(s3.setting()));
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 3, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    town.sync(&mut liu);
    assert!(is_stored(&liu, &shot.hash));
    let token = liu.device.token().unwrap().unwrap();
    let (status, bytes) = town.get(&format!("/v1/blobs/{}", shot.hash), &token);
    assert_eq!((status, PhotoHash::of(&bytes)), (200, shot.hash));
    let (status, thumb) = town.get(&format!("/v1/blobs/{}/thumb", shot.hash), &token);
    assert!(status == 200 && thumb.starts_with(&[0xff, 0xd8]) && thumb.len() <= 25_000);
    let known = Tus::new(&town, token).create(&shot.hash, bytes.len());
    assert!(receipt_is_good(
        &town,
        &header(&known, "xuncha-receipt"),
        &bytes
    ));
    // Two objects, named after the hash; the data folder has none; every write was sent with its checksum.
    let objects: Vec<String> = s3.objects().into_iter().collect();
    let hash = shot.hash.to_string();
    assert!(
        objects.len() == 2 && objects.iter().all(|name| name.contains(&hash)),
        "{objects:?}"
    );
    assert!(in_folder(&town).is_empty());
    let calls = s3.calls();
    let mut puts = calls.iter().filter(|call| call.starts_with("PUT"));
    assert!(puts.all(|call| call.ends_with("sha256 true")), "{calls:?}");
}

#[test]
fn a_photo_of_many_megabytes_goes_to_a_bucket_in_parts() {
    let s3 = S3::new();
    let mut town = Town::with_photos(Some(s3.setting()));
    let (token, _) = session(&mut town, "网格员甲");
    let tus = Tus::new(&town, token.clone());
    let photo = large(1, 11 << 20);
    let at = tus.opened(&photo);
    let mut offset = 0;
    let mut last = String::new();
    for chunk in photo.chunks(3 << 20) {
        let answer = tus.patch(&at, offset, chunk);
        assert_eq!(answer.status(), 204);
        offset += chunk.len();
        last = header(&answer, "xuncha-receipt");
    }
    assert!(receipt_is_good(&town, &last, &photo));
    let parts = |call: &&String| call.contains("partNumber=") && call.ends_with("sha256 true");
    assert_eq!(s3.calls().iter().filter(parts).count(), 3);
    let (status, bytes) = town.get(&format!("/v1/blobs/{}", PhotoHash::of(&photo)), &token);
    assert_eq!(status, 200);
    assert!(bytes == photo);
    assert_eq!(s3.objects().len(), 2);
}

fn goes_on_elsewhere(mut town: Town, objects: impl Fn(&Town) -> usize) {
    let (token, _) = session(&mut town, "网格员甲");
    let photo = sample_jpeg(1, 900, 700, None);
    let (third, two) = (photo.len() / 3, photo.len() / 3 * 2);
    let second = town.another();
    let one = Tus::new(&town, token.clone());
    let other = Tus::at(&second, token.clone());
    let at = one.opened(&photo);
    assert_eq!(one.patch(&at, 0, &photo[..third]).status(), 204);
    assert_eq!(other.offset(&at), Ok(third));
    let again = other.patch(&at, 0, &photo[..third]);
    assert_eq!(refusal(&again), (409, "upload-offset".into()));
    assert_eq!(other.patch(&at, third, &photo[third..two]).status(), 204);
    assert_eq!(one.offset(&at), Ok(two));
    let done = one.patch(&at, two, &photo[two..]);
    assert!(receipt_is_good(
        &town,
        &header(&done, "xuncha-receipt"),
        &photo
    ));
    assert_eq!(other.offset(&at), Err(410));
    let path = format!(
        "http://{}/v1/blobs/{}",
        second.address,
        PhotoHash::of(&photo)
    );
    let read = other.client.get(path).bearer_auth(token).send().unwrap();
    assert!(read.bytes().unwrap() == photo);
    // The photo and its thumbnail; the chunks are deleted.
    assert_eq!(objects(&town), 2);
    town.runtime.block_on(second.stop()).unwrap();
}

#[test]
fn an_upload_begun_on_one_process_goes_on_at_another() {
    goes_on_elsewhere(Town::new(), |town| in_folder(town).len());
    let s3 = S3::new();
    goes_on_elsewhere(Town::with_photos(Some(s3.setting())), |_| {
        s3.objects().len()
    });
}

/// Opens an upload directly, without HTTP.
fn opened(town: &Town, app: &App, phone: DeviceId, photo: &[u8]) -> String {
    let create = app
        .components
        .photos
        .create(phone, PhotoHash::of(photo), photo.len() as u64);
    match town.runtime.block_on(create).unwrap() {
        Created::Upload(upload) => upload.id,
        Created::Stored { .. } => panic!("an upload was to be opened"),
    }
}

#[test]
fn of_two_processes_that_append_at_once_one_wins() {
    let mut town = Town::new();
    let (_, phone) = session(&mut town, "网格员甲");
    let second = town.another();
    for seed in 0..20 {
        let photo = sample_jpeg(seed, 300, 200, None);
        let id = opened(&town, town.app(), phone, &photo);
        // Chunks of different lengths, so that a mixture is detected.
        let (short, long) = (photo[..500].to_vec(), photo[..900].to_vec());
        let (one, other) = town.runtime.block_on(async {
            let (id, other_id) = (id.clone(), id.clone());
            let (here, there) = (
                town.app().components.photos.clone(),
                second.components.photos.clone(),
            );
            let one = tokio::spawn(async move { here.append(phone, &id, 0, short).await });
            let other = tokio::spawn(async move { there.append(phone, &other_id, 0, long).await });
            (one.await.unwrap(), other.await.unwrap())
        });
        let (stands, refused) = match (one, other) {
            (Ok(Received::Offset(at)), Err(refused)) | (Err(refused), Ok(Received::Offset(at))) => {
                (at, refused)
            }
            both => panic!("one was to win: {both:?}"),
        };
        let Refusal::Problem(problem) = refused else {
            panic!("{refused}");
        };
        assert_eq!(problem.code, Code::UploadOffset);
        let rest = photo[usize::try_from(stands).unwrap()..].to_vec();
        let finish = second.components.photos.append(phone, &id, stands, rest);
        let done = town.runtime.block_on(finish).unwrap();
        assert!(matches!(done, Received::Stored { .. }), "{done:?}");
    }
    assert_eq!(in_folder(&town).len(), 40);
    town.runtime.block_on(second.stop()).unwrap();
}

#[test]
fn two_finishers_of_one_photo_give_one_row_and_one_receipt() {
    let mut town = Town::new();
    let (one, _) = session(&mut town, "网格员甲");
    let (other, _) = session(&mut town, "网格员乙");
    let second = town.another();
    let photo = sample_jpeg(9, 900, 700, None);
    let (one, other) = (Tus::new(&town, one), Tus::at(&second, other));
    let (at, there) = (one.opened(&photo), other.opened(&photo));
    let first = one.patch(&at, 0, &photo);
    town.clock.fetch_add(60_000, SeqCst);
    let last = other.patch(&there, 0, &photo);
    let receipt = header(&first, "xuncha-receipt");
    assert!(receipt_is_good(&town, &receipt, &photo));
    assert_eq!(header(&last, "xuncha-receipt"), receipt);
    assert_eq!(
        (one.offset(&at), other.offset(&there)),
        (Err(410), Err(410))
    );
    // Each upload wrote objects with their own names, and both devices may read the photo.
    assert_eq!(in_folder(&town).len(), 4);
    for (tus, base) in [(&one, town.app().address), (&other, second.address)] {
        let path = format!("http://{base}/v1/blobs/{}", PhotoHash::of(&photo));
        let read = tus.client.get(path).bearer_auth(&tus.token).send().unwrap();
        // Both devices have proved that they have the bytes.
        assert_eq!(read.status().as_u16(), 200);
    }
    assert_eq!(town.photos_listed(), 1);
    town.runtime.block_on(second.stop()).unwrap();
}

fn orphans_go(mut town: Town, objects: impl Fn(&Town) -> usize) {
    let (one, phone) = session(&mut town, "网格员甲");
    let (other, _) = session(&mut town, "网格员乙");
    let photo = sample_jpeg(9, 900, 700, None);
    // Two devices finish the same photo: the objects of the second are orphans.
    let (tus, loser) = (Tus::new(&town, one.clone()), Tus::new(&town, other));
    let (at, there) = (tus.opened(&photo), loser.opened(&photo));
    tus.patch(&at, 0, &photo);
    loser.patch(&there, 0, &photo);
    assert_eq!(objects(&town), 4);
    let blobs = town.app().components.photos.clone();
    let collect = || town.runtime.block_on(blobs.collect_orphans()).unwrap();
    // The store dates objects by the system clock, so the server's clock is set relative to it.
    let today = (xuncha_server::app::system_clock())().0;
    town.clock.store(today + 6 * DAY, SeqCst);
    town.accept_clock();
    // An upload that stays open: at the end its chunk is old, but a row still names it.
    let open = sample_jpeg(10, 900, 700, None);
    town.clock.store(today + 7 * DAY - 3_600_000, SeqCst);
    let id = opened(&town, town.app(), phone, &open);
    let append = blobs.append(phone, &id, 0, open[..1000].to_vec());
    town.runtime.block_on(append).unwrap();
    assert_eq!((collect(), objects(&town)), (0, 5));
    town.clock.store(today + 7 * DAY + 3_600_000, SeqCst);
    assert_eq!((collect(), objects(&town)), (2, 3));
    assert_eq!(collect(), 0);
    let finish = blobs.append(phone, &id, 1000, open[1000..].to_vec());
    assert!(matches!(
        town.runtime.block_on(finish).unwrap(),
        Received::Stored { .. }
    ));
    // Years later the photos are still stored: whole photo and thumbnail of each.
    town.clock.store(today + 1000 * DAY, SeqCst);
    town.accept_clock();
    assert_eq!((collect(), objects(&town)), (0, 4));
    assert_eq!(town.photos_listed(), 2);
}

#[test]
fn what_nothing_names_goes_after_its_grace_and_nothing_else_does() {
    orphans_go(Town::new(), |town| in_folder(town).len());
    let s3 = S3::new();
    orphans_go(Town::with_photos(Some(s3.setting())), |_| {
        s3.objects().len()
    });
}

#[test]
fn a_half_written_file_of_a_killed_process_goes_too() {
    let town = Town::new();
    let folder = town.folder.path().join("server/blobs/ab");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["abcd.0011#1", "kept-by-hand"] {
        std::fs::write(folder.join(name), b"half").unwrap();
    }
    let blobs = town.app().components.photos.clone();
    let collect = || town.runtime.block_on(blobs.collect_orphans()).unwrap();
    let today = (xuncha_server::app::system_clock())().0;
    town.clock.store(today + 6 * DAY, SeqCst);
    assert_eq!((collect(), in_folder(&town).len()), (0, 2));
    town.clock.store(today + 8 * DAY, SeqCst);
    assert_eq!((collect(), in_folder(&town).len()), (2, 0));
}

#[test]
fn an_upload_in_endless_small_chunks_is_refused_and_named() {
    let mut town = Town::new();
    let (_, phone) = session(&mut town, "网格员甲");
    let photo = sample_jpeg(1, 900, 700, None);
    let id = opened(&town, town.app(), phone, &photo);
    let blobs = &town.app().components.photos;
    let refused = town.runtime.block_on(async {
        for at in 0..1100_u64 {
            let chunk = vec![photo[usize::try_from(at).unwrap()]];
            if let Err(refused) = blobs.append(phone, &id, at, chunk).await {
                return Some((at, refused.to_string()));
            }
        }
        None
    });
    let (at, said) = refused.unwrap();
    assert_eq!(at, 1024);
    assert!(said.contains("1024 chunks"), "{said}");
    // The rest in one chunk still completes the photo.
    let finish = blobs.append(phone, &id, 1024, photo[1024..].to_vec());
    assert!(matches!(
        town.runtime.block_on(finish).unwrap(),
        Received::Stored { .. }
    ));
    assert_eq!(in_folder(&town).len(), 2);
}

#[test]
fn a_store_that_cannot_be_used_is_named_at_the_start_without_its_secret() {
    let s3 = S3::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let said = |photos: String, orphan_ms: i64| {
        let mut config = Config::new(folder.path().join("server"), ([127, 0, 0, 1], 0).into());
        config.photos = Some(photos);
        config.orphan_ms = orphan_ms;
        let started = runtime.block_on(App::start(&config, xuncha_server::app::system_clock()));
        let said = format!("{:#}", started.unwrap_err());
        assert!(!said.contains(SECRET) && !said.contains("hidden"), "{said}");
        said
    };
    let grace = 7 * DAY;
    let bucket = said(s3.setting_of("elsewhere", SECRET), grace);
    assert!(
        bucket.contains("--photos") && bucket.contains("s3://elsewhere/town/a"),
        "{bucket}"
    );
    assert!(bucket.contains("NoSuchBucket"), "{bucket}");
    let secret = said(s3.setting_of("photos", "hidden"), grace);
    assert!(secret.contains("SignatureDoesNotMatch"), "{secret}");
    // A port on which no process listens.
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let keys = format!("allow_http=true&access_key_id=a&secret_access_key={SECRET}");
    let nobody = said(
        format!("s3://photos?endpoint=http://127.0.0.1:{port}&{keys}"),
        grace,
    );
    assert!(nobody.contains(&format!("127.0.0.1:{port}")), "{nobody}");
    let plain = said(
        format!("s3://photos?endpoint=http://127.0.0.1:{port}"),
        grace,
    );
    assert!(plain.contains("allow_http"), "{plain}");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let file = said(file.to_str().unwrap().to_owned(), grace);
    assert!(file.contains("photo folder"), "{file}");
    // Bytes of an open upload must not be treated as orphans.
    let short = said(s3.setting(), DAY);
    assert!(short.contains("orphan_ms"), "{short}");
}

#[test]
fn a_backup_holds_the_photos_its_database_lists_and_no_others() {
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let (one, phone) = session(&mut town, "网格员甲");
    let (other, _) = session(&mut town, "网格员乙");
    let photo = sample_jpeg(9, 900, 700, None);
    let (tus, loser) = (Tus::new(&town, one.clone()), Tus::new(&town, other));
    let (at, there) = (tus.opened(&photo), loser.opened(&photo));
    tus.patch(&at, 0, &photo);
    loser.patch(&there, 0, &photo);
    let open = sample_jpeg(10, 900, 700, None);
    let id = opened(&town, town.app(), phone, &open);
    let blobs = town.app().components.photos.clone();
    let append = blobs.append(phone, &id, 0, open[..1000].to_vec());
    town.runtime.block_on(append).unwrap();
    assert_eq!(in_folder(&town).len(), 5);
    town.backup_to("backup");
    assert_eq!(objects_in(&town.folder.path().join("backup")).len(), 2);
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    let read = |town: &Town| town.get(&format!("/v1/blobs/{}", PhotoHash::of(&photo)), &one);
    assert!(read(&town) == (200, photo.clone()));
    // The chunk was not copied: the upload must be restarted, so that the photo has no gap.
    let blobs = town.app().components.photos.clone();
    let rest = town
        .runtime
        .block_on(blobs.append(phone, &id, 1000, open[1000..].to_vec()));
    let Err(Refusal::Problem(problem)) = rest else {
        panic!("{rest:?}");
    };
    assert_eq!(problem.code, Code::UploadGone);
    let id = opened(&town, town.app(), phone, &open);
    let again = town.runtime.block_on(blobs.append(phone, &id, 0, open));
    assert!(matches!(again, Ok(Received::Stored { .. })));
}

#[test]
fn a_store_that_holds_another_servers_photos_is_not_taken() {
    let s3 = S3::new();
    let town = Town::with_photos(Some(s3.setting()));
    // A second database on the same bucket would treat the first one's photos as orphans.
    let mut other = Town::new();
    other.config.photos = Some(s3.setting());
    let refused = other.start(&other.config).expect_err("it is another's");
    let refused = format!("{refused:#}");
    assert!(refused.contains("another server's database"), "{refused}");
    assert!(!refused.contains(SECRET), "{refused}");
    // The server's own processes may use it.
    drop(town.another());
}
