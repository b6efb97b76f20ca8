//! Devices re-supply a server that was restored from an older backup.

use cli_simulator::world::photo;
use sync_core::record::PhotoRole;

use crate::support::{Town, database::is_postgres, found, found_with, remark};

#[test]
fn a_restored_older_server_is_refilled_by_the_phones() {
    // PostgreSQL is backed up with its own tools; this promise is about `xuncha admin backup`.
    if is_postgres() {
        return;
    }
    let mut town = Town::new();
    let (mut liu, mut wang) = (town.phone("网格员甲"), town.phone("物业经理丙"));
    let old = found(&mut liu, &town, "备份前");
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.backup_to("backup");
    // A day of work that the backup does not have: a new hazard with a photo, a new event on an old hazard.
    let shot = photo(&mut liu.device, 8, PhotoRole::Before).unwrap();
    let lost = found_with(&mut liu, &town, "备份后", vec![shot.clone()]);
    remark(&mut wang, old, "备份后的话");
    town.sync(&mut liu);
    town.sync(&mut wang);
    town.sync(&mut liu);
    let everything = town.changes_stored();
    town.restore_from("backup", "restored");
    town.restart_on("restored");
    assert!(town.changes_stored() < everything);

    // Wang's device alone can re-supply what Liu recorded.
    let report = town.sync(&mut wang);
    assert!(report.repairs >= 1 && report.resupplied >= 2, "{report:?}");
    assert_eq!(town.changes_stored(), everything);
    // Liu's events have no effect until Liu's own device has synced.
    town.project();
    let ledger = town.json("/v1/hazards", &town.token("审核员丁"));
    assert_eq!(ledger["items"].as_array().unwrap().len(), 1);
    town.sync(&mut liu);
    town.sync(&mut wang);
    let token = liu.device.token().unwrap().unwrap();
    let (status, bytes) = town.get(&format!("/v1/blobs/{}", shot.hash), &token);
    assert_eq!(status, 200);
    assert_eq!(sync_core::record::PhotoHash::of(&bytes), shot.hash);
    for doc in [old, lost] {
        assert_eq!(liu.hazard(doc).unwrap(), wang.hazard(doc).unwrap());
    }
    let quiet = (town.sync(&mut liu), town.sync(&mut wang));
    assert_eq!((quiet.0.requests, quiet.1.requests), (1, 1), "{quiet:?}");
    town.project();
    let ledger = town.json("/v1/hazards", &town.token("审核员丁"));
    assert_eq!(ledger["items"].as_array().unwrap().len(), 2);
}
