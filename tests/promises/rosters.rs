//! Rosters: many people with their roles at once, as a whole or not at all.

use std::fs;

use cli_simulator::phone::Phone;
use serde_json::json;
use sync_core::record::DeviceTime;

use crate::{
    command_line::{at_the_time_of_commands, done, refused},
    imports::file,
    support::{
        MORNING, Town,
        browser::{Browser, PASSWORD},
        found,
    },
};

const GRID: &str = "429999/429998/429998001/429998001001/G01";
const HEADER: &str = "name,organisation,role,area,space,from,until,login\n";

fn roster() -> String {
    format!(
        "{HEADER}网格员子,新社区居委会,grid_worker,{GRID},,,2999-12-31,\n\
         网格员丑,新社区居委会,grid_worker,{GRID},,,,\n\
         审核员寅,示范县住建局,county_reviewer,429999/429998,,2020-01-01,2999-12-31,yin\n"
    )
}

/// The issued codes, by name.
fn codes(path: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[1].to_owned(), cells[6].to_owned())
    });
    rows.collect()
}

fn import(town: &Town, text: &str, codes: &str) -> String {
    let roster = file(town, text.as_bytes());
    done(town, &["admin", "import-people", &roster, "--codes", codes])
}

fn everything(town: &Town) -> String {
    let lists = [["codes", "list"], ["accounts", "list"], ["devices", "list"]];
    let said = lists.map(|[what, list]| done(town, &["admin", what, list]));
    said.concat()
}

#[test]
fn a_roster_makes_codes_and_accounts_that_work_and_changes_nothing_the_second_time() {
    let mut town = Town::new();
    at_the_time_of_commands(&town);
    town.phone("物业经理丙");
    let path = |name: &str| town.folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second) = (path("first.csv"), path("second.csv"));
    let before = everything(&town);
    let dry = file(&town, roster().as_bytes());
    let said = done(&town, &["admin", "import-people", &dry, "--dry-run"]);
    let counts = "3 people new, 2 device codes, 1 accounts, 1 reviewing roles, 0 lines the same";
    assert!(said.contains("dry run") && said.contains(counts), "{said}");
    assert_eq!(everything(&town), before);

    let said = import(&town, &roster(), &first);
    assert!(said.contains("imported") && said.contains(counts), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&first).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    let issued = codes(&first);
    let names: Vec<&str> = issued.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["网格员子", "网格员丑", "审核员寅"]);
    for (n, (_, code)) in issued[..2].iter().enumerate() {
        let folder = town.folder.path().join(format!("device-{n}"));
        let seed = 70 + n as u64;
        let mut phone = Phone::simulated(&folder, seed, DeviceTime(MORNING)).unwrap();
        phone
            .enrol(&mut town.http.clone(), "http://test", code)
            .unwrap();
        found(&mut phone, &town, "新人发现");
        assert!(town.sync(&mut phone).complete);
    }
    town.project();
    let mut yin = Browser::new(&town, "203.0.113.7");
    assert_eq!(yin.sign_in("yin", &issued[2].1).0, 200);
    let change = json!({ "old": issued[2].1, "new": PASSWORD });
    yin.done("POST", "/v1/me/password", Some(&change));
    let ledger = yin.done("GET", "/v1/hazards", None);
    assert_eq!(ledger["items"].as_array().unwrap().len(), 2);

    // The roster grows; what is there stays.
    let known = everything(&town);
    let said = import(&town, &roster(), &second);
    assert!(
        said.contains(
            "0 people new, 0 device codes, 0 accounts, 0 reviewing roles, 3 lines the same"
        ),
        "{said}"
    );
    assert_eq!(everything(&town), known);
    let more = roster() + "网格员丑,新社区居委会,community_officer,429999/429998/429998001,,,,\n";
    let third = town.folder.path().join("third.csv");
    let said = import(&town, &more, third.to_str().unwrap());
    assert!(
        said.contains("0 people new, 1 device codes") && said.contains("same person"),
        "{said}"
    );
    let taken = refused(&town, &["admin", "import-people", &dry, "--codes", &first]);
    assert!(taken.contains("does not exist yet"), "{taken}");
}

