//! Editions that are not taken: by a device, by a network, by a server.

use cli_simulator::phone::{Http, Transport};
use serde_json::{Value, json};
use sync_core::{
    identity::{SecretKey, SignedEditions},
    record::Edition,
    sync::{Call, Lost, Options, Reply},
    wire::{
        Exchange,
        editions::{self, Editions},
    },
};

use crate::{
    command_line::{done, refused},
    editions::{file, found, install, installing, of_march_26},
    support::Town,
};

/// Answers requests for editions with others.
struct Instead(Http, SignedEditions);

impl Transport for Instead {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        let mut reply = self.0.send(call)?;
        if call.path == Editions::PATH {
            let editions = Some(self.1.clone());
            reply.body = Editions::write_response(&editions::Response { editions });
        }
        Ok(reply)
    }
}

#[test]
fn a_device_takes_only_editions_that_its_server_signed_and_that_keep_its_own() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let first = liu.device.catalogue().newest();
    let hazard = found(&town, &mut liu, "EV-01");
    let good = of_march_26(&town);
    install(&mut town, &good);
    let key = town.app().components.access.key().clone();
    let mut altered = good.clone();
    altered["hazard_kinds"][1]["kinds"][0]["grade"] = json!("G1");
    let mut newer = good.clone();
    newer["future"] = json!([]);
    let json = |bundle: &Value| bundle.to_string().into_bytes();
    let stranger = SecretKey::from_seed([7; 32]);
    for (signed, why) in [
        (SignedEditions::seal(json(&good), &stranger), "signature"),
        (SignedEditions::seal(json(&altered), &key), "changed"),
        (SignedEditions::seal(json(&newer), &key), "unknown field"),
        (SignedEditions::seal(b"{}".to_vec(), &key), "missing field"),
    ] {
        liu.device.set_token(None).unwrap();
        let mut http = Instead(town.http.clone(), signed);
        let report = liu.sync(&mut http, Options::default()).unwrap();
        assert!(
            report.complete,
            "records are synced all the same: {report:?}"
        );
        let refused = report.edition_refused.unwrap();
        assert!(refused.contains(why), "{why}: {refused}");
        assert_eq!(liu.device.catalogue().newest(), first);
    }
    town.project();
    let seen = town.get(&format!("/v1/hazards/{hazard}"), &town.token("审核员丁"));
    assert_eq!(seen.0, 200);
    liu.device.set_token(None).unwrap();
    assert_eq!(town.sync(&mut liu).edition, Some(Edition(first.0 + 1)));
}

/// Answers requests for editions in place of the server.
struct Blocked(Http, Option<u16>);

impl Transport for Blocked {
    fn send(&mut self, call: &Call) -> Result<Reply, Lost> {
        if call.path != Editions::PATH {
            return self.0.send(call);
        }
        let status = self.1.ok_or_else(|| Lost("reset".to_owned()))?;
        Ok(Reply {
            status,
            headers: Vec::new(),
            body: b"<html>blocked</html>".to_vec(),
        })
    }
}

#[test]
fn a_network_that_lets_no_editions_through_costs_no_record_and_one_call() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let bundle = of_march_26(&town);
    install(&mut town, &bundle);
    for status in [Some(200), Some(302), Some(403), Some(413), Some(503), None] {
        let before = town.changes_stored();
        found(&town, &mut liu, "EV-01");
        liu.device.set_token(None).unwrap();
        let mut http = Blocked(town.http.clone(), status);
        let report = liu.sync(&mut http, Options::default()).unwrap();
        assert!(report.complete, "{status:?}: {report:?}");
        assert!(report.edition_refused.is_some(), "{status:?}: {report:?}");
        assert!(report.requests <= 4, "{status:?}: {report:?}");
        assert_eq!(town.changes_stored(), before + 1, "{status:?}");
    }
}

#[test]
fn a_catalogue_that_does_not_follow_the_present_one_is_refused_by_name() {
    let town = Town::new();
    let good = of_march_26(&town);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        let path = file(&town, &bundle);
        refused(
            &town,
            &["admin", "catalogue", "install", path.to_str().unwrap()],
        )
    };
    let said = refused(&|b| b["hazard_kinds"][1]["kinds"][0]["grade"] = json!("G1"));
    assert!(
        said.contains("hazard_kinds version 1 is absent or changed"),
        "{said}"
    );
    let said = refused(&|b| b["activity_types"].as_array_mut().unwrap().truncate(1));
    assert!(said.contains("no version 1 of activity_types"), "{said}");
    let said = refused(&|b| b["editions"].as_array_mut().unwrap().truncate(1));
    assert!(said.contains("edition 2 should be edition 1"), "{said}");
    let said = refused(&|b| b["editions"][0]["valid_from"] = json!("2023-01-01"));
    assert!(said.contains("days rise"), "{said}");
    let said = refused(&|b| b["hazard_kinds"][0]["kinds"][0]["deadline"] = json!("D8"));
    assert!(said.contains("no deadline class D8"), "{said}");
    let said = refused(&|b| b["unknown"] = json!(1));
    assert!(said.contains("unknown field"), "{said}");
    // As editors on Windows write it.
    let path = file(&town, &good);
    let marked = [b"\xef\xbb\xbf".as_slice(), &std::fs::read(&path).unwrap()].concat();
    std::fs::write(&path, marked).unwrap();
    let today = ["admin", "catalogue", "install", path.to_str().unwrap()];
    let said = crate::command_line::refused(&town, &today);
    assert!(said.contains("in force today already"), "{said}");
    assert!(
        done(&town, &installing(&path)).contains("第2版"),
        "installed once"
    );
    let said = crate::command_line::refused(&town, &installing(&path));
    assert!(said.contains("is not newer"), "{said}");
    assert!(done(&town, &["admin", "catalogue", "list"]).contains("2024-03-26"));
}
