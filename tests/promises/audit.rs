//! The audit log holds what people and administrators did, and shows when it was changed by hand.

use crate::{
    command_line::{done, refused},
    support::{
        Town,
        browser::{Browser, PASSWORD},
        found,
        sealing::{AFTERNOON, daily},
    },
};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

fn rows(audit: &mut Browser, query: &str) -> Vec<Value> {
    let page = audit.done("GET", &format!("/v1/audit{query}"), None);
    page["items"].as_array().unwrap().clone()
}

/// The subjects of the rows of a kind.
fn subjects(audit: &mut Browser, kind: &str) -> Vec<String> {
    let rows = rows(audit, &format!("?kind={kind}&limit=500"));
    let subject = |row: &Value| row["subject"].as_str().unwrap().to_owned();
    rows.iter().map(subject).collect()
}

#[test]
fn what_people_do_is_in_the_log_with_their_purpose() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.project();
    town.at(AFTERNOON);
    let mut three = town.administrators();
    let mut ding = town.reviewer_account(&mut three, "审核员丁", "ding");
    let person = format!("person:{}", town.world.actor("审核员丁").person);
    let one = format!("/v1/hazards/{doc}");
    assert_eq!(ding.get(&one).0, 200);
    ding.headers = vec![("xuncha-purpose", "核查投诉12345".to_owned())];
    assert_eq!(ding.get(&one).0, 200);
    ding.headers.clear();
    let key = town.token("审核员丁");
    assert_eq!(
        town.get("/v1/exports/hazards.csv?area=429999/429998", &key)
            .0,
        200
    );
    let report = ding.done("POST", "/v1/reports", Some(&daily("429999/429998")));
    assert_eq!(
        Browser::new(&town, "192.0.2.1")
            .sign_in("ding", "a wrong password")
            .0,
        401
    );
    ding.done("POST", "/v1/sign-out", Some(&json!({})));

    let [_, _, audit] = &mut three;
    let reads = rows(audit, "?kind=read");
    let purpose = |row: &Value| (row["subject"] == one.as_str()).then(|| row["purpose"].clone());
    let purposes: Vec<Value> = reads.iter().filter_map(purpose).collect();
    assert_eq!(purposes, [json!("核查投诉12345"), json!("review")]);
    assert!(reads.iter().all(|row| row["actor"] == person.as_str()));
    let exports = rows(audit, "?kind=export");
    assert_eq!(exports.len(), 1);
    let by = exports[0]["actor"].as_str().unwrap();
    assert!(by.starts_with(&person) && by.contains(" key:"), "{by}");
    let sealed = format!("seal {}", report["id"].as_str().unwrap());
    assert_eq!(subjects(audit, "report"), [sealed]);
    let failed: Vec<Value> = rows(audit, "?kind=sign-in&actor=stranger");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(
        (&failed[0]["cause"], &failed[0]["subject"]),
        (&json!("wrong-password"), &json!(person))
    );
    assert_eq!(failed[0]["address"], "192.0.2.1");
    assert_eq!(subjects(audit, "sign-out").len(), 1);
    for (kind, begins) in [
        ("account", "create person:"),
        ("assignment", "give person:"),
        ("password", "changed"),
        ("first-run", "audit administrator audit.1"),
    ] {
        let found = subjects(audit, kind);
        assert!(
            found.iter().any(|subject| subject.starts_with(begins)),
            "{kind}: {found:?}"
        );
    }
    // Reports and indicators name persons, too.
    assert_eq!(town.get("/v1/reports", &key).0, 200);
    let [_, _, audit] = &mut three;
    let reads = subjects(audit, "read");
    assert!(
        reads.iter().any(|subject| subject == "/v1/reports"),
        "{reads:?}"
    );
    // No password and no token is in it.
    let all = format!("{:?}", rows(audit, "?limit=500"));
    for secret in [PASSWORD, "a wrong password", &key, "xs_"] {
        assert!(!all.contains(secret), "{secret}");
    }
    // Only the audit administrator reads it, and the reading is in it.
    assert_eq!(subjects(audit, "audit-read").last().unwrap(), "kind=read");
}

#[test]
fn what_administrators_read_is_in_the_log_and_who_was_refused() {
    let town = Town::new();
    let mut three = town.administrators();
    town.reviewer_account(&mut three, "审核员丁", "ding");
    let person = format!("person:{}", town.world.actor("审核员丁").person);
    let [system, security, audit] = &mut three;
    system.done("GET", "/v1/admin/accounts", None);
    security.done("GET", "/v1/admin/keys", None);
    let sessions = format!("/v1/admin/accounts/{}/sessions", &person[7..]);
    security.done("GET", &sessions, None);
    let looked = subjects(audit, "read");
    for what in ["accounts", "keys", &format!("sessions of {person}")] {
        assert!(looked.iter().any(|subject| subject == what), "{looked:?}");
    }
    system.refused("GET", "/v1/admin/keys", None, "out-of-scope");
    let by = system.done("GET", "/v1/me", None)["person"].clone();
    town.later(60_000);
    let refusals = rows(audit, "?kind=refusal");
    let by = json!(format!("person:{}", by.as_str().unwrap()));
    assert!(
        refusals
            .iter()
            .any(|row| row["actor"] == by && row["cause"] == "out-of-scope"),
        "{refusals:?}"
    );
}

