//! A device's session may read reviewers' views only if the role of a grant is a reviewer's.

use super::client::Hostile;
use crate::support::{Town, found};

#[test]
fn a_property_managers_session_reads_no_reviewers_view() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let doc = found(&mut liu, &town, "楼道堆物");
    town.sync(&mut liu);
    town.project();
    let views = [
        "/v1/hazards".to_owned(),
        format!("/v1/hazards/{doc}"),
        "/v1/hazards/changes".to_owned(),
        "/v1/activities".to_owned(),
        "/v1/statistics".to_owned(),
        "/v1/coverage".to_owned(),
        "/v1/suggestions".to_owned(),
        "/v1/duties".to_owned(),
        "/v1/indicators?from=2024-03-25&to=2024-03-25".to_owned(),
        "/v1/reports".to_owned(),
        "/v1/exports/hazards.csv".to_owned(),
        "/v1/exports/hazards.geojson".to_owned(),
    ];
    for name in ["物业经理丙", "网格员甲"] {
        let own = Hostile::enrol(&town, name, name.len() as u8 + name.as_bytes()[2]);
        for view in &views {
            assert_eq!(town.get(view, &own.token).0, 403, "{name} {view}");
        }
    }
    let county = Hostile::enrol(&town, "审核员丁", 9);
    assert_eq!(town.get("/v1/hazards", &county.token).0, 200);
}
