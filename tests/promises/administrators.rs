//! Three administrators share the administration, and none of them can do the work of another or of a reviewer.

use serde_json::{Value, json};
use xuncha_server::storage::{StorageError, Tx};

use crate::{
    command_line::{done, refused},
    support::{
        Town,
        browser::{Browser, PASSWORD},
        sealing::{AFTERNOON, HOUR, daily},
    },
};

#[test]
fn the_first_run_makes_three_administrators_once() {
    let town = Town::new();
    let said = done(&town, &["admin", "first-run"]);
    let codes: Vec<(&str, &str)> = said
        .lines()
        .filter_map(|line| line.split_once(" administrator: "))
        .map(|(class, code)| (class.rsplit(' ').next().unwrap(), code))
        .collect();
    assert_eq!(codes.len(), 3, "{said}");
    let mut browser = Browser::new(&town, "198.51.100.7");
    let make = |browser: &mut Browser, code: &str, login: &str, password: &str| {
        let body = json!({ "code": code, "login": login, "password": password, "name": "管理员", "organisation": "示范县大数据局" });
        browser.post("/v1/first-run", &body)
    };
    assert_eq!(
        make(&mut browser, "ABCDEFGHJKLM", "root", PASSWORD).1["code"],
        "code-invalid"
    );
    for (class, code) in &codes {
        assert_eq!(make(&mut browser, code, class, "short").0, 422);
        let typed = format!("{}-{}", code[..6].to_lowercase(), &code[6..]);
        let (status, view) = make(&mut browser, &typed, class, PASSWORD);
        assert_eq!((status, &view["class"]), (200, &json!(class)), "{view}");
        assert_eq!(
            make(&mut browser, code, "again", PASSWORD).1["code"],
            "code-invalid"
        );
        assert_eq!(browser.sign_in(class, PASSWORD).0, 200);
        let me = browser.done("GET", "/v1/me", None);
        assert_eq!(me["class"], *class);
    }
    assert!(refused(&town, &["admin", "first-run"]).contains("--again"));
    let more = done(&town, &["admin", "first-run", "--again", "audit"]);
    assert!(more.contains("audit administrator: ") && !more.contains("system administrator"));
    let list = done(&town, &["admin", "accounts", "list"]);
    assert!(
        list.contains("security  security") && !list.contains("again"),
        "{list}"
    );
}

/// Every administrative route, with the classes that may use it.
const ROUTES: [(&str, &str, &[&str]); 15] = [
    ("GET", "/v1/admin/accounts", &["system", "security"]),
    ("POST", "/v1/admin/accounts", &["system"]),
    ("POST", "/v1/admin/accounts/{person}/suspend", &["system"]),
    ("POST", "/v1/admin/accounts/{person}/resume", &["system"]),
    ("POST", "/v1/admin/accounts/{person}/code", &["system"]),
    ("POST", "/v1/admin/accounts/{person}/unlock", &["security"]),
    ("DELETE", "/v1/admin/accounts/{person}/totp", &["security"]),
    (
        "POST",
        "/v1/admin/accounts/{person}/assignments",
        &["security"],
    ),
    ("DELETE", "/v1/admin/assignments/{id}", &["security"]),
    ("GET", "/v1/admin/accounts/{person}/sessions", &["security"]),
    (
        "DELETE",
        "/v1/admin/accounts/{person}/sessions/{id}",
        &["security"],
    ),
    ("GET", "/v1/admin/keys", &["security"]),
    ("DELETE", "/v1/admin/keys/{id}", &["security"]),
    ("GET", "/v1/audit", &["audit"]),
    ("GET", "/v1/hazards", &["business"]),
];

fn body_of(path: &str) -> Option<Value> {
    let body = match path {
        "/v1/admin/accounts" => {
            json!({ "login": "new.one", "person": { "name": "新人", "organisation": "示范县住建局" } })
        }
        path if path.ends_with("/assignments") => {
            json!({ "role": "county_reviewer", "area": "429999/429998" })
        }
        _ => json!({}),
    };
    Some(body)
}

