//! A person signs in, decides after a proof, and reads what the assignments allow; a session ends when it must.

use serde_json::json;

use crate::support::{
    Town,
    browser::{Browser, PASSWORD},
    found,
    sealing::{AFTERNOON, HOUR, daily},
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * HOUR;

#[test]
fn a_reviewer_signs_in_and_reads_what_the_assignment_allows_until_it_ends() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.project();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let list = ding.done("GET", "/v1/hazards", None);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(ding.get(&format!("/v1/hazards/{doc}")).0, 200);
    let me = ding.done("GET", "/v1/me", None);
    assert_eq!(
        (&me["login"], &me["class"]),
        (&json!("ding"), &json!("business"))
    );
    assert_eq!(me["assignments"][0]["role"], "county_reviewer");

    // The end of the assignment ends the reading at once; the session stays.
    let id = me["assignments"][0]["id"].as_str().unwrap();
    let [_, security, _] = &mut three;
    security.done("DELETE", &format!("/v1/admin/assignments/{id}"), None);
    ding.refused("GET", "/v1/hazards", None, "out-of-scope");
    assert_eq!(ding.get("/v1/me").0, 200);

    // One of tomorrow is not valid today.
    let person = town.world.actor("审核员丁").person;
    let path = format!("/v1/admin/accounts/{person}/assignments");
    let tomorrow = json!({ "role": "county_reviewer", "area": "429999/429998", "from": "2024-03-26", "until": "2024-03-27" });
    security.done("POST", &path, Some(&tomorrow));
    ding.refused("GET", "/v1/hazards", None, "out-of-scope");
    town.later(DAY);
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    assert_eq!(ding.get("/v1/hazards").0, 200);
    town.later(DAY);
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    ding.refused("GET", "/v1/hazards", None, "out-of-scope");
}

#[test]
fn a_session_ends_when_it_rests_when_it_is_old_and_when_its_person_ends_it() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let mut other = ding.clone();
    other.session = None;
    // In use, it lasts eight hours.
    for _ in 0..31 {
        town.later(15 * MINUTE);
        assert_eq!(ding.get("/v1/me").0, 200);
    }
    town.later(15 * MINUTE + 1);
    ding.refused("GET", "/v1/me", None, "signed-out");
    assert_eq!(ding.sign_in("DING ", PASSWORD).0, 200);
    town.later(20 * MINUTE + 1);
    ding.refused("GET", "/v1/me", None, "signed-out");
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    assert_eq!(other.sign_in("ding", PASSWORD).0, 200);
    let sessions = ding.done("GET", "/v1/me/sessions", None);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    let theirs = sessions.iter().find(|one| one["current"] == false).unwrap();
    let path = format!("/v1/me/sessions/{}", theirs["id"].as_str().unwrap());
    ding.done("DELETE", &path, None);
    assert_eq!(other.get("/v1/me").0, 401);
    let token = ding.session.clone();
    ding.done("POST", "/v1/sign-out", Some(&json!({})));
    assert_eq!(ding.session, None);
    ding.session = token;
    assert_eq!(ding.get("/v1/me").0, 401);
}

#[test]
fn a_decision_needs_a_proof_of_the_last_fifteen_minutes_and_a_key_does_not() {
    let town = Town::new();
    town.at(AFTERNOON);
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    town.later(15 * MINUTE);
    assert_eq!(ding.get("/v1/me").0, 200);
    town.later(1);
    let order = daily(town.world.county.as_str());
    ding.refused("POST", "/v1/reports", Some(&order), "step-up-needed");
    let wrong = json!({ "password": "not the password" });
    ding.refused("POST", "/v1/step-up", Some(&wrong), "sign-in-refused");
    let before = ding.session.clone();
    ding.done(
        "POST",
        "/v1/step-up",
        Some(&json!({ "password": PASSWORD })),
    );
    assert_ne!(ding.session, before, "the token is replaced");
    let mut stolen = ding.clone();
    stolen.session = before;
    assert_eq!(stolen.get("/v1/me").0, 401);
    let view = ding.done("POST", "/v1/reports", Some(&order));
    assert_eq!(view["state"], "draft");
    // A key decides as before.
    let key = town.token("审核员辛");
    let path = format!("/v1/reports/{}/steps", view["id"].as_str().unwrap());
    let (status, view) = town.post(&path, &key, &json!({ "step": "county_signed" }));
    assert_eq!(status, 200, "{view}");
}

