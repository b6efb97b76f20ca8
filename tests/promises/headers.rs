//! The security headers of every route, for every kind of answer.

use reqwest::{
    Method,
    blocking::{Client, Response},
};
use serde_json::Value;

use crate::support::{Town, found, tus::header};

/// The method and the path of each operation of the API, with a value for each parameter of the path.
fn operations(town: &Town) -> Vec<(Method, String)> {
    let (_, text) = town.get("/openapi.json", "");
    let api: Value = serde_json::from_slice(&text).unwrap();
    let mut all = Vec::new();
    for (path, operations) in api["paths"].as_object().unwrap() {
        let parts = path.split('/').map(|part| match part {
            "{hash}" => "ab".repeat(32),
            part if part.starts_with('{') => "01900000-0000-7000-8000-000000000000".to_owned(),
            part => part.to_owned(),
        });
        let path = parts.collect::<Vec<_>>().join("/");
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            all.push((method, path.clone()));
        }
    }
    all
}

/// The headers that every answer has except a frame.
fn check(answer: &Response, what: &str) {
    assert_eq!(
        header(answer, "x-content-type-options"),
        "nosniff",
        "{what}"
    );
    assert_eq!(header(answer, "x-frame-options"), "DENY", "{what}");
    assert_eq!(header(answer, "referrer-policy"), "no-referrer", "{what}");
    let resource = header(answer, "cross-origin-resource-policy");
    assert_eq!(resource, "same-origin", "{what}");
    let policy = header(answer, "content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    if what.contains(" /v1/") {
        let cache = header(answer, "cache-control");
        assert!(cache.contains("no-store"), "{what}: {cache}");
    }
}

#[test]
fn every_route_protects_its_answers_for_a_stranger_a_reviewer_and_a_wrong_method() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "消防通道");
    town.sync(&mut liu);
    town.project();
    let token = town.token("审核员丁");
    let client = Client::new();
    let (mut answered, mut well) = (0, 0);
    for (method, path) in operations(&town) {
        if path == "/metrics" {
            continue;
        }
        let wait = if path == "/v1/hints" { "?space=1" } else { "" };
        for token in [None, Some(token.as_str())] {
            let mut asked = client.request(method.clone(), town.url(&format!("{path}{wait}")));
            if let Some(token) = token {
                asked = asked.bearer_auth(token);
            }
            let answer = asked.send().unwrap();
            let status = answer.status();
            check(&answer, &format!("{method} {path} {status}"));
            answered += 1;
            well += usize::from(status.is_success());
        }
        let wrong = client.request(Method::TRACE, town.url(&path));
        check(&wrong.send().unwrap(), &format!("TRACE {path}"));
    }
    // The ledger, statistics, reports, exports and others answered a reviewer.
    assert!(answered > 50 && well > 15, "{answered} {well}");
    for path in ["/nowhere", "/docs/", "/openapi.json", "/v1/nowhere"] {
        let answer = client.get(town.url(path)).send().unwrap();
        check(&answer, &format!("GET {path}"));
    }
    let operators = town.app().health_address.unwrap();
    for path in ["/metrics", "/healthz", "/readyz", "/nowhere"] {
        let answer = client.get(format!("http://{operators}{path}"));
        check(&answer.send().unwrap(), &format!("operators {path}"));
    }
}