#[test]
fn each_route_is_for_its_administrator_alone() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let api = town.json("/openapi.json", "");
    let listed = ROUTES
        .iter()
        .filter(|(_, path, _)| !path.contains("hazards"))
        .count();
    let described: usize = api["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, _)| path.starts_with("/v1/admin") || *path == "/v1/audit")
        .map(|(_, methods)| methods.as_object().unwrap().len())
        .sum();
    assert_eq!(listed, described, "a route is missing in this test");
    let [system, security, audit] = &mut three;
    for (class, browser) in [
        ("system", system),
        ("security", security),
        ("audit", audit),
        ("business", &mut ding),
    ] {
        for (method, path, allowed) in ROUTES {
            if allowed.contains(&class) {
                continue;
            }
            let body = body_of(path).filter(|_| method == "POST");
            let path = path
                .replace("{person}", "00000000-0000-7000-8000-000000000000")
                .replace("{id}", &"0".repeat(32));
            let (status, answer) = browser.call(method, &path, body.as_ref());
            assert_eq!(
                (status, &answer["code"]),
                (403, &json!("out-of-scope")),
                "{class} {method} {path}"
            );
        }
    }
    // Without a session, and with a key, they are closed.
    let mut stranger = Browser::new(&town, "192.0.2.1");
    stranger.headers = vec![(
        "authorization",
        format!("Bearer {}", town.token("审核员丁")),
    )];
    for (method, path, _) in ROUTES
        .iter()
        .filter(|(_, path, _)| !path.contains("hazards"))
    {
        let path = path.replace("{person}", "x").replace("{id}", "x");
        assert_eq!(stranger.call(method, &path, None).0, 401, "{path}");
    }
}

#[test]
fn one_person_has_one_administration_and_no_other_role() {
    let town = Town::new();
    let mut three = town.administrators();
    let [system, security, audit] = &mut three;
    let admin = audit.done("GET", "/v1/me", None)["person"]
        .as_str()
        .unwrap()
        .to_owned();
    let role = json!({ "role": "county_reviewer", "area": "429999/429998" });
    let path = format!("/v1/admin/accounts/{admin}/assignments");
    security.refused("POST", &path, Some(&role), "out-of-scope");
    // No administrator makes a key, for another person or for themselves.
    let key = json!({ "person": admin, "role": "county_reviewer", "area": "429999/429998" });
    assert_eq!(security.post("/v1/admin/keys", &key).0, 405);
    security.refused("POST", "/v1/me/keys", Some(&json!({})), "out-of-scope");
    let second = json!({ "login": "second", "person": { "person": admin } });
    system.refused(
        "POST",
        "/v1/admin/accounts",
        Some(&second),
        "account-exists",
    );
    // Nor does the console give one, and administrators do not reset each other.
    let area = ["--area", "429999/429998", "--person", &admin];
    let token = [&["admin", "token", "--role", "county_reviewer"][..], &area].concat();
    assert!(refused(&town, &token).contains("administrator"));
    let enrol = [
        &[
            "admin",
            "enrol",
            "--role",
            "dpo",
            "--space",
            "429999/429998",
        ][..],
        &area,
    ]
    .concat();
    assert!(refused(&town, &enrol).contains("administrator"));
    let path = format!("/v1/admin/accounts/{admin}/code");
    system.refused("POST", &path, Some(&json!({})), "out-of-scope");

    // The database itself refuses both, whatever the program does.
    let id: sync_core::record::PersonId = admin.parse().unwrap();
    let run = |sql: &'static str| {
        let write = move |tx: &mut dyn Tx| tx.execute(sql, &[id.as_bytes().into()]);
        town.runtime
            .block_on(town.app().storage.write(write))
            .is_ok()
    };
    assert!(!run(
        "INSERT INTO assignment (id, person, role, area, valid_from, made_by, made_at) VALUES ($1, $1, 8, '429999', 0, $1, 0)"
    ));
    assert!(!run(
        "INSERT INTO assignment (id, person, class, role, area, valid_from, made_by, made_at) VALUES ($1, $1, 'audit', 8, '429999', 0, $1, 0)"
    ));
    assert!(!run(
        "INSERT INTO account (person, name, class, password, password_at, must_change, totp_step, made_at) VALUES ($1, 'x', 'system', '', 0, 0, 0, 0)"
    ));
    assert!(!run(
        "UPDATE account SET class = 'everything' WHERE person = $1"
    ));
    town.reviewer_account(&mut three, "审核员丁", "ding");
    let person = town.world.actor("审核员丁").person;
    let raise = move |tx: &mut dyn Tx| {
        tx.execute(
            "UPDATE account SET class = 'system' WHERE person = $1",
            &[person.as_bytes().into()],
        )
    };
    let raised: Result<u64, StorageError> = town.runtime.block_on(town.app().storage.write(raise));
    assert!(raised.is_err(), "a reviewer becomes no administrator");
}