#[test]
fn a_password_is_long_uncommon_new_and_changed_in_time() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let change = |ding: &mut Browser, old: &str, new: &str| {
        ding.post("/v1/me/password", &json!({ "old": old, "new": new }))
    };
    for unfit in ["short", "1qaz2wsx3edc", "123456789012", "my name is ding!"] {
        let (status, why) = change(&mut ding, PASSWORD, unfit);
        assert_eq!(
            (status, &why["code"]),
            (422, &json!("password-unfit")),
            "{unfit}"
        );
    }
    let mut last = PASSWORD.to_owned();
    for n in 1..5 {
        let next = format!("{n} correct horses");
        assert_eq!(change(&mut ding, &last, &next).0, 200);
        last = next;
        town.later(1);
    }
    assert_eq!(
        change(&mut ding, &last, PASSWORD).0,
        422,
        "one of the last five"
    );
    assert_eq!(change(&mut ding, &last, "5 correct horses").0, 200);
    town.later(1);
    assert_eq!(change(&mut ding, "5 correct horses", PASSWORD).0, 200);
    // After 90 days nothing works until it is changed.
    town.later(90 * DAY + 1);
    let (status, view) = ding.sign_in("ding", PASSWORD);
    assert_eq!((status, &view["must_change_password"]), (200, &json!(true)));
    ding.refused("GET", "/v1/hazards", None, "password-change-needed");
    assert_eq!(change(&mut ding, PASSWORD, "another long password").0, 200);
    assert_eq!(ding.get("/v1/hazards").0, 200);
}

