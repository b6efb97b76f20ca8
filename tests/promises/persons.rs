//! Two persons are two persons: a name that is known already creates no second person and no second organisation.

use sync_core::record::{PersonId, Role};
use xuncha_server::access::Merge;

use crate::{
    command_line::{done, refused},
    support::{Town, province::WUCHANG, sealing},
};

const PLACE: [&str; 8] = [
    "admin",
    "enrol",
    "--role",
    "street_officer",
    "--space",
    "429999/429998",
    "--area",
    "429999/429998/429998001",
];

fn enrol<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&PLACE, more].concat()
}

/// The ids of person and organisation in the output of a command.
fn ids(said: &str) -> (String, String) {
    let after = |mark: &str| {
        let rest = said.split(mark).nth(1).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    (after("person: "), after("organisation: "))
}

fn persons(town: &Town) -> usize {
    let read = town
        .app()
        .storage
        .read(|tx| xuncha_server::storage::persons::all(tx));
    town.runtime.block_on(read).unwrap().len()
}

#[test]
fn a_name_that_is_known_creates_no_second_person() {
    let mut town = Town::new();
    let officer = town.phone("街道干部戊");
    let known = town.world.actor("街道干部戊").clone();
    let before = persons(&town);
    // However it is spaced and whatever the width of its characters.
    for name in ["街道干部戊", " 街道干部戊\u{3000}"] {
        let said = refused(&town, &enrol(&["--name", name]));
        let id = known.person.to_string();
        for part in [
            "已有同名人员",
            "Persons of this name are known",
            id.as_str(),
            "示范街道办事处",
            "street_officer",
            "429999/429998/429998001",
            "devices 1",
            "2024-03-25",
            &format!(
                "xuncha admin enrol --space 429999/429998 --role street_officer --area 429999/429998/429998001 --person {id}"
            ),
            "--new",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert_eq!(persons(&town), before);
    assert!(!done(&town, &["admin", "codes", "list"]).contains("有效至"));
    // The command that the message shows gives the same person and organisation.
    let said = done(&town, &enrol(&["--person", &known.person.to_string()]));
    assert_eq!(
        ids(&said),
        (known.person.to_string(), known.organ.to_string())
    );
    assert!(said.contains("(已有 / known)"), "{said}");
    assert_eq!(persons(&town), before);
    drop(officer);
}

#[test]
fn another_person_of_the_same_name_is_created_on_request_only() {
    let town = Town::new();
    let first = done(
        &town,
        &enrol(&["--name", "张 三", "--organ-name", "示范街道办事处"]),
    );
    assert!(first.contains("(新建 / new)"), "{first}");
    // An organisation name that exists once is that organisation.
    assert_eq!(ids(&first).1, town.world.organ_of("街道干部戊").to_string());
    refused(
        &town,
        &enrol(&["--name", "张\u{3000} 三", "--organ-name", "示范街道办事处"]),
    );
    let second = done(
        &town,
        &enrol(&["--name", "张 三", "--new", "--organ-name", "示范街道办事处"]),
    );
    assert_ne!(ids(&first).0, ids(&second).0);
    assert_eq!(ids(&first).1, ids(&second).1);
    // Both are candidates now.
    let said = refused(&town, &enrol(&["--name", "张 三"]));
    assert!(
        said.contains(&ids(&first).0) && said.contains(&ids(&second).0),
        "{said}"
    );
}

#[test]
fn an_unknown_id_and_a_missing_name_create_nothing() {
    let town = Town::new();
    let before = persons(&town);
    let stray = PersonId([7; 16]).to_string();
    let said = refused(&town, &enrol(&["--person", &stray]));
    assert!(
        said.contains("服务器没有人员") && said.contains("knows no person"),
        "{said}"
    );
    assert!(refused(&town, &enrol(&[])).contains("没有写明是谁"));
    let said = refused(&town, &enrol(&["--name", "李四"]));
    assert!(said.contains("没有写明单位"), "{said}");
    let said = refused(&town, &enrol(&["--name", "李四", "--organ", &stray]));
    assert!(said.contains("服务器没有单位"), "{said}");
    assert_eq!(persons(&town), before);
    // After a restore to an earlier backup the old id is stated again.
    let more = [
        "--person",
        &stray,
        "--new",
        "--name",
        "李四",
        "--organ-name",
        "示范街道办事处",
    ];
    assert_eq!(ids(&done(&town, &enrol(&more))).0, stray);
}

#[test]
fn two_organisations_of_one_name_are_named_by_their_ids() {
    let town = Town::new();
    let other = done(
        &town,
        &enrol(&[
            "--name",
            "李四",
            "--organ-name",
            "示范县住建局",
            "--new-organ",
        ]),
    );
    let first = town.world.organ_of("审核员丁").to_string();
    assert_ne!(ids(&other).1, first);
    let said = refused(
        &town,
        &enrol(&["--name", "王五", "--organ-name", "示范县住建局"]),
    );
    assert!(
        said.contains("几个同名单位") && said.contains("Several organisations"),
        "{said}"
    );
    assert!(
        said.contains(&first) && said.contains(&ids(&other).1),
        "{said}"
    );
    let named = done(&town, &enrol(&["--name", "王五", "--organ", &first]));
    assert_eq!(ids(&named).1, first);
}

#[test]
fn a_token_creates_no_second_person_either() {
    let town = Town::new();
    let token = [
        "admin",
        "token",
        "--role",
        "county_reviewer",
        "--area",
        "429999/429998",
    ];
    let with = |more: &[&'static str]| [&token, more].concat();
    let said = refused(&town, &with(&["--name", "审核员丁"]));
    let id = town.world.actor("审核员丁").person.to_string();
    assert!(
        said.contains(&id) && said.contains("xuncha admin token --role"),
        "{said}"
    );
    let said = done(&town, &[with(&[]), vec!["--person", &id]].concat());
    assert!(said.starts_with("xr_") && said.contains(&id), "{said}");
}

#[test]
fn a_report_needs_another_person_and_not_another_id() {
    let town = Town::province();
    let [one, other] = [1, 2].map(|n| town.key_of(n, Role::CountyReviewer, WUCHANG));
    let third = town.key_of(3, Role::CountyReviewer, WUCHANG);
    town.at(sealing::AFTERNOON);
    let (view, _) = town.seal(&one, &sealing::daily(WUCHANG));
    let merge = Merge {
        kept: PersonId([2; 16]),
        merged: PersonId([1; 16]),
        reason: "同一人".to_owned(),
        operator: "管理员".to_owned(),
    };
    let merged = town.app().components.access.merge_persons(merge);
    town.runtime.block_on(merged).unwrap().unwrap();
    let step = |key: &str| town.step(key, &view, "county_signed").0;
    assert_eq!(step(&other), 409);
    assert_eq!(step(&third), 200);
}
