//! Responses of a middlebox between device and server count as network failures: they are reported in words, waited for
//! and retried. A call that does not pass blocks no other call.

use cli_simulator::{
    phone::{Http, Phone, Transport},
    world::photo,
};
use rusqlite::Connection;
use sync_core::{
    record::{DeviceTime, PhotoHash, PhotoRole},
    sync::{Call, Lost, Method, Options, Reply, Report},
    wire::{Code, Exchange, sync::Sync},
};

use crate::support::{MORNING, Town, found, found_with, remark, schema::DEVICE, store::is_stored};

/// A middlebox that answers some calls itself.
struct Middlebox<F> {
    http: Http,
    rule: F,
    calls: u64,
}

impl<F: FnMut(&Call) -> Option<Reply>> Middlebox<F> {
    fn new(town: &Town, rule: F) -> Self {
        Self {
            http: town.http.clone(),
            rule,
            calls: 0,
        }
    }
}

impl<F: FnMut(&Call) -> Option<Reply>> Transport for Middlebox<F> {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        self.calls += 1;
        match (self.rule)(call) {
            Some(reply) => Ok(reply),
            None => self.http.send(call),
        }
    }
}

fn page(status: u16) -> Reply {
    Reply {
        status,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<!DOCTYPE html><html><title>网络认证</title></html>".into(),
    }
}

fn sync_through<F: FnMut(&Call) -> Option<Reply>>(
    phone: &mut Phone,
    net: &mut Middlebox<F>,
) -> Report {
    phone.sync(net, Options::default()).unwrap()
}

fn file_of(phone: &Phone, hash: &PhotoHash) -> std::path::PathBuf {
    phone.folder().join("photos").join(format!("{hash}.jpg"))
}

