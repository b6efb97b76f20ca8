//! A stolen session, a used code, and a request in flight give no more than their time.

use serde_json::json;
use xuncha_server::storage::{StorageError, Tx};

use crate::support::{
    Town,
    browser::{Browser, PASSWORD},
    sealing::{AFTERNOON, daily},
};

#[test]
fn a_stolen_session_guesses_the_password_no_faster_with_a_second_factor_of_its_own() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let (totp, _) = ding.set_up_totp(&town);
    let mut compared = 0;
    for _ in 0..12 {
        town.later(30_000);
        let proof = json!({ "code": town.code_of(&totp) });
        // The thief has the authenticator too, and proves that now and then.
        let _ = ding.post("/v1/step-up", &proof);
        let guess = json!({ "password": "a wrong password" });
        let (status, answer) = ding.post("/v1/step-up", &guess);
        compared += usize::from(status == 401);
        assert!(status == 401 || status == 429, "{answer}");
        let guess = json!({ "old": "a wrong password", "new": "another long password" });
        compared += usize::from(ding.post("/v1/me/password", &guess).0 == 401);
        // To confirm a second factor is no way to begin the count again.
        let _ = ding.post("/v1/me/totp", &json!({}));
        let confirm = json!({ "code": town.code_of(&totp), "present": "000000" });
        let _ = ding.post("/v1/me/totp", &confirm);
    }
    assert!(compared <= 5, "{compared} guesses were compared");
}

