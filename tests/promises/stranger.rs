//! A caller without authentication cannot stop the server, and an authenticated one cannot use more than its share.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use reqwest::blocking::Client;
use sync_core::{
    photo::sample_jpeg,
    record::{DocId, PhotoHash},
    wire::{
        Exchange, PAGE_BYTES,
        pull::{Pull, Request},
    },
};

use crate::support::{
    Town,
    browser::PASSWORD,
    found, noise, remark,
    tus::{Tus, header, refusal},
};

/// Sends the beginning of a request and nothing more.
fn begun(town: &Town, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(town.app().address).unwrap();
    socket.write_all(text.as_bytes()).unwrap();
    socket
}

/// A request whose announced body is not sent completely.
fn unfinished(town: &Town, path: &str, more: &str, announced: usize, sent: usize) -> TcpStream {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\n{more}content-length: {announced}\r\n\r\n{}",
        "x".repeat(sent)
    );
    begun(town, &head)
}

/// Reads the head of a response.
fn answer(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        match socket.read(&mut some) {
            Ok(0) | Err(_) => break,
            Ok(n) => bytes.extend_from_slice(&some[..n]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn stalled_connections_and_bodies_do_not_keep_a_device_from_pushing() {
    let mut town = Town::configured(|config| {
        config.limits.max_in_flight = 32;
        config.limits.max_connections = 64;
        // No timeout ends during this test.
        config.limits.header = Duration::from_secs(3600);
        config.limits.small_body = Duration::from_secs(3600);
        config.limits.body_pause = Duration::from_secs(3600);
    });
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let mut open = Vec::new();
    for _ in 0..200 {
        open.push(begun(&town, "POST /v1/enrol HTTP/1.1\r\nhost: te"));
        open.push(unfinished(&town, "/v1/enrol", "", 200, 1));
        open.push(unfinished(&town, "/v1/session", "", 200, 1));
        open.push(unfinished(&town, "/v1/sign-in", "", 200, 1));
        open.push(unfinished(&town, "/v1/first-run", "", 200, 1));
        // Made-up credentials are refused before a body is read.
        let made_up = "cookie: __Host-xuncha=xs_made-up\r\n";
        open.push(unfinished(&town, "/v1/step-up", made_up, 200, 1));
        open.push(begun(&town, ""));
    }
    found(&mut liu, &town, "有人占着连接时发现");
    let report = town.sync(&mut liu);
    assert_eq!(report.acknowledged, 1, "{report:?}");
    assert_eq!(town.get("/healthz", "").0, 200);
    assert_eq!(town.operators("/healthz").0, 200);
    assert!(town.refusals("evicted") > 0);
    drop(open);
}

#[test]
fn stalled_sign_ins_do_not_keep_a_device_from_pushing() {
    let mut town = Town::configured(|config| {
        config.limits.max_connections = 64;
        config.limits.small_body = Duration::from_secs(3600);
        config.limits.body_pause = Duration::from_secs(3600);
    });
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    // Each is in its body before the next begins: the server asks for it.
    let open: Vec<TcpStream> = (0..100)
        .map(|_| {
            let more = "expect: 100-continue\r\n";
            let mut one = unfinished(&town, "/v1/sign-in", more, 200, 0);
            let said = answer(&mut one);
            assert!(said.starts_with("HTTP/1.1 100"), "{said}");
            one
        })
        .collect();
    found(&mut liu, &town, "有人占着登录时发现");
    let report = town.sync(&mut liu);
    assert_eq!(report.acknowledged, 1, "{report:?}");
    drop(open);
}

#[test]
fn who_stalls_is_let_go_of_after_a_while() {
    let town = Town::configured(|config| {
        config.limits.header = Duration::from_millis(50);
        config.limits.small_body = Duration::from_millis(50);
    });
    let mut headers = begun(&town, "GET /healthz HTTP/1.1\r\nhost: te");
    assert_eq!(answer(&mut headers), "");
    let mut nothing = begun(&town, "");
    assert_eq!(answer(&mut nothing), "");
    let mut body = unfinished(&town, "/v1/enrol", "", 200, 1);
    let said = answer(&mut body);
    assert!(
        said.starts_with("HTTP/1.1 408 ") && said.contains("too-slow"),
        "{said}"
    );
    // The connection is closed: the rest of the body would be parsed as another request.
    let mut rest = Vec::new();
    let _ = body.read_to_end(&mut rest);
    assert_eq!(town.refusals("header-timeout"), 2);
    assert_eq!(town.refusals("too-slow"), 1);
}

#[test]
fn a_device_may_rest_longer_between_two_requests_than_its_headers_may_take() {
    let town = Town::configured(|config| {
        config.limits.header = Duration::from_millis(50);
        config.limits.idle = Duration::from_secs(3600);
    });
    let mut socket = begun(&town, "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n");
    assert!(answer(&mut socket).starts_with("HTTP/1.1 200"));
    // The first connection is idle for at least as long as it takes until a later one is closed.
    assert_eq!(answer(&mut begun(&town, "GET /")), "");
    socket
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    assert!(answer(&mut socket).starts_with("HTTP/1.1 200"));
}

#[test]
fn nobody_sends_a_large_body_before_it_is_known_who_sends_it() {
    let mut town = Town::new();
    let liu = town.phone("网格员甲");
    drop(liu);
    for (path, more, says) in [
        ("/v1/push", "", "401"),
        ("/v1/push", "authorization: Bearer nobody\r\n", "401"),
        ("/v1/sync", "authorization: Bearer xr_nobody\r\n", "401"),
        ("/v1/blobs", "authorization: Bearer xr_nobody\r\n", "401"),
        ("/v1/reports", "authorization: Bearer xr_nobody\r\n", "401"),
        ("/v1/enrol", "", "413"),
        ("/v1/session", "", "413"),
    ] {
        // The response arrives although no byte of the body is sent.
        let mut socket = unfinished(&town, path, more, 1 << 20, 0);
        let said = answer(&mut socket);
        assert!(
            said.starts_with(&format!("HTTP/1.1 {says} ")),
            "{path}: {said}"
        );
        assert!(said.contains("xuncha-refusal"), "{path}: {said}");
    }
    // Without an announced length, a body without authentication is cut off at its limit.
    let head =
        "POST /v1/enrol HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n2000\r\n";
    let mut socket = begun(&town, head);
    let _ = socket.write_all(&[b'x'; 0x2000]);
    assert!(answer(&mut socket).starts_with("HTTP/1.1 413 "));
}

#[test]
fn an_answer_to_a_refused_body_arrives_although_all_of_it_was_sent() {
    let town = Town::new();
    for _ in 0..20 {
        let sent = Client::new()
            .post(town.url("/v1/push"))
            .bearer_auth("nobody");
        let answer = sent.body(vec![7; 3 << 20]).send().unwrap();
        assert_eq!(refusal(&answer), (401, "session-expired".into()));
    }
}

/// A photo whose header declares another size.
fn declaring(seed: u64, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = sample_jpeg(seed, 640, 480, None);
    let frame = bytes
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn a_photo_that_declares_more_pixels_than_a_working_copy_has_is_refused_by_its_header() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let tus = Tus::new(&town, liu.device.token().unwrap().unwrap());
    for (seed, (width, height)) in (0..).zip([(13_000, 13_000), (2_049, 64), (64, 20_000)]) {
        let bomb = declaring(seed, width, height);
        let at = tus.opened(&bomb);
        assert_eq!(
            refusal(&tus.patch(&at, 0, &bomb)),
            (422, "photo-too-large".into())
        );
        assert_eq!(tus.offset(&at), Err(410));
    }
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12];
    let mut endless = sample_jpeg(9, 640, 480, None);
    endless.truncate(endless.len() - 2);
    endless.extend(scan.repeat(500));
    endless.extend([0xff, 0xd9]);
    let at = tus.opened(&endless);
    assert_eq!(
        refusal(&tus.patch(&at, 0, &endless)),
        (422, "photo-too-large".into())
    );
    assert_eq!(town.photos_listed(), 0);
    let largest = sample_jpeg(10, 2_048, 1_536, None);
    let at = tus.opened(&largest);
    assert_eq!(tus.patch(&at, 0, &largest).status(), 204);
    assert_eq!(
        (town.photos_listed(), town.refusals("photo-too-large")),
        (1, 4)
    );
}

#[test]
fn records_asked_for_by_name_come_in_pages_that_say_what_is_left() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let mut all: Vec<DocId> = (0..14)
        .map(|n| found(&mut liu, &town, &format!("第{n}处")))
        .collect();
    for doc in &all {
        for n in 0..30_u64 {
            remark(&mut liu, *doc, &noise(n, 1_500));
        }
    }
    town.sync(&mut liu);
    let token = liu.device.token().unwrap().unwrap();
    let client = Client::new();
    let mut wanted = all.clone();
    wanted.push(DocId([0x55; 16]));
    let (mut came, mut pages) = (Vec::new(), 0);
    while !wanted.is_empty() {
        let request = Request {
            scopes: Vec::new(),
            need: wanted.clone(),
            page_documents: None,
        };
        let body = Pull::write_request(&request);
        let answer = client
            .post(town.url(Pull::PATH))
            .bearer_auth(&token)
            .body(body);
        let bytes = answer.send().unwrap().bytes().unwrap();
        let page = Pull::read_response(&bytes).unwrap().pages.pop().unwrap();
        let size = minicbor::to_vec(&page).unwrap().len();
        assert!(size < PAGE_BYTES + 300_000, "{size}");
        assert!(!page.items.is_empty());
        came.extend(page.items.iter().map(|item| item.doc));
        // Documents that do not exist are neither sent nor in `left`.
        wanted = page.left.unwrap_or_default();
        pages += 1;
    }
    came.sort();
    all.sort();
    assert_eq!(came, all);
    assert!(pages > 1);
}

#[test]
fn who_tries_many_codes_or_keys_waits_and_nobody_else_does() {
    let mut town = Town::configured(|config| config.limits.wrong_per_minute = 5);
    let mut liu = town.phone("审核员辛");
    town.sync(&mut liu);
    let session = liu.device.token().unwrap().unwrap();
    let good = town.token("审核员丁");
    let client = Client::new();
    let get = |from: &str, token: &str| {
        let ask = client.get(town.url("/v1/hazards")).bearer_auth(token);
        ask.header("x-forwarded-for", from).send().unwrap()
    };
    let (bad, other) = ("203.0.113.7", "203.0.113.8");
    assert_eq!(get(bad, &good).status(), 200);
    for n in 0..5 {
        assert_eq!(
            refusal(&get(bad, &format!("xr_{n}"))),
            (401, "session-expired".into())
        );
    }
    let waits = get(bad, "xr_6");
    assert_eq!(refusal(&waits), (429, "too-many".into()));
    assert!(header(&waits, "retry-after").parse::<u64>().unwrap() > 0);
    let enrol = client
        .post(town.url("/v1/enrol"))
        .header("x-forwarded-for", bad);
    assert_eq!(
        refusal(&enrol.body("x").send().unwrap()),
        (429, "too-many".into())
    );
    // Behind the same address: a session of this server, and a token that was valid before.
    assert_eq!(get(bad, &session).status(), 200);
    assert_eq!(get(bad, &good).status(), 200);
    assert_eq!(
        refusal(&get(other, "xr_6")),
        (401, "session-expired".into())
    );
    assert_eq!(
        (town.refusals("session-expired"), town.refusals("too-many")),
        (6, 2)
    );
    // And what this server makes while others wait: a session, the one that replaces it, a key.
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let again = refusal(&get("203.0.113.5", "xr_7"));
    assert_eq!(again, (401, "session-expired".into()));
    for n in 0..5 {
        get("203.0.113.5", &format!("xr_{n}"));
    }
    assert_eq!(refusal(&get("203.0.113.5", "xr_6")).0, 429);
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    assert_eq!(ding.get("/v1/hazards").0, 200);
    let proof = serde_json::json!({ "password": PASSWORD });
    ding.done("POST", "/v1/step-up", Some(&proof));
    assert_eq!(ding.get("/v1/hazards").0, 200);
    let key = ding.done("POST", "/v1/me/keys", Some(&serde_json::json!({})));
    assert_eq!(
        get("203.0.113.5", key["key"].as_str().unwrap()).status(),
        200
    );
    // A made-up session is a guess.
    ding.session = Some("xs_made-up".to_owned());
    assert_eq!(ding.get("/v1/hazards").0, 429);
}

#[test]
fn answers_say_what_a_browser_must_not_do_with_them() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let tus = Tus::new(&town, liu.device.token().unwrap().unwrap());
    let photo = sample_jpeg(1, 300, 200, None);
    let at = tus.opened(&photo);
    assert_eq!(tus.patch(&at, 0, &photo).status(), 204);
    let hash = PhotoHash::of(&photo);
    let token = town.token("审核员丁");
    let get = |path: &str, scheme: &str, token: &str| {
        let ask = Client::new().get(town.url(path));
        ask.header("authorization", format!("{scheme} {token}"))
            .send()
            .unwrap()
    };
    for path in [
        "/v1/hazards",
        "/v1/exports/hazards.csv",
        "/v1/exports/hazards.geojson",
    ] {
        // The name of the scheme is not case-sensitive.
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let answer = get(path, scheme, &token);
            assert_eq!(answer.status(), 200, "{path} {scheme}");
            assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
            assert_eq!(
                header(&answer, "x-content-type-options"),
                "nosniff",
                "{path}"
            );
        }
    }
    let photo = get(&format!("/v1/blobs/{hash}"), "Bearer", &tus.token);
    assert_eq!(photo.status(), 200);
    assert_eq!(header(&photo, "x-content-type-options"), "nosniff");
    assert!(header(&photo, "content-security-policy").contains("default-src 'none'"));
    assert!(header(&photo, "cache-control").contains("no-store"));
    let viewer = get("/docs/", "Bearer", "");
    assert_eq!(viewer.status(), 200);
    assert_eq!(header(&viewer, "x-frame-options"), "DENY");
    let policy = header(&viewer, "content-security-policy");
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"));
}