#[test]
fn an_account_is_suspended_reset_and_relieved_of_its_second_factor() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let (_totp, _) = ding.set_up_totp(&town);
    let person = town.world.actor("审核员丁").person;
    let act = |browser: &mut Browser, method: &str, act: &str| {
        let path = format!("/v1/admin/accounts/{person}/{act}");
        browser.done(method, &path, Some(&json!({})).filter(|_| method == "POST"))
    };
    let [system, security, _] = &mut three;
    let sessions = act(security, "GET", "sessions");
    let id = sessions[0]["id"].as_str().unwrap().to_owned();
    act(security, "DELETE", &format!("sessions/{id}"));
    assert_eq!(ding.get("/v1/me").0, 401);
    act(security, "DELETE", "totp");
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    act(system, "POST", "suspend");
    assert_eq!(ding.get("/v1/me").0, 401);
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 401);
    act(system, "POST", "resume");
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    let made = act(system, "POST", "code");
    assert_eq!(ding.get("/v1/me").0, 401);
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 401);
    let code = made["code"].as_str().unwrap();
    town.later(72 * HOUR);
    assert_eq!(ding.sign_in("ding", code).0, 401, "the code has ended");
    assert_eq!(system.sign_in("system.1", PASSWORD).0, 200);
    let made = act(system, "POST", "code");
    let (status, view) = ding.sign_in("ding", made["code"].as_str().unwrap());
    assert_eq!((status, &view["must_change_password"]), (200, &json!(true)));
}

#[test]
fn an_administrator_changes_no_administrators_sessions_and_waits_not_even_their_own() {
    let town = Town::new();
    let mut three = town.administrators();
    let person = |browser: &mut Browser| {
        let me = browser.done("GET", "/v1/me", None);
        me["person"].as_str().unwrap().to_owned()
    };
    let (system, own) = (person(&mut three[0]), person(&mut three[1]));
    let security = &mut three[1];
    for of in [system, own] {
        let path = format!("/v1/admin/accounts/{of}");
        let list = security.done("GET", &format!("{path}/sessions"), None);
        let id = list[0]["id"].as_str().unwrap();
        let end = format!("{path}/sessions/{id}");
        security.refused("DELETE", &end, None, "out-of-scope");
        let unlock = format!("{path}/unlock");
        security.refused("POST", &unlock, Some(&json!({})), "out-of-scope");
    }
    assert_eq!(three[0].get("/v1/me").0, 200);
}