#[test]
fn a_photo_whose_file_is_gone_short_or_changed_is_shown_and_the_others_go() {
    type Spoil = fn(&std::path::Path);
    let spoil: [(&str, Spoil); 4] = [
        ("gone", |file| std::fs::remove_file(file).unwrap()),
        ("empty", |file| std::fs::write(file, b"").unwrap()),
        ("short", |file| {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("changed", |file| {
            let mut bytes = std::fs::read(file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            std::fs::write(file, bytes).unwrap();
        }),
    ];
    for (how, spoil) in spoil {
        let mut town = Town::new();
        let mut liu = town.phone("网格员甲");
        let bad = photo(&mut liu.device, 1, PhotoRole::Before).unwrap().hash;
        let shots = [1, 2, 3].map(|n| photo(&mut liu.device, n, PhotoRole::Before).unwrap());
        for shot in &shots {
            found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
        }
        let file = file_of(&liu, &bad);
        let whole = std::fs::read(&file).unwrap();
        spoil(&file);
        let mut net = Middlebox::new(&town, |_| None);
        let report = sync_through(&mut liu, &mut net);
        assert!(report.complete, "{how}: {report:?}");
        assert!(net.calls < 20, "{how}: {} calls", net.calls);
        assert_eq!(report.photos, 2, "{how}");
        let status = liu.device.status().unwrap();
        assert_eq!(
            (status.photos_damaged, status.photos_waiting),
            (1, 0),
            "{how}"
        );
        let told = liu.device.notices().unwrap();
        assert!(
            told.len() == 1 && told[0].contains(&bad.to_string()),
            "{told:?}"
        );
        // No second notice, and nothing of the photo is sent.
        assert!(sync_through(&mut liu, &mut net).complete);
        assert_eq!(liu.device.notices().unwrap().len(), 1);
        assert!(liu.device.removable_photos().unwrap().len() == 2);
        // The file is complete again: the upload continues.
        std::fs::write(&file, whole).unwrap();
        assert_eq!(town.sync(&mut liu).photos, 1, "{how}");
        let status = liu.device.status().unwrap();
        assert_eq!(
            (status.photos_damaged, status.photos_stored),
            (0, 3),
            "{how}"
        );
        assert!(liu.device.notices().unwrap().is_empty(), "{how}");
    }
}

#[test]
fn a_photo_that_never_moves_holds_up_no_other_and_no_sync() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shots: Vec<PhotoHash> = (1..=12)
        .map(|n| {
            let shot = photo(&mut liu.device, n, PhotoRole::Before).unwrap();
            found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
            shot.hash
        })
        .collect();
    // A filter refuses eleven of twelve photos because of their bytes; the twelfth passes.
    let good = std::fs::read(file_of(&liu, &shots[11])).unwrap();
    let dislike = |call: &Call| {
        (call.method == Method::Patch && call.body[..] != good[..call.body.len().min(good.len())])
            .then(|| page(403))
    };
    let mut net = Middlebox::new(&town, dislike);
    for _ in 0..8 {
        let report = sync_through(&mut liu, &mut net);
        assert!(!report.complete && report.requests < 80, "{report:?}");
        assert!(report.last_failure.unwrap().contains("403"));
    }
    assert!(is_stored(&liu, &shots[11]));
    assert_eq!(liu.device.status().unwrap().photos_refused, 0);
    assert_eq!(town.sync(&mut liu).photos, 11);
}

#[test]
fn only_the_servers_own_word_is_final() {
    for status in [
        400, 401, 403, 404, 405, 407, 409, 410, 413, 422, 451, 500, 511, 200, 204, 302,
    ] {
        let mut town = Town::new();
        let mut liu = town.phone("网格员甲");
        let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
        found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
        // Every kind of call is refused once.
        let mut seen = std::collections::BTreeSet::new();
        let mut net = Middlebox::new(&town, |call: &Call| {
            let kind = call
                .path
                .rsplit_once('/')
                .map_or("", |(before, _)| before)
                .to_owned();
            seen.insert((call.method.name(), kind, call.path.len() > 20))
                .then(|| page(status))
        });
        let mut report = sync_through(&mut liu, &mut net);
        if !report.complete {
            assert!(report.last_failure.is_some(), "{status}: {report:?}");
            report = sync_through(&mut liu, &mut net);
        }
        assert!(
            report.complete && report.refusal.is_none(),
            "{status}: {report:?}"
        );
        assert!(is_stored(&liu, &shot.hash), "{status}");
        let after = liu.device.status().unwrap();
        assert_eq!(
            (after.photos_refused, after.refused, after.unsent),
            (0, 0, 0),
            "{status}"
        );
        assert_eq!(town.changes_stored(), 1);
    }
}

#[test]
fn an_error_page_is_called_what_it_is_and_waited_for() {
    for status in [401, 404] {
        let mut town = Town::new();
        let mut liu = town.phone("网格员甲");
        found(&mut liu, &town, "三栋楼道堆物");
        let before = liu.device.host.clock.now();
        let mut net = Middlebox::new(&town, |_: &Call| Some(page(status)));
        let report = sync_through(&mut liu, &mut net);
        assert!(net.calls <= 9, "{} calls", net.calls);
        assert!(liu.device.host.clock.now() > before, "it waited");
        let why = report.last_failure.unwrap();
        assert!(why.contains(&format!("网络中间设备返回 {status}")), "{why}");
        assert!(report.refusal.is_none() && !report.complete);
        town.sync(&mut liu);
    }
}

#[test]
fn a_layer_that_takes_our_headers_away_loses_nothing() {
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let shot = photo(&mut liu.device, 5, PhotoRole::Before).unwrap();
    let same = photo(&mut wang.device, 5, PhotoRole::Before).unwrap();
    found_with(&mut wang, &town, "别人先传", vec![same]);
    town.sync(&mut wang);
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    struct Strips(Http, u32);
    impl Transport for Strips {
        fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
            self.1 += 1;
            let mut reply = self.0.send(call)?;
            reply.headers.retain(|(name, _)| {
                !["upload-", "tus-", "xuncha-"]
                    .iter()
                    .any(|p| name.starts_with(p))
            });
            Ok(reply)
        }
    }
    let mut net = Strips(town.http.clone(), 0);
    let report = liu.sync(&mut net, Options::default()).unwrap();
    assert!(!report.complete && net.1 < 20, "{report:?}");
    assert_eq!(liu.device.status().unwrap().photos_refused, 0);
    assert_eq!(town.sync(&mut liu).photos, 1);
    assert!(is_stored(&liu, &shot.hash));
}

/// Accepts bodies of at most this size.
fn limited(most: usize) -> impl FnMut(&Call) -> Option<Reply> {
    move |call| (call.body.len() > most).then(|| page(413))
}

/// Text that does not compress.
fn noise(seed: u64, length: usize) -> String {
    let mut state = seed;
    let mut word = || cli_simulator::chance::mix(&mut state);
    (0..length / 16)
        .map(|_| format!("{:016x}", word()))
        .collect()
}

#[test]
fn a_pack_that_is_too_large_for_the_network_goes_in_parts() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    for n in 0..60 {
        found(&mut liu, &town, &noise(n + 1, 480));
    }
    let mut net = Middlebox::new(&town, limited(6_000));
    let report = sync_through(&mut liu, &mut net);
    assert!(report.complete, "{report:?}");
    assert_eq!((report.acknowledged, town.changes_stored()), (60, 60));
    assert!(report.requests < 40, "{report:?}");
    let status = liu.device.status().unwrap();
    assert_eq!((status.unsent, status.sent_unacknowledged), (0, 0));
    // The chain of packs continues normally.
    found(&mut liu, &town, "之后");
    assert_eq!(town.sync(&mut liu).acknowledged, 1);
    // Photos are sent in smaller parts, too.
    let shot = photo(&mut liu.device, 4, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    let mut net = Middlebox::new(&town, limited(usize::try_from(shot.size).unwrap() - 1));
    let report = sync_through(&mut liu, &mut net);
    assert!(report.complete && report.photos == 1, "{report:?}");
}

#[test]
fn one_statement_that_no_network_takes_is_shown_and_the_others_go() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "一");
    found(&mut liu, &town, &noise(7, 1_800));
    let other = found(&mut liu, &town, "三");
    remark(&mut liu, other, "之后的话");
    let mut net = Middlebox::new(&town, limited(900));
    let report = sync_through(&mut liu, &mut net);
    assert!(!report.complete && report.aside == 1, "{report:?}");
    assert_eq!(town.changes_stored(), 3);
    let status = liu.device.status().unwrap();
    assert_eq!((status.unsent, status.held_back, status.refused), (1, 1, 0));
    assert_eq!(liu.device.notices().unwrap().len(), 1);
    // It is retried after the others, with no second notice.
    remark(&mut liu, doc, "第二天");
    let report = sync_through(&mut liu, &mut net);
    assert_eq!(report.acknowledged, 1);
    assert_eq!(liu.device.notices().unwrap().len(), 1);
    // Another network accepts it.
    town.sync(&mut liu);
    assert_eq!(town.changes_stored(), 5);
    assert_eq!(liu.device.status().unwrap().held_back, 0);
}