/// Lines, each with the problem that is named; without one, the line is right.
fn mistakes() -> [(String, &'static str); 15] {
    let unknown = "018e731f-1280-715c-8289-ec2d0a9167ec";
    [
        (format!("甲一,某社区,,,grid_worker,{GRID},,,,"), ""),
        (format!("甲二,某社区,,,captain,{GRID},,,,"), "role"),
        (
            "甲三,某社区,,,grid_worker,,,,,".to_owned(),
            "area is missing",
        ),
        (
            format!("甲四,某社区,,,grid_worker,{GRID},,,,jia4"),
            "no reviewing role",
        ),
        (
            format!("甲五,某社区,,,grid_worker,{GRID},,,2001-01-01,"),
            "the day is over",
        ),
        (
            format!("甲六,某社区,,,grid_worker,{GRID},429999/429997,,,"),
            "outside of space",
        ),
        (
            format!("甲七,某社区,,,grid_worker,{GRID},,,31.12.2999,"),
            "expected a day",
        ),
        (
            format!(",,{unknown},,grid_worker,{GRID},,,,"),
            "knows no person",
        ),
        (
            format!("甲八,,,,grid_worker,{GRID},,,,"),
            "organisation is missing",
        ),
        (
            format!("甲九,某社区,,,grid_worker,{GRID},,2024-01-01,,"),
            "from is for lines with login",
        ),
        (
            "甲十,某局,,,county_reviewer,429999/429998,,,,same".to_owned(),
            "",
        ),
        (
            "乙一,某局,,,county_reviewer,429999/429998,,,,same".to_owned(),
            "another person",
        ),
        (
            "乙二,某局,,,county_reviewer,429999/429998,,2024-02-01,2024-01-01,yi2".to_owned(),
            "until is before from",
        ),
        (
            "乙三,某局,,,grid_worker,429999/429997/429997001,,,,".to_owned(),
            "no space for this area",
        ),
        (
            format!("网格员甲,另一单位,,,grid_worker,{GRID},,,,"),
            "the name is known",
        ),
    ]
}

#[test]
fn one_bad_line_of_a_roster_writes_nothing_and_each_mistake_is_named() {
    let mut town = Town::new();
    at_the_time_of_commands(&town);
    town.phone("物业经理丙");
    let columns = "name,organisation,person,new,role,area,space,from,until,login\n";
    let lines = mistakes();
    let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let roster = file(&town, (columns.to_owned() + &text).as_bytes());
    let to = town.folder.path().join("codes.csv");
    let before = everything(&town);
    let said = refused(
        &town,
        &[
            "admin",
            "import-people",
            &roster,
            "--codes",
            to.to_str().unwrap(),
        ],
    );
    for (n, (line, problem)) in lines.iter().enumerate() {
        let named = said
            .lines()
            .find(|said| said.contains(&format!("line {}: ", n + 2)));
        if problem.is_empty() {
            assert_eq!(named, None, "{line}");
        } else {
            assert!(
                named.is_some_and(|said| said.contains(problem)),
                "{line}: {said}"
            );
        }
    }
    assert_eq!(everything(&town), before);
    assert!(!to.exists());
}

#[test]
fn an_administrator_gets_no_other_role_by_a_roster() {
    let town = Town::new();
    at_the_time_of_commands(&town);
    let three = town.administrators();
    let accounts = done(&town, &["admin", "accounts", "list"]);
    let line = accounts
        .lines()
        .find(|line| line.contains("security"))
        .unwrap();
    let person = line
        .split_whitespace()
        .find(|word| word.len() == 36)
        .unwrap();
    let text = format!("person,role,area,space\n{person},grid_worker,{GRID},\n");
    let roster = file(&town, text.as_bytes());
    let said = refused(&town, &["admin", "import-people", &roster, "--dry-run"]);
    assert!(said.contains("administrator"), "{said}");
    drop(three);
}