/// Makes a key; returns it with its id.
fn make(ding: &mut Browser, label: &str, until: &str) -> (String, String) {
    let new = json!({ "label": label, "until": until });
    let made = ding.done("POST", "/v1/me/keys", Some(&new));
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

#[test]
fn a_person_makes_keys_that_read_and_are_ended_one_by_one() {
    let town = Town::new();
    town.at(AFTERNOON);
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let (own, own_id) = make(&mut ding, "大屏", "2024-12-31");
    let (theirs, theirs_id) = make(&mut ding, "地图", "2024-12-31");
    let (kept, _) = make(&mut ding, "共享平台", "2024-12-31");
    let far = json!({ "until": "2026-12-31" });
    ding.refused("POST", "/v1/me/keys", Some(&far), "bad-filter");
    let reads = |key: &str| town.get("/v1/hazards", key).0;
    for key in [&own, &theirs, &kept] {
        assert_eq!(reads(key), 200);
    }
    // It reads, and decides nothing; a key opens no account.
    let order = daily(town.world.county.as_str());
    let (status, answer) = town.post("/v1/reports", &kept, &order);
    assert_eq!((status, &answer["code"]), (403, &json!("out-of-scope")));
    assert_eq!(town.get("/v1/me/keys", &kept).0, 401);
    // Its person ends it, and the security administrator; no other person does.
    let security = &mut three[1];
    ding.done("DELETE", &format!("/v1/me/keys/{own_id}"), None);
    security.done("DELETE", &format!("/v1/admin/keys/{theirs_id}"), None);
    assert_eq!((reads(&own), reads(&theirs)), (401, 401));
    let foreign = town.token("审核员辛");
    let listed = security.done("GET", "/v1/admin/keys", None);
    let of = |label: &str| {
        let all = listed.as_array().unwrap();
        let one = all.iter().find(|one| one["label"] == label).unwrap();
        (one["valid"].clone(), one["name"].clone())
    };
    assert_eq!(of("共享平台"), (json!(true), json!("审核员丁")));
    assert_eq!(of("大屏").0, json!(false));
    assert!(!listed.to_string().contains("xr_"), "{listed}");
    let foreign_id = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "审核员辛");
    let foreign_id = foreign_id.unwrap()["id"].as_str().unwrap().to_owned();
    ding.refused(
        "DELETE",
        &format!("/v1/me/keys/{foreign_id}"),
        None,
        "not-found",
    );
    assert_eq!(reads(&foreign), 200);
    assert_eq!(
        ding.done("GET", "/v1/me/keys", None)
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn a_key_ends_with_its_date_its_role_and_while_its_person_is_suspended() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let (dated, _) = make(&mut ding, "日报接口", "2024-03-27");
    let (kept, _) = make(&mut ding, "共享平台", "2024-12-31");
    let reads = |key: &str| town.get("/v1/hazards", key).0;
    // A suspension stops every key of the person, also one of a command.
    let person = town.world.actor("审核员丁").person;
    let command = town.token("审核员丁");
    assert_eq!(reads(&command), 200);
    let path = format!("/v1/admin/accounts/{person}");
    three[0].done("POST", &format!("{path}/suspend"), Some(&json!({})));
    assert_eq!((reads(&kept), reads(&command)), (403, 403));
    three[0].done("POST", &format!("{path}/resume"), Some(&json!({})));
    assert_eq!((reads(&kept), reads(&command)), (200, 200));
    town.later(48 * HOUR);
    assert_eq!((reads(&dated), reads(&kept)), (401, 200));
    assert_eq!(ding.sign_in("ding", PASSWORD).0, 200);
    let me = ding.done("GET", "/v1/me", None);
    let role = me["assignments"][0]["id"].as_str().unwrap();
    assert_eq!(three[1].sign_in("security.1", PASSWORD).0, 200);
    three[1].done("DELETE", &format!("/v1/admin/assignments/{role}"), None);
    assert_eq!(reads(&kept), 403);
    ding.refused("POST", "/v1/me/keys", Some(&json!({})), "bad-filter");

    // Without a proof of the last minutes none is made.
    town.later(16 * 60_000);
    ding.refused("POST", "/v1/me/keys", Some(&json!({})), "step-up-needed");
}

#[test]
fn a_suspension_holds_for_every_id_of_a_person_and_the_log_names_the_account() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let mut xin = town.reviewer_account(&mut three, "审核员辛", "xin");
    let [kept, merged] = ["审核员丁", "审核员辛"].map(|name| town.world.actor(name).person);
    let (key, _) = make(&mut xin, "大屏", "2024-12-31");
    let ids = [kept.to_string(), merged.to_string()];
    let merge = ["admin", "merge-persons", &ids[0], &ids[1]];
    let why = ["--reason", "同一人两次登记", "--operator", "管理员"];
    done(&town, &[merge, why].concat());
    xin.headers = vec![("xuncha-purpose", "合并后查阅".to_owned())];
    assert_eq!(xin.get("/v1/hazards").0, 200);
    let read = three[2].done("GET", "/v1/audit?kind=read", None);
    let read = read["items"].as_array().unwrap();
    let own = read
        .iter()
        .find(|row| row["purpose"] == "合并后查阅")
        .unwrap();
    assert_eq!(own["actor"], format!("person:{merged}"));
    let path = format!("/v1/admin/accounts/{kept}/suspend");
    three[0].done("POST", &path, Some(&json!({})));
    assert_eq!(ding.get("/v1/me").0, 401);
    assert_eq!(xin.get("/v1/me").0, 401);
    assert_eq!(xin.sign_in("xin", PASSWORD).0, 401);
    assert_eq!(town.get("/v1/hazards", &key).0, 403);
}

#[test]
fn an_empty_character_is_refused_wherever_a_person_writes() {
    let town = Town::new();
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let nul = "a\0b";
    let new =
        json!({ "login": "new.one", "person": { "name": nul, "organisation": "示范县住建局" } });
    three[0].refused("POST", "/v1/admin/accounts", Some(&new), "bad-filter");
    ding.refused(
        "POST",
        "/v1/me/keys",
        Some(&json!({ "label": nul })),
        "bad-filter",
    );
    let sign_in = json!({ "name": nul, "password": PASSWORD });
    Browser::new(&town, "192.0.2.1").refused("POST", "/v1/sign-in", Some(&sign_in), "bad-filter");
    for query in ["actor=%00", "kind=%00", "after=1.%00.1"] {
        let path = format!("/v1/audit?{query}");
        three[2].refused("GET", &path, None, "bad-filter");
    }
}
