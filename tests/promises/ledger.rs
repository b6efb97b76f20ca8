//! The reviewers' ledger: filters narrow, pages neither skip nor repeat rows, the feed of changes contains every
//! change.

use std::collections::{BTreeMap, BTreeSet};

use cli_simulator::{
    phone::Phone,
    world::{evidence, observation, photo},
};
use serde_json::Value;
use sync_core::record::{DeviceTime, DocId, EventBody, LocationKind, PhotoRole};

use crate::support::{MORNING, Town, found, found_with, remark};

fn record(town: &Town, phone: &mut Phone, n: usize, code: &str, words: &str) -> DocId {
    let building = format!("{}栋", n % 9);
    let place = (
        building.as_str(),
        "2单元",
        "负一楼",
        LocationKind::Stairwell,
    );
    phone
        .device
        .observe(
            observation(&town.world.compounds[n % 3], code, place, words, Vec::new()),
            None,
        )
        .unwrap()
        .0
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|i| i["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Percent-encodes all bytes that are not letters, digits or hyphens.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b == b'-' {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// Twelve hazards of three kinds in three compounds, one of them disputed.
fn filled() -> (Town, Vec<DocId>, DocId) {
    let mut town = Town::new();
    let mut worker = town.phone("网格员乙");
    let mut manager = town.phone("物业经理丙");
    let kinds = ["EV-06", "FL-01", "WN-01"];
    let docs: Vec<_> = (0..12)
        .map(|n| {
            worker
                .clock
                .as_ref()
                .unwrap()
                .set(DeviceTime(MORNING + n as i64 * 3_600_000));
            record(
                &town,
                &mut worker,
                n,
                kinds[n / 4],
                &format!("第{n}处：楼道内电动自行车充电"),
            )
        })
        .collect();
    town.sync(&mut worker);
    town.sync(&mut manager);
    // Two concurrent events on one hazard that both devices hold.
    let disputed = docs[0];
    let shot = photo(&mut manager.device, 1, PhotoRole::After).unwrap();
    manager
        .device
        .state(
            disputed,
            EventBody::ClaimFixed(evidence("已清理", vec![shot])),
            None,
        )
        .unwrap();
    let shot = photo(&mut worker.device, 2, PhotoRole::After).unwrap();
    worker
        .device
        .state(
            disputed,
            EventBody::RecheckFail(evidence("仍在充电", vec![shot])),
            None,
        )
        .unwrap();
    town.sync(&mut manager);
    town.sync(&mut worker);
    town.project();
    (town, docs, disputed)
}

#[test]
fn each_filter_narrows_to_what_it_names() {
    let (town, docs, disputed) = filled();
    let token = town.token("审核员丁");
    let count =
        |query: &str| ids(&town.json(&format!("/v1/hazards?limit=500{query}"), &token)).len();
    assert_eq!(count(""), 12);
    assert_eq!(count("&kind=FL-01"), 4);
    assert_eq!(count("&kind=FL"), 4);
    assert_eq!(count("&flag=conflict_open"), 1);
    assert_eq!(count("&state=HS65"), 1);
    assert_eq!(count("&state=HS10"), 11);
    assert_eq!(count("&open=false"), 0);
    assert_eq!(
        count(&format!("&area={}", encoded(town.world.grids[1].as_str()))),
        4
    );
    assert_eq!(count("&area=429999"), 12);
    assert_eq!(count("&area=420100"), 0);
    assert_eq!(count("&grade=G3_suspected"), 4);
    assert_eq!(count("&found_from=2024-03-25&found_to=2024-03-26"), 12);
    assert_eq!(count("&found_from=2024-03-25T04:00:00Z"), 9);
    assert_eq!(count("&found_to=2024-03-25"), 0);
    assert_eq!(count(&format!("&q={}", encoded("第7处"))), 1);
    assert_eq!(count(&format!("&q={}", encoded("100%_"))), 0);
    let row = town.json("/v1/hazards?flag=conflict_open", &token);
    assert_eq!(ids(&row), [disputed.to_string()]);
    assert_eq!(row["items"][0]["open_conflict_count"], 1);
    assert_eq!(row["items"][0]["photos_pending"], 0);
    assert!(docs.contains(&disputed));
}

#[test]
fn a_query_that_is_not_understood_names_the_parameter() {
    let town = Town::new();
    let token = town.token("审核员丁");
    for (query, named) in [
        ("state=HS11", "state"),
        ("grade=G9", "grade"),
        ("flag=urgent", "flag"),
        ("found_from=yesterday", "found_from"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("area=%2F%2F", "area"),
        ("after=AAAA", "after"),
        ("colour=red", "colour"),
    ] {
        for path in ["/v1/hazards", "/v1/exports/hazards.csv"] {
            let (status, body) = town.get(&format!("{path}?{query}"), &token);
            if path.ends_with("csv") && query.starts_with("limit=") && query != "limit=many" {
                continue; // an export has no pages
            }
            let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
            assert_eq!(
                (status, problem["code"].as_str()),
                (400, Some("bad-filter")),
                "{path}?{query}"
            );
            assert!(
                problem["detail"].as_str().unwrap().contains(named),
                "{problem}"
            );
        }
    }
    let (status, _) = town.get(&format!("/v1/hazards?q={}", "a".repeat(101)), &token);
    assert_eq!(status, 400);
    for path in ["/v1/hazards?q=%00", "/v1/exports/hazards.csv?q=a%00b"] {
        assert_eq!(town.get(path, &token).0, 400, "{path}");
    }
    let (status, _) = town.get("/v1/hazards", "no-token");
    assert_eq!(status, 401);
}

#[test]
fn pages_neither_skip_nor_repeat_while_the_ledger_grows() {
    let (mut town, docs, _) = filled();
    let token = town.token("审核员丁");
    let mut worker = town.phone("网格员乙");
    let (mut seen, mut after) = (Vec::new(), String::new());
    for round in 0.. {
        let page = town.json(&format!("/v1/hazards?limit=5{after}"), &token);
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
        // Newer hazards are recorded between the pages.
        worker
            .clock
            .as_ref()
            .unwrap()
            .set(DeviceTime(MORNING + 20 * 3_600_000 + round));
        found(&mut worker, &town, "新增");
        town.sync(&mut worker);
        town.project();
    }
    let all: BTreeSet<_> = docs.iter().map(ToString::to_string).collect();
    assert_eq!(seen.len(), 12);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all);
}

/// A program that keeps its own copy of the ledger with the feed of changes.
struct Mirror {
    since: String,
    rows: BTreeMap<String, Value>,
}

impl Mirror {
    fn follow(&mut self, town: &Town, token: &str, limit: usize) -> usize {
        let mut told = 0;
        loop {
            let page = town.json(
                &format!("/v1/hazards/changes?limit={limit}{}", self.since),
                token,
            );
            let items = page["items"].as_array().unwrap();
            if items.is_empty() {
                return told;
            }
            told += items.len();
            self.rows.extend(
                items
                    .iter()
                    .map(|i| (i["id"].as_str().unwrap().to_owned(), i.clone())),
            );
            self.since = format!("&since={}", page["next"].as_str().unwrap());
        }
    }

    fn agrees(&self, town: &Town, token: &str) {
        let listed = town.json("/v1/hazards?limit=500", token);
        let rows: BTreeMap<_, _> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| (i["id"].as_str().unwrap().to_owned(), i.clone()))
            .collect();
        assert_eq!(self.rows, rows);
    }
}

#[test]
fn who_follows_the_changes_has_the_ledger_also_after_photos_and_a_rebuild() {
    let (mut town, docs, _) = filled();
    let token = town.token("审核员丁");
    let mut mirror = Mirror {
        since: String::new(),
        rows: BTreeMap::new(),
    };
    assert_eq!(mirror.follow(&town, &token, 5), 12);
    mirror.agrees(&town, &token);
    assert_eq!(mirror.follow(&town, &token, 5), 0);
    let mut worker = town.phone("网格员乙");
    town.sync(&mut worker);
    remark(&mut worker, docs[3], "已联系业主");
    let shot = photo(&mut worker.device, 9, PhotoRole::Before).unwrap();
    let fresh = found_with(&mut worker, &town, "带照片", vec![shot]);
    let records_only = sync_core::sync::Options {
        photos: false,
        ..sync_core::sync::Options::default()
    };
    worker.sync(&mut town.http.clone(), records_only).unwrap();
    town.project();
    assert_eq!(mirror.follow(&town, &token, 50), 2);
    assert_eq!(mirror.rows[&fresh.to_string()]["photos_pending"], 1);
    // The photo is stored later, without a new event.
    town.sync(&mut worker);
    town.project();
    assert_eq!(mirror.follow(&town, &token, 50), 1);
    assert_eq!(mirror.rows[&fresh.to_string()]["photos_pending"], 0);
    mirror.agrees(&town, &token);
    let projection = town.app().components.projection.clone();
    town.runtime.block_on(projection.rebuild()).unwrap();
    mirror.follow(&town, &token, 50);
    mirror.agrees(&town, &token);
}

#[test]
fn exports_show_every_row_in_reach_and_say_of_when() {
    let (town, docs, _) = filled();
    let token = town.token("审核员丁");
    let (status, csv) = town.get("/v1/exports/hazards.csv", &token);
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(status, 200);
    assert!(
        csv.starts_with("\u{feff}隐患排查整治台账,截至 2024-03-25T01:00:00Z"),
        "{csv}"
    );
    assert!(docs.iter().all(|d| csv.contains(&d.to_string())));
    assert_eq!(csv.lines().count(), 14);
    let geo = town.json("/v1/exports/hazards.geojson?kind=FL-01", &token);
    let features = geo["features"].as_array().unwrap();
    assert_eq!(features.len(), 4);
    let (point, raw) = (
        &features[0]["geometry"]["coordinates"],
        &features[0]["properties"],
    );
    // GCJ-02 is some hundred metres off WGS-84 here; the properties contain the measured values.
    let longitude = point[0].as_f64().unwrap();
    assert!(
        (longitude - 114.310_945).abs() > 0.001 && (longitude - 114.310_945).abs() < 0.01,
        "{point}"
    );
    let text = raw.to_string();
    assert!(
        text.contains("gcj02") && text.contains("1143109450"),
        "{text}"
    );
    // An area without hazards: only the two head lines.
    let (_, own) = town.get("/v1/exports/hazards.csv?area=420100", &token);
    assert_eq!(String::from_utf8(own).unwrap().lines().count(), 2);
}

#[test]
fn the_description_of_the_api_names_every_path_and_its_viewer_needs_no_network() {
    let town = Town::new();
    let (status, body) = town.get("/openapi.json", "");
    assert_eq!(status, 200);
    let api: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(api["openapi"], "3.1.0");
    for path in [
        "/v1/hazards",
        "/v1/hazards/{id}",
        "/v1/hazards/changes",
        "/v1/exports/hazards.csv",
        "/v1/blobs",
        "/v1/hints",
    ] {
        assert!(api["paths"].get(path).is_some(), "{path}");
    }
    assert_eq!(
        api["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let (status, page) = town.get("/docs", "");
    let page = String::from_utf8_lossy(&page).into_owned();
    assert_eq!(status, 200);
    assert!(
        !page.contains("src=\"http") && !page.contains("href=\"http"),
        "the viewer loads something from elsewhere"
    );
}

#[test]
fn who_asks_for_the_ledger_gets_it_up_to_the_head_whoever_else_is_at_work() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let projection = town.app().components.projection.clone();
    for round in 0..25 {
        // The server's own worker starts on the first hazard before the second is received.
        for half in 0..2 {
            found(&mut liu, &town, &format!("第{round}轮第{half}处"));
            town.sync(&mut liu);
        }
        let lag = town.runtime.block_on(async {
            let workers: Vec<_> = (0..3)
                .map(|_| {
                    let projection = projection.clone();
                    tokio::spawn(async move {
                        projection.catch_up().await.unwrap();
                        projection.lag().await.unwrap()
                    })
                })
                .collect();
            let mut lag = 0;
            for worker in workers {
                lag += worker.await.unwrap();
            }
            lag
        });
        assert_eq!(lag, 0, "round {round}");
    }
}