#[test]
fn the_log_is_read_in_pages_and_by_time() {
    let town = Town::new();
    let [_, _, audit] = &mut town.administrators();
    let first = audit.done("GET", "/v1/audit?limit=3", None);
    let next = first["next"].as_str().unwrap();
    let second = audit.done("GET", &format!("/v1/audit?limit=3&after={next}"), None);
    let numbers = |page: &Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["hash"].to_string())
            .collect::<Vec<_>>()
    };
    assert!(
        numbers(&first)
            .iter()
            .all(|hash| !numbers(&second).contains(hash))
    );
    assert!(rows(audit, "?to=2024-03-25").is_empty());
    assert!(!rows(audit, "?from=2024-03-25&to=2024-03-26").is_empty());
    audit.refused("GET", "/v1/audit?from=yesterday", None, "bad-filter");
}

#[test]
fn a_command_is_in_the_log_and_the_log_can_be_exported() {
    let town = Town::new();
    done(
        &town,
        &[
            "admin",
            "token",
            "--role",
            "county_reviewer",
            "--area",
            "429999/429998",
            "--name",
            "王五",
            "--organ-name",
            "示范县住建局",
        ],
    );
    refused(&town, &["admin", "revoke", "0123abcd"]);
    let lines = done(&town, &["admin", "audit", "export"]);
    let rows: Vec<Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let of = |begins: &str| {
        rows.iter()
            .find(|row| row["subject"].as_str().unwrap().starts_with(begins))
    };
    let token = of("token --role county_reviewer --area 429999/429998").unwrap();
    assert_eq!(
        (&token["kind"], &token["outcome"]),
        (&json!("command"), &json!("done"))
    );
    assert!(
        token["actor"].as_str().unwrap().starts_with("command:uid"),
        "{token}"
    );
    assert_eq!(of("revoke 0123abcd").unwrap()["outcome"], "refused");
    assert!(!lines.contains("王五"), "{lines}");
}

#[test]
fn refusals_are_one_row_a_minute_for_each_cause_and_caller() {
    let town = Town::new();
    let mut three = town.administrators();
    for _ in 0..40 {
        assert_eq!(town.get("/v1/hazards", "xr_unknown").0, 401);
    }
    assert_eq!(
        town.get("/v1/hazards?nonsense=1", &town.token("审核员丁"))
            .0,
        400
    );
    town.later(MINUTE);
    let refusals = |audit: &mut Browser, cause: &str| {
        let rows = rows(audit, "?kind=refusal");
        let of = rows.into_iter().filter(|row| row["cause"] == cause);
        of.map(|row| row["times"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(refusals(&mut three[2], "session-expired"), [40]);
    assert_eq!(refusals(&mut three[2], "bad-filter"), [1]);
    assert_eq!(town.get("/v1/hazards", "xr_unknown").0, 401);
    town.later(MINUTE);
    assert_eq!(refusals(&mut three[2], "session-expired"), [1, 40]);
}

/// A machine that receives syslog over TLS, with the file of its certificate.
struct Receiver {
    listener: std::net::TcpListener,
    tls: std::sync::Arc<rustls::ServerConfig>,
    authority: std::path::PathBuf,
}

impl Receiver {
    fn new(folder: &std::path::Path, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let authority = folder.join(name);
        std::fs::write(&authority, made.cert.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = rustls::crypto::ring::default_provider().into();
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Self {
            listener: std::net::TcpListener::bind("127.0.0.1:0").unwrap(),
            tls: tls.into(),
            authority,
        }
    }

    fn target(&self) -> String {
        format!("localhost:{}", self.listener.local_addr().unwrap().port())
    }

    fn accept(&self) -> rustls::StreamOwned<rustls::ServerConnection, std::net::TcpStream> {
        let (socket, _) = self.listener.accept().unwrap();
        let tls = rustls::ServerConnection::new(self.tls.clone()).unwrap();
        rustls::StreamOwned::new(tls, socket)
    }
}

/// The next message: its octet count, then its text.
fn message(from: &mut impl std::io::Read) -> std::io::Result<String> {
    let mut length = 0;
    loop {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        match byte[0] {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit - b'0'),
        }
    }
    let mut text = vec![0; length];
    from.read_exact(&mut text)?;
    Ok(String::from_utf8(text).unwrap())
}

#[test]
fn the_log_is_sent_to_a_machine_whose_certificate_is_trusted_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (
        Receiver::new(folder.path(), "right.pem"),
        Receiver::new(folder.path(), "wrong.pem"),
    );
    let mut town = Town::configured(|config| {
        config.audit.syslog = Some(right.target());
        // The certificate of another machine: nothing is sent, and nothing is lost.
        config.audit.syslog_ca = Some(wrong.authority.clone());
    });
    town.administrators();
    let mut refused = right.accept();
    assert!(message(&mut refused).is_err());
    town.config.audit.syslog_ca = Some(right.authority.clone());
    // What a process was sending is taken over by another one after a minute.
    town.later(MINUTE + 1);
    town.restart_on("server");
    let mut stream = loop {
        let mut stream = right.accept();
        // A connection of the process that was stopped fails.
        if stream.conn.complete_io(&mut stream.sock).is_ok() {
            break stream;
        }
    };
    let mut seen = Vec::new();
    while seen
        .iter()
        .filter(|row: &&Value| row["kind"] == "first-run")
        .count()
        < 6
    {
        let text = message(&mut stream).unwrap();
        let (head, json) = text.split_once('\u{feff}').unwrap();
        assert!(
            head.starts_with("<110>1 2024-03-25T") && head.contains(" - xuncha - "),
            "{head}"
        );
        seen.push(serde_json::from_str(json).unwrap());
    }
    let hashes: std::collections::BTreeSet<_> =
        seen.iter().map(|row| row["hash"].to_string()).collect();
    assert_eq!(hashes.len(), seen.len(), "each row once");
}
