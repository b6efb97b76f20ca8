//! Every administration command, run as a process, on both engines.

use std::process::{Command, Output};

use cli_simulator::phone::Phone;
use serde_json::json;
use sync_core::record::{DeviceTime, Role};
use xuncha_server::storage::{StorageError, Tx, spaces};

use crate::support::{
    MORNING, Town,
    database::is_postgres,
    found,
    province::{WUCHANG, regions, value},
    remark,
    sealing::{AFTERNOON, HOUR, daily, id},
};

const DAY: i64 = 86_400_000;

/// The program with a town's data, which may be in use.
fn program(town: &Town, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xuncha-tested"));
    command
        .env_remove("XUNCHA_DATABASE")
        .env("XUNCHA_DATA", &town.config.data)
        .args(arguments);
    if let Some(database) = &town.config.database {
        command
            .env("XUNCHA_DATABASE", database)
            .env("XUNCHA_KEY_IN_DATABASE", "true");
    }
    command
}

/// Runs the program.
pub(crate) fn xuncha(town: &Town, arguments: &[&str]) -> Output {
    let output = program(town, arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    output
}

pub(crate) fn words(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// The output of a command that must succeed.
pub(crate) fn done(town: &Town, arguments: &[&str]) -> String {
    let output = xuncha(town, arguments);
    let said = words(&output);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// The output of a command that must be refused.
pub(crate) fn refused(town: &Town, arguments: &[&str]) -> String {
    let output = xuncha(town, arguments);
    let said = words(&output);
    assert!(!output.status.success(), "{arguments:?}: {said}");
    assert!(said.contains("error"), "{arguments:?}: {said}");
    said
}

/// Sets the town's clock to that of commands, which have the clock of the machine.
pub(crate) fn at_the_time_of_commands(town: &Town) {
    let now = xuncha_server::app::system_clock()();
    town.at(now.0);
    town.accept_clock();
}

/// The enrolment code in the output of `enrol`.
pub(crate) fn code_in(said: &str) -> &str {
    let rest = said.split("code: ").nth(1).unwrap();
    rest.split_whitespace().next().unwrap()
}

const ENROL: [&str; 10] = [
    "admin",
    "enrol",
    "--role",
    "grid_worker",
    "--space",
    "429999/429998",
    "--area",
    "429999/429998/429998001/429998001001/G01",
    "--new",
    "--new-organ",
];

const TOKEN: [&str; 8] = [
    "admin",
    "token",
    "--role",
    "county_reviewer",
    "--area",
    "429999/429998",
    "--new",
    "--new-organ",
];

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

#[test]
fn a_command_whose_output_is_not_read_succeeds_and_one_whose_output_does_not_fit_fails() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    town.sync(&mut liu);
    let list = ["admin", "devices", "list"];
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let output = program(&town, &list).stdout(closed).output().unwrap();
    let said = words(&output);
    assert!(output.status.success() && said.is_empty(), "{said}");
    if cfg!(target_os = "linux") {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = program(&town, &list).stdout(full.unwrap()).output();
        let output = output.unwrap();
        let said = words(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("output is incomplete"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn the_place_of_the_photos_is_taken_under_its_earlier_names() {
    let town = Town::new();
    let other = town.folder.path().join("other");
    let other = other.to_str().unwrap();
    // The store of another place is not this server's.
    let mend = ["admin", "verify", "--mend"];
    for name in ["XUNCHA_PHOTOS", "XUNCHA_BLOBS"] {
        let output = program(&town, &mend).env(name, other).output().unwrap();
        let said = words(&output);
        assert!(!output.status.success(), "{name}: {said}");
        assert!(said.contains(other), "{name}: {said}");
    }
    for flag in ["--photos", "--blobs"] {
        let said = refused(&town, &with(&mend, &[flag, other]));
        assert!(said.contains(other), "{flag}: {said}");
    }
    for flag in ["--to-photos", "--to-blobs"] {
        let to = ["admin", "migrate-store", "--to-database", "x", flag, other];
        let output = xuncha(&town, &to);
        // 2 would be an unknown argument.
        assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    }
}

#[test]
fn a_space_that_would_hide_records_of_another_is_not_made() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "消防通道");
    town.sync(&mut liu);
    let mut inner = ENROL;
    inner[5] = "429999/429998/429998001";
    let told = refused(&town, &inner);
    assert!(told.contains("--space 429999/429998"), "{told}");
    // An area without documents may get its own log.
    inner[5] = "429999/429998/429998002";
    inner[7] = "429999/429998/429998002/429998002001/G01";
    done(&town, &inner);
    done(&town, &ENROL);
}

#[test]
fn every_command_works_on_the_database_of_a_running_server() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    found(&mut liu, &town, "消防通道");
    town.sync(&mut liu);
    let folder = town.folder.path().to_owned();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = town.app().components.access.key().public().0;
    let shown = done(&town, &["admin", "key"]);
    assert_eq!(shown.trim(), hex::encode(key));
    assert!(code_in(&done(&town, &ENROL)).len() >= 12);
    assert!(done(&town, &TOKEN).starts_with("xr_"));
    assert!(done(&town, &["admin", "tokens", "list"]).contains("county_reviewer"));
    assert!(done(&town, &["admin", "codes", "list"]).contains("grid_worker"));
    let devices = done(&town, &["admin", "devices", "list"]);
    let own = liu.device.identity().unwrap().0.to_string();
    assert!(devices.contains(&own) && devices.contains("active"));
    assert!(done(&town, &["admin", "quarantine", "list"]).contains("nothing"));
    assert!(done(&town, &["admin", "rebuild"]).contains("1 hazards"));
    let counties = file("regions.csv", &regions());
    done(&town, &["admin", "import-regions", &counties]);
    let compounds = file(
        "compounds.csv",
        &format!("path,name,buildings\n{WUCHANG}/s1/c1/G1,清风苑,3栋;4栋\n"),
    );
    done(
        &town,
        &["admin", "import-compounds", &compounds, "--dry-run"],
    );
    done(&town, &["admin", "import-compounds", &compounds]);
    let (backup, other) = (folder.join("backup"), folder.join("other"));
    let (backup, other) = (backup.to_str().unwrap(), other.to_str().unwrap());
    if is_postgres() {
        assert!(refused(&town, &["admin", "backup", backup]).contains("pg_dump"));
        assert!(refused(&town, &["admin", "restore", backup]).contains("own tools"));
        let moved = ["admin", "migrate-store", "--undo"];
        assert!(refused(&town, &moved).contains("--database"));
    } else {
        done(&town, &["admin", "backup", backup]);
        let kept = town.config.key_file();
        let kept = ["--key", kept.to_str().unwrap()];
        done(
            &town,
            &with(&["admin", "--data", other, "restore", backup], &kept),
        );
        done(&town, &["admin", "verify"]);
        done(&town, &["admin", "migrate-store", "--undo"]);
    }
    assert!(refused(&town, &["admin", "revoke", "ffffffff"]).contains("not known"));
    assert!(done(&town, &["admin", "revoke", &own]).contains("revoked"));
}

#[test]
fn a_sealed_report_is_verified_by_the_program() {
    let town = Town::new();
    assert!(town.import_regions(&regions()).written);
    let key = town.key_of(1, Role::CountyReviewer, WUCHANG);
    let order = json!({ "kind": "summary", "area": WUCHANG, "from": "2024-03-20",
        "to": "2024-03-24" });
    let (view, _) = town.seal(&key, &order);
    let (status, sealed) = town.get(&format!("/v1/reports/{}/sealed", id(&view)), &key);
    assert_eq!(status, 200);
    let file = town.folder.path().join("report.json");
    std::fs::write(&file, sealed).unwrap();
    let public = hex::encode(town.app().components.access.key().public().0);
    let file = file.to_str().unwrap();
    done(&town, &["verify-report", file, "--key", &public]);
    refused(&town, &["verify-report", file, "--key", &"00".repeat(32)]);
}

#[test]
fn a_key_that_was_ended_or_has_expired_opens_nothing() {
    let town = Town::new();
    let said = done(&town, &with(&TOKEN, &["--label", "采购", "--days", "7"]));
    assert!(
        !said.contains("curl"),
        "no ready line for a shell's history"
    );
    let key = said.lines().next().unwrap().to_owned();
    let open = |key: &str| town.get("/v1/hazards", key).0;
    assert_eq!(open(&key), 200);
    let list = done(&town, &["admin", "tokens", "list"]);
    let line = list.lines().find(|line| line.contains("采购")).unwrap();
    let id = line.split_whitespace().next().unwrap();
    assert!(refused(&town, &["admin", "tokens", "end", "zz"]).contains("digits"));
    done(&town, &["admin", "tokens", "end", &id[..8]]);
    assert_eq!(open(&key), 401);
    assert!(done(&town, &["admin", "tokens", "list"]).contains("ended"));
    // The default is ninety days.
    let lasting = town.token("审核员丁");
    let forward = |days: i64| town.at(MORNING + days * DAY);
    forward(89);
    assert_eq!(open(&lasting), 200);
    forward(91);
    assert_eq!(open(&lasting), 401);
    forward(0);
    assert_eq!(open(&key), 401, "an ended key stays ended");
}

#[test]
fn a_phone_is_disabled_by_the_beginning_of_its_listed_number() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let mut wang = town.phone("物业经理丙");
    town.sync(&mut liu);
    let own = liu.device.identity().unwrap().0.to_string();
    let theirs = wang.device.identity().unwrap().0.to_string();
    let list = done(&town, &["admin", "devices", "list"]);
    assert!(list.contains("429999/429998") && list.contains("property_manager"));
    assert!(refused(&town, &["admin", "revoke", "01"]).contains("digits"));
    let same = own
        .chars()
        .zip(theirs.chars())
        .take_while(|(a, b)| a == b)
        .count();
    if same >= 4 {
        let several = refused(&town, &["admin", "revoke", &own[..same]]);
        assert!(several.contains(&own) && several.contains(&theirs));
    }
    done(&town, &["admin", "revoke", &own[..(same + 1).max(4)]]);
    let list = done(&town, &["admin", "devices", "list"]);
    let states = |id: &str| {
        list.lines()
            .any(|l| l.contains(id) && l.contains("revoked"))
    };
    assert!(states(&own) && !states(&theirs), "{list}");
    town.sync(&mut wang);
}

fn enrol_again(town: &Town, phone: &mut Phone, code: &str) -> anyhow::Result<()> {
    phone
        .enrol(&mut town.http.clone(), "http://test", code)
        .map(drop)
}

#[test]
fn a_disabled_phone_is_active_again_with_a_new_code_only() {
    let mut town = Town::new();
    let code = code_in(&done(&town, &with(&ENROL, &["--shared"]))).to_owned();
    let mut liu = town.phone("网格员甲");
    enrol_again(&town, &mut liu, &code).unwrap();
    let kept = found(&mut liu, &town, "停用之前");
    town.sync(&mut liu);
    let own = liu.device.identity().unwrap().0;
    for (hour, report) in [(1, Town::revoke as fn(&Town, _)), (2, Town::report_lost)] {
        town.at(MORNING + hour * HOUR);
        report(&town, own);
        town.at(MORNING + hour * HOUR + 1);
        // An old code of the device does not undo the administrator's decision.
        let again = enrol_again(&town, &mut liu, &code).unwrap_err();
        assert!(again.to_string().contains("disabled"), "{again}");
        let fresh = done(&town, &ENROL);
        enrol_again(&town, &mut liu, code_in(&fresh)).unwrap();
        remark(&mut liu, kept, "启用之后");
        town.sync(&mut liu);
    }
    town.project();
    let key = town.token("审核员丁");
    let shown = town.json(&format!("/v1/hazards/{kept}"), &key).to_string();
    assert_eq!(shown.matches("启用之后").count(), 2, "{shown}");
    assert!(!shown.contains("device-revoked"), "{shown}");
}

#[test]
fn a_code_is_taken_however_it_is_typed_and_not_when_it_was_ended() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    for n in 0..3 {
        let said = done(&town, &with(&ENROL, &["--shared"]));
        let code = code_in(&said);
        let typed = match n {
            0 => code.to_lowercase(),
            1 => format!(" {} {}-{} ", &code[..4], &code[4..8], &code[8..]),
            _ => code.chars().map(wide).collect(),
        };
        enrol_again(&town, &mut liu, &typed).unwrap();
    }
    let before = done(&town, &["admin", "codes", "list"]);
    let said = done(&town, &ENROL);
    let after = done(&town, &["admin", "codes", "list"]);
    let new = after.lines().find(|line| !before.contains(line)).unwrap();
    let id = new.split_whitespace().next().unwrap();
    done(&town, &["admin", "codes", "end", id]);
    enrol_again(&town, &mut liu, code_in(&said)).unwrap_err();
}

#[test]
fn an_appointment_with_a_last_day_ends_with_it() {
    let mut town = Town::new();
    refused(&town, &with(&ENROL, &["--until", "2020-01-01"]));
    let said = done(&town, &with(&ENROL, &["--until", "2999-12-31"]));
    let folder = town.folder.path().join("dated");
    let mut chen = Phone::simulated(&folder, 91, DeviceTime(MORNING)).unwrap();
    let grant = chen
        .enrol(&mut town.http.clone(), "http://test", code_in(&said))
        .unwrap();
    assert!(grant.until.is_some());
    assert!(done(&town, &["admin", "devices", "list"]).contains("3000-01-01 00:00"));
    let mut liu = town.phone("网格员甲");
    assert!(liu.device.grant_for(&grant.area, None).is_ok());
    town.sync(&mut liu);
    town.sync(&mut chen);
}

#[test]
fn what_newer_rules_change_is_listed_before_it_takes_effect() {
    let mut town = Town::new();
    let mut liu = town.phone("网格员甲");
    let (other, same) = (
        found(&mut liu, &town, "甲处"),
        found(&mut liu, &town, "乙处"),
    );
    town.sync(&mut liu);
    town.project();
    // As older rules left it: another state, and no version of the rules.
    let older = move |tx: &mut dyn Tx| -> Result<(), StorageError> {
        for table in ["hazard", "hazard_span"] {
            let sql = format!("UPDATE {table} SET state = 80 WHERE doc = $1");
            tx.execute(&sql, &[other.as_bytes().into()])?;
        }
        spaces::delete_meta(tx, "fold")
    };
    town.runtime
        .block_on(town.app().storage.write(older))
        .unwrap();
    let token = town.token("审核员丁");
    let state = |town: &Town| {
        let hazard = town.json(&format!("/v1/hazards/{other}"), &token);
        hazard["hazard"]["state"].as_str().unwrap().to_owned()
    };
    // A report was sealed by the older rules.
    town.at(AFTERNOON);
    let order = daily(town.world.county.as_str());
    let (sealed, content) = town.seal(&token, &order);
    assert_eq!(value(&content["total"], "ST-08"), 1.0);
    let report = done(&town, &["admin", "refold", "--report"]);
    assert!(report.contains("台账按规则第1版"), "{report}");
    assert!(report.contains("ST-08 cumulative: 1 → 0"), "{report}");
    assert!(
        report.contains("核对1份封存报表，1份的数字会变"),
        "{report}"
    );
    let again = town.json(&format!("/v1/reports/{}", id(&sealed)), &token);
    assert_eq!(again, content, "the sealed report keeps its figures");
    let changed: Vec<&str> = report
        .lines()
        .filter(|line| line.contains(&other.to_string()))
        .collect();
    let [changed] = changed.as_slice() else {
        panic!("one line: {report}")
    };
    assert!(changed.contains("HS80 已销号 → HS10 已登记"), "{changed}");
    assert!(!report.contains(&same.to_string()), "{report}");
    assert!(report.contains("核对2件记录，1件变化"), "{report}");
    assert_eq!(state(&town), "HS80", "the report writes nothing");
    done(&town, &["admin", "refold"]);
    assert_eq!(state(&town), "HS10");
    let report = done(&town, &["admin", "refold", "--report"]);
    assert!(report.contains("核对2件记录，0件变化"), "{report}");
}