#[test]
fn a_one_time_code_opens_one_session_in_which_it_is_replaced() {
    let town = Town::new();
    let mut three = town.administrators();
    let ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let person = town.world.actor("审核员丁").person;
    let path = format!("/v1/admin/accounts/{person}/code");
    let code = |three: &mut [Browser; 3]| {
        let made = three[0].done("POST", &path, Some(&json!({})));
        made["code"].as_str().unwrap().to_owned()
    };
    let first = code(&mut three);
    let mut own = ding.clone();
    assert_eq!(own.sign_in("ding", &first).0, 200);
    let mut thief = Browser::new(&town, "192.0.2.1");
    assert_eq!(thief.sign_in("ding", &first).0, 401, "it was used");
    // It is no password: it proves nothing later.
    let proof = json!({ "password": first });
    own.refused("POST", "/v1/step-up", Some(&proof), "sign-in-refused");
    own.refused("GET", "/v1/hazards", None, "password-change-needed");
    let change = json!({ "old": first, "new": "another long password" });
    own.done("POST", "/v1/me/password", Some(&change));
    assert_eq!(own.get("/v1/hazards").0, 200);

    // With a second factor it is the same.
    let mut own = ding.clone();
    assert_eq!(own.sign_in("ding", "another long password").0, 200);
    let asked = own.done("POST", "/v1/me/totp", Some(&json!({})));
    let secret = totp_rs::Secret::try_from_base32(asked["secret"].as_str().unwrap()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let confirm = json!({ "code": town.code_of(&totp), "password": "another long password" });
    own.done("POST", "/v1/me/totp", Some(&confirm));
    let second = code(&mut three);
    town.later(30_000);
    let both = json!({ "name": "ding", "password": second, "code": town.code_of(&totp) });
    own.done("POST", "/v1/sign-in", Some(&both));
    town.later(30_000);
    own.done(
        "POST",
        "/v1/step-up",
        Some(&json!({ "code": town.code_of(&totp) })),
    );
    let change = json!({ "old": second, "new": "a third long password" });
    own.done("POST", "/v1/me/password", Some(&change));

    // A code that has ended changes nothing in a session that another code opened.
    let third = code(&mut three);
    town.later(30_000);
    let both = json!({ "name": "ding", "password": third, "code": town.code_of(&totp) });
    own.done("POST", "/v1/sign-in", Some(&both));
    let fourth = code(&mut three);
    let change = json!({ "old": fourth, "new": "a fourth long password" });
    assert_eq!(own.post("/v1/me/password", &change).0, 401);
}

/// Sends a request up to its body, waits until the server asks for the body, does something, and sends the body.
fn in_two_parts(town: &Town, path: &str, cookie: &str, body: &str, between: impl FnOnce()) -> u16 {
    use std::io::{Read as _, Write as _};
    let mut socket = std::net::TcpStream::connect(town.app().address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\ncookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut asked = [0; 25];
    socket.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    between();
    socket.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer[9..12].parse().unwrap()
}

#[test]
fn what_ends_while_a_body_is_sent_decides_nothing() {
    let town = Town::new();
    town.at(AFTERNOON);
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let order = daily(town.world.county.as_str()).to_string();
    let cookie = |of: &Browser| format!("__Host-xuncha={}", of.session.as_ref().unwrap());
    let me = ding.done("GET", "/v1/me", None);
    let (person, role) = (
        me["person"].as_str().unwrap().to_owned(),
        me["assignments"][0]["id"].as_str().unwrap().to_owned(),
    );
    let account = format!("/v1/admin/accounts/{person}");
    let unharmed = in_two_parts(&town, "/v1/reports", &cookie(&ding), &order, || {});
    assert_eq!(unharmed, 200);
    let second = order.replace("T16:00", "T16:01");
    let ended = in_two_parts(&town, "/v1/reports", &cookie(&ding), &second, || {
        three[1].done("DELETE", &format!("/v1/admin/assignments/{role}"), None);
    });
    assert_eq!(ended, 403);
    let own = json!({ "role": "county_reviewer", "area": town.world.county.as_str() });
    three[1].done("POST", &format!("{account}/assignments"), Some(&own));
    let suspended = in_two_parts(&town, "/v1/reports", &cookie(&ding), &second, || {
        three[0].done("POST", &format!("{account}/suspend"), Some(&json!({})));
    });
    assert_eq!(suspended, 401);
    three[0].done("POST", &format!("{account}/resume"), Some(&json!({})));
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    // Nor does an administrator whose session ends.
    let system = three[0].clone();
    let new = json!({ "login": "late.one", "person": { "name": "新人", "organisation": "示范县住建局" } });
    let signed_out = in_two_parts(
        &town,
        "/v1/admin/accounts",
        &cookie(&system),
        &new.to_string(),
        || {
            three[0].done("POST", "/v1/sign-out", Some(&json!({})));
        },
    );
    assert_eq!(signed_out, 401);
    assert_eq!(
        Browser::new(&town, "192.0.2.1").sign_in("late.one", "x").0,
        401
    );
    let reports = town.json("/v1/reports", &town.token("审核员辛"));
    assert_eq!(reports.as_array().map_or(1, Vec::len), 1, "{reports}");
}

#[test]
fn a_password_that_is_sent_as_a_number_is_refused_without_being_repeated() {
    let town = Town::new();
    let mut browser = Browser::new(&town, "192.0.2.1");
    for body in [
        json!({ "name": "ding", "password": 8_675_309_421_i64 }),
        json!({ "name": "ding", "password": { "8675309421": true } }),
    ] {
        let (status, answer) = browser.post("/v1/sign-in", &body);
        assert_eq!(status, 400, "{answer}");
        assert!(!answer.to_string().contains("8675309421"), "{answer}");
    }
}

/// Guesses at accounts that were counted.
fn counted(town: &Town) -> i64 {
    let sql = "SELECT COUNT(*) FROM sign_in_lane WHERE lane <> '*'";
    let read = move |tx: &mut dyn Tx| tx.first(sql, &[], |row| row.int(0));
    let found: Result<_, StorageError> = town.runtime.block_on(town.app().storage.read(read));
    found.unwrap().unwrap()
}

#[test]
fn of_two_concurrent_uses_of_a_one_time_code_one_opens_a_session() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let person = town.world.actor("审核员丁").person;
    let path = format!("/v1/admin/accounts/{person}/code");
    let made = three[0].done("POST", &path, Some(&json!({})));
    let code = made["code"].as_str().unwrap();
    std::thread::scope(|scope| {
        // Strangers wait for their turns; the thief behind them has been counted, and waits with the time of its arrival.
        let before = counted(&town);
        for n in 0..12 {
            let mut stranger = Browser::new(&town, "192.0.2.1");
            scope.spawn(move || stranger.sign_in(&format!("stranger.{n}"), "a wrong password"));
        }
        while counted(&town) < before + 12 {
            std::thread::yield_now();
        }
        let mut thief = Browser::new(&town, "198.51.100.1");
        let thief = scope.spawn(move || thief.sign_in("ding", code).0);
        while counted(&town) < before + 13 && !thief.is_finished() {
            std::thread::yield_now();
        }
        // The person has a known browser, does not wait, and comes later by the clock.
        town.later(1);
        let own = ding.sign_in("ding", code).0;
        let all = [own, thief.join().unwrap()];
        let signed_in = all.iter().filter(|status| **status == 200).count();
        assert_eq!(signed_in, 1, "{all:?}");
    });
}
