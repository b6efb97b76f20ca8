//! Tables of an administrator: nothing changes that a file does not state, and every mistake is named with its line.

use std::path::PathBuf;

use crate::{
    command_line::{done, refused},
    support::{
        Town,
        province::{COUNTIES, Found, SPLIT, WUCHANG, ZONE, fresh, regions, value},
    },
};

const ALL: &str = "/v1/indicators?area=420000";

/// A file in the town's folder.
pub(crate) fn file(town: &Town, bytes: &[u8]) -> String {
    let name = format!("{}.csv", hex::encode(fresh()));
    let path: PathBuf = town.folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn import(town: &Town, what: &str, text: &str) -> String {
    done(town, &["admin", what, &file(town, text.as_bytes())])
}

fn dry(town: &Town, what: &str, text: &str) -> String {
    done(
        town,
        &["admin", what, &file(town, text.as_bytes()), "--dry-run"],
    )
}

/// All rows of the tables that an import can change.
pub(crate) fn stored(town: &Town) -> String {
    use xuncha_server::storage::{compounds, regions};
    let rows = town.in_ledger(|tx| {
        let regions = regions::list(tx)?;
        let compounds = compounds::within(tx, &"420000".parse().unwrap())?;
        let ids: Vec<_> = compounds.iter().map(|c| c.id).collect();
        let mut buildings = Vec::new();
        for county in COUNTIES {
            buildings.extend(compounds::buildings(tx, &county.parse().unwrap(), &ids)?);
        }
        Ok((regions, compounds, buildings))
    });
    format!("{rows:#?}")
}

/// The compounds of the province: one for each county, with every column.
pub(crate) fn compounds() -> String {
    let mut text =
        "path,name,type,households,pmc,pmc_name,active,valid_from,valid_to,buildings\n".to_owned();
    for (n, county) in COUNTIES.iter().enumerate() {
        let pmc = sync_core::record::OrganId([n as u8; 16]);
        text += &format!(
            "{county}/s1/c1/G1,示范苑{n},commercial,{},{pmc},物业{n},1,2001-01-01,,1栋:2:27-54;一一栋\n",
            100 + n
        );
    }
    text
}

#[test]
fn an_import_of_the_province_twice_changes_nothing_the_second_time_and_states_it() {
    let town = Town::province();
    import(&town, "import-compounds", &compounds());
    let (before, figures) = (
        stored(&town),
        town.json(ALL, &town.province_key())["total"].clone(),
    );
    assert_eq!(value(&figures, "ST-01"), COUNTIES.len() as f64);
    for (what, text) in [
        ("import-regions", regions()),
        ("import-compounds", compounds()),
    ] {
        for said in [dry(&town, what, &text), import(&town, what, &text)] {
            assert!(said.contains("0 new, 0 changed"), "{said}");
            assert!(said.contains("没有变化 / nothing changes"), "{said}");
        }
    }
    assert_eq!(stored(&town), before);
}

#[test]
fn a_column_that_an_import_does_not_have_leaves_what_is_there_and_an_empty_cell_clears() {
    let town = Town::province();
    import(&town, "import-compounds", &compounds());
    let first = format!(
        "path,name,name_en,level,report_parent,valid_from,valid_to,replaced_by\n\
         {SPLIT},示范社区,Example,community,{ZONE},2024-01-01,2030-01-01,\n"
    );
    import(&town, "import-regions", &first);
    let before = stored(&town);
    // A renaming with the columns that it needs: nothing else changes.
    import(
        &town,
        "import-regions",
        &format!("path,name,level\n{SPLIT},改名社区,community\n"),
    );
    assert_eq!(stored(&town).replace("改名社区", "示范社区"), before);
    import(
        &town,
        "import-regions",
        &format!("path,name\n{SPLIT},示范社区\n"),
    );
    assert_eq!(stored(&town), before);
    import(
        &town,
        "import-regions",
        &format!("path,valid_to\n{SPLIT},\n"),
    );
    let cleared = stored(&town);
    assert_ne!(cleared, before);
    assert!(
        cleared.contains("Example") && !cleared.contains("2030-01-01"),
        "{cleared}"
    );

    let grid = format!("{WUCHANG}/s1/c1/G1");
    let before = stored(&town);
    import(
        &town,
        "import-compounds",
        &format!("path,name\n{grid},示范苑0\n"),
    );
    assert_eq!(stored(&town), before, "the name derives the id");
    let id = id_of(&town, &grid);
    import(
        &town,
        "import-compounds",
        &format!("id,path,name\n{id},{grid},改名苑\n"),
    );
    let renamed = stored(&town);
    assert!(
        renamed.contains("households: Some(\n                100"),
        "{renamed}"
    );
    import(
        &town,
        "import-compounds",
        &format!("id,households,type\n{id},,old\n"),
    );
    let changed = town.json(ALL, &town.province_key());
    assert_eq!(
        value(&changed["total"], "ST-01a"),
        COUNTIES.len() as f64,
        "the company stays"
    );
    let changed = stored(&town);
    assert!(
        !changed.contains("households: Some(\n                100,"),
        "{changed}"
    );
    assert!(changed.contains("\"old\""), "{changed}");
}

fn id_of(town: &Town, grid: &str) -> String {
    let grid = grid.parse().unwrap();
    let found = town.in_ledger(move |tx| xuncha_server::storage::compounds::within(tx, &grid));
    found[0].id.to_string()
}

#[test]
fn a_dry_run_shows_each_cell_that_an_import_changes_and_each_figure_that_moves() {
    let town = Town::province();
    town.ledger_has(
        [SPLIT, SPLIT, WUCHANG]
            .map(|path| Found::at(&format!("{path}/G01"), 30, "EV-06"))
            .into(),
    );
    import(
        &town,
        "import-compounds",
        &format!("path,name,households\n{SPLIT}/G01,清风苑,480\n"),
    );
    let before = stored(&town);
    let said = dry(
        &town,
        "import-regions",
        &format!("path,report_parent,name_en\n{SPLIT},,Example\n"),
    );
    for expected in [
        &format!("第 2 行 / line 2: {SPLIT}: report_parent: {ZONE} → (空 / empty)"),
        &format!("第 2 行 / line 2: {SPLIT}: name_en: (空 / empty) → Example"),
        &format!("{ZONE}: 隐患 / hazards 2 → 0, 小区 / compounds 1 → 0"),
        &format!("{WUCHANG}: 隐患 / hazards 1 → 3, 小区 / compounds 0 → 1"),
    ] {
        assert!(said.contains(expected.as_str()), "{expected}\n{said}");
    }
    assert!(
        !said.contains("420000/420100: "),
        "the city's figures stay: {said}"
    );
    let grid = format!("{COUNTIES_1}/s1/c1/G1");
    let id = id_of(&town, &format!("{SPLIT}/G01"));
    let said = dry(
        &town,
        "import-compounds",
        &format!("id,path,name,households,buildings\n{id},{grid},明月里,480,3栋:2\n"),
    );
    for expected in [
        &format!("path: {SPLIT}/G01 → {grid}"),
        "name: 清风苑 → 明月里",
        "3栋: (无 / none) → 3栋:2:",
        &format!("{ZONE}: 隐患 / hazards 2 → 2, 小区 / compounds 1 → 0"),
        &format!("{COUNTIES_1}: 隐患 / hazards 0 → 0, 小区 / compounds 0 → 1"),
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!said.contains("households:"), "{said}");
    assert_eq!(stored(&town), before, "a dry run writes nothing");
}

const COUNTIES_1: &str = COUNTIES[1];

#[test]
fn an_import_in_gbk_is_read_as_gbk_and_any_other_encoding_is_named() {
    let town = Town::province();
    // 武昌区 and 清风苑 as a Chinese Excel saves them.
    let wuchang = [0xce, 0xe4, 0xb2, 0xfd, 0xc7, 0xf8];
    let garden = [0xc7, 0xe5, 0xb7, 0xe7, 0xd4, 0xb7];
    let table = |head: &str, name: &[u8], tail: &str| {
        [format!("{head}\r\n").as_bytes(), name, tail.as_bytes()].concat()
    };
    let text = table(
        "name,path,level",
        &wuchang,
        &format!(",{WUCHANG},county\r\n"),
    );
    let said = done(&town, &["admin", "import-regions", &file(&town, &text)]);
    assert!(said.contains("GBK"), "{said}");
    let text = table("name,path", &garden, &format!(",{WUCHANG}/s1/c1/G1\r\n"));
    done(&town, &["admin", "import-compounds", &file(&town, &text)]);
    let rows = stored(&town);
    assert!(rows.contains("武昌区") && rows.contains("清风苑"), "{rows}");
    // Neither UTF-8 nor GBK: a byte that begins no character.
    let bad = table(
        "name,path,level",
        b"\xff\xff",
        &format!(",{WUCHANG},county\r\n"),
    );
    let said = refused(&town, &["admin", "import-regions", &file(&town, &bad)]);
    assert!(said.contains("第 2 行") && said.contains("UTF-8"), "{said}");
    let wide: Vec<u8> = "\u{feff}path,name\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let said = refused(&town, &["admin", "import-regions", &file(&town, &wide)]);
    assert!(said.contains("UTF-16"), "{said}");
    assert_eq!(stored(&town), rows);
}