#[test]
fn a_second_factor_is_asked_for_and_each_code_works_once() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let (totp, recovery) = ding.set_up_totp(&town);
    assert_eq!(recovery.len(), 10);
    let sign_in = |town: &Town, code: Option<&str>| {
        let mut browser = Browser::new(town, "192.0.2.77");
        let body = json!({ "name": "ding", "password": PASSWORD, "code": code });
        let (status, answer) = browser.post("/v1/sign-in", &body);
        (
            status,
            answer["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(
        sign_in(&town, None),
        (401, "second-factor-needed".to_owned())
    );
    // The code that confirmed the second factor was used.
    let used = town.code_of(&totp);
    assert_eq!(sign_in(&town, Some(&used)).0, 401);
    town.later(30_000);
    let code = town.code_of(&totp);
    assert_eq!(sign_in(&town, Some(&code)).0, 200);
    assert_eq!(
        sign_in(&town, Some(&code)).1,
        "sign-in-refused",
        "a code works once"
    );
    let lower = recovery[3].to_lowercase();
    assert_eq!(sign_in(&town, Some(&lower)).0, 200);
    assert_eq!(
        sign_in(&town, Some(&lower)).0,
        401,
        "a recovery code works once"
    );
    let me = ding.done("GET", "/v1/me", None);
    assert_eq!(
        (&me["second_factor"], &me["recovery_codes"]),
        (&json!(true), &json!(9))
    );
    // It proves who decides, too.
    town.later(30_000);
    let proof = json!({ "code": town.code_of(&totp) });
    ding.done("POST", "/v1/step-up", Some(&proof));
    ding.refused("POST", "/v1/step-up", Some(&proof), "sign-in-refused");

    // The present one is needed to replace it: a session alone does not.
    ding.done("POST", "/v1/me/totp", Some(&json!({})));
    let asked = ding.done("POST", "/v1/me/totp", Some(&json!({})));
    let secret = totp_rs::Secret::try_from_base32(asked["secret"].as_str().unwrap()).unwrap();
    let new = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let code = town.code_of(&new);
    let bare = json!({ "code": code });
    ding.refused("POST", "/v1/me/totp", Some(&bare), "bad-filter");
    let by_password = json!({ "code": code, "password": PASSWORD });
    ding.refused("POST", "/v1/me/totp", Some(&by_password), "bad-filter");
    let by_itself = json!({ "code": code, "present": code });
    ding.refused("POST", "/v1/me/totp", Some(&by_itself), "sign-in-refused");
    let right = json!({ "code": code, "present": recovery[5] });
    ding.done("POST", "/v1/me/totp", Some(&right));
    town.later(30_000);
    assert_eq!(sign_in(&town, Some(&town.code_of(&totp))).0, 401);
    assert_eq!(sign_in(&town, Some(&town.code_of(&new))).0, 200);
}

#[test]
fn another_site_cannot_use_the_cookies_of_a_browser() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://elsewhere.example"),
    ] {
        ding.headers = vec![(name, value.to_owned())];
        ding.refused("POST", "/v1/sign-out", Some(&json!({})), "cross-site");
        ding.refused("POST", "/v1/reports", Some(&json!({})), "cross-site");
        let again = json!({ "name": "ding", "password": PASSWORD });
        ding.refused("POST", "/v1/sign-in", Some(&again), "cross-site");
        // A browser may add a name and a password of its own to what another site causes.
        let basic = ("authorization", "Basic eDp5".to_owned());
        ding.headers.push(basic);
        ding.refused("POST", "/v1/sign-out", Some(&json!({})), "cross-site");
    }
    let host = town.app().address.to_string();
    for (name, value) in [
        ("sec-fetch-site", "same-origin".to_owned()),
        ("origin", format!("http://{host}")),
    ] {
        ding.headers = vec![(name, value)];
        ding.done(
            "POST",
            "/v1/step-up",
            Some(&json!({ "password": PASSWORD })),
        );
    }
    // A key is no cookie: a page on another host may use it.
    let mut page = Browser::new(&town, "203.0.113.9");
    page.headers = vec![
        ("origin", "https://tools.example".to_owned()),
        (
            "authorization",
            format!("Bearer {}", town.token("审核员丁")),
        ),
    ];
    let (_, answer) = page.post("/v1/reports", &json!({}));
    assert_eq!(answer["code"], "bad-filter", "{answer}");
    // The cookies of a request with a token are not read, whatever the token.
    for token in ["x", "xr_made-up", &town.token("审核员丁")] {
        let mut forged = ding.clone();
        forged.headers = vec![
            ("origin", "https://elsewhere.example".to_owned()),
            ("sec-fetch-site", "cross-site".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ];
        for (method, path) in [("POST", "/v1/sign-out"), ("GET", "/v1/me")] {
            let body = Some(json!({})).filter(|_| method == "POST");
            forged.refused(method, path, body.as_ref(), "signed-out");
        }
    }
    ding.headers.clear();
    assert_eq!(ding.get("/v1/me").0, 200);
    // A session is accepted only from its cookie.
    let mut bearer = Browser::new(&town, "203.0.113.9");
    bearer.headers = vec![("authorization", format!("Bearer {}", ding.session.unwrap()))];
    assert_eq!(bearer.get("/v1/hazards").0, 401);
}

#[test]
fn a_person_with_several_roles_names_the_one_that_decides() {
    let town = Town::new();
    town.at(AFTERNOON);
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let person = town.world.actor("审核员丁").person;
    let path = format!("/v1/admin/accounts/{person}/assignments");
    let second = json!({ "role": "street_officer", "area": "429999/429998/429998001" });
    three[1].done("POST", &path, Some(&second));
    let order = daily(town.world.county.as_str());
    ding.refused("POST", "/v1/reports", Some(&order), "out-of-scope");
    let me = ding.done("GET", "/v1/me", None);
    let assignments = me["assignments"].as_array().unwrap().clone();
    let of = |role: &str| {
        let found = assignments.iter().find(|one| one["role"] == role);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    ding.headers = vec![("xuncha-assignment", of("street_officer"))];
    ding.refused("POST", "/v1/reports", Some(&order), "out-of-scope");
    ding.headers = vec![("xuncha-assignment", of("county_reviewer"))];
    ding.done("POST", "/v1/reports", Some(&order));
    for unknown in ["0".repeat(32), "审".to_owned(), String::new()] {
        ding.headers = vec![("xuncha-assignment", unknown)];
        ding.refused("GET", "/v1/hazards", None, "out-of-scope");
    }
}