#[test]
fn a_layer_that_says_too_large_after_it_passed_the_pack_on_changes_nothing() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    for n in 0..8 {
        found(&mut liu, &town, &format!("第{n}处"));
    }
    struct Lies(Http, u32);
    impl Transport for Lies {
        fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
            let reply = self.0.send(call)?;
            if call.path == Sync::PATH && self.1 > 0 {
                self.1 -= 1;
                return Ok(page(413));
            }
            Ok(reply)
        }
    }
    let report = liu
        .sync(&mut Lies(town.http.clone(), 2), Options::default())
        .unwrap();
    assert!(report.complete, "{report:?}");
    assert_eq!(town.changes_stored(), 8);
    assert_eq!(liu.device.status().unwrap().acknowledged, 8);
}

#[test]
fn photos_that_an_older_app_took_for_refused_go_again() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    let records = Options {
        photos: false,
        ..Options::default()
    };
    liu.sync(&mut town.http.clone(), records).unwrap();
    let folder = liu.folder().to_owned();
    drop(liu);
    // As an earlier version of the app left it: a bare 403 stored as a refusal of the server.
    let c = Connection::open(folder.join("device.db")).unwrap();
    let malformed = Code::Malformed.number();
    c.execute("UPDATE photo SET refusal = ?1", [malformed])
        .unwrap();
    c.execute(
        "INSERT INTO notice (doc, code, text) SELECT doc, ?1, '内容损坏' FROM photo",
        [malformed],
    )
    .unwrap();
    drop(c);
    DEVICE.turn_back(&folder.join("device.db"), 3);
    let mut liu = Phone::simulated(&folder, 5, DeviceTime(MORNING)).unwrap();
    assert!(liu.device.notices().unwrap().is_empty());
    let report = town.sync(&mut liu);
    assert_eq!(report.photos, 1, "{report:?}");
    assert_eq!(town.sync(&mut liu).requests, 1);
}

#[test]
fn a_refusal_of_the_phone_is_no_refusal_of_its_photo() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let shot = photo(&mut liu.device, 1, PhotoRole::Before).unwrap();
    found_with(&mut liu, &town, "带照片", vec![shot.clone()]);
    let mut net = Middlebox::new(&town, |call: &Call| {
        let refusal = ("xuncha-refusal".to_owned(), "device-revoked".to_owned());
        (call.path == "/v1/blobs").then(|| Reply {
            status: 403,
            headers: vec![refusal],
            body: Vec::new(),
        })
    });
    let report = sync_through(&mut liu, &mut net);
    assert_eq!(report.refusal, Some(Code::DeviceRevoked));
    assert_eq!(town.sync(&mut liu).photos, 1);
    assert!(is_stored(&liu, &shot.hash));
}
