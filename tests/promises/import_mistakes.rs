//! Every kind of mistake in a table of an administrator is named with its line, in Chinese and English, and nothing is
//! written.

use std::collections::BTreeSet;

use xuncha_server::register::BadLine;

use crate::{
    command_line::refused,
    imports::{compounds, file, import, stored},
    support::{Town, province::WUCHANG},
};

/// A line is one mistake: the table, the line that is named, a word of the problem, and the file. In the file `;;` ends a
/// line, NEW is an area that is not known, OLD the county of Wuchang.
const MISTAKES: &str = "
regions|2|hamlet|path,name,level;;NEW,新区,hamlet
regions|2|level|path,name,level;;NEW,新区,grid city
regions|2|valid_from|path,name,level,valid_from;;NEW,新区,county,2024-13-01
regions|2|valid_from|path,name,level,valid_from;;NEW,新区,county,2024-02-30
regions|2|valid_to|path,name,level,valid_from,valid_to;;NEW,新区,county,2024-02-02,2024-02-01
regions|2|valid_to|path,name,level,replaced_by;;NEW,新区,county,OLD
regions|2|replaced_by|path,name,level,valid_to,replaced_by;;NEW,新区,county,2024-02-01,NEW
regions|2|replaced_by|path,name,level,valid_to,replaced_by;;NEW,新区,county,2024-02-01,420000/420100/420198
regions|2|replaced_by|path,name,level,valid_to,replaced_by;;NEW,新区,county,2024-02-01,420000/420100/420106/420106490/420106490001
regions|3|replaced_by|path,name,level,valid_from,valid_to,replaced_by;;420000/420100/420198,新区,county,2024-03-01,,;;NEW,新区,county,,2024-02-01,420000/420100/420198
regions|2|nowhere|path,name,level,report_parent;;NEW,新区,county,nowhere
regions|2|report_parent|path,name,level,report_parent;;NEW,新区,county,420000/420100/420198
regions|2|report_parent|path,name,level,report_parent;;NEW,新区,county,OLD/S9
regions|2|report_parent|path,name,level,report_parent;;NEW,新区,county,NEW
regions|2|report_parent|path,name,level,report_parent;;NEW,新区,county,OLD
regions|2|parent|path,name,level,parent;;NEW,新区,city,420000/420100
regions|2|420106|path,name,level,code;;NEW,新区,county,420106
regions|2|420106|path,name,level;;420000/420200/420106,新区,county
regions|2|nowhere|code,name,level,parent;;420199,新区,county,nowhere
regions|2|parent|code,name,level;;420199,新区,county
regions|2|42-1|code,name,level,parent;;42-1,新区,county,420100
regions|2|990000|path,name,level;;990000/990100,外省,city
regions|2|420000/420100/S1|path,name,level;;420000/420100/S1,街道,street
regions|2|OLD/F1|path,name,level;;OLD/F1,开发区,functional_area
regions|2|name|path,name,level;;NEW,,county
regions|2|level|path,name;;NEW,新区
regions|2|level|path,level;;OLD,city
regions|2|level|path,level;;OLD,
regions|2|420000//1|path,name,level;;420000//1,新区,county
regions|3|NEW|path,name,level;;NEW,新区,county;;NEW,新区,county
regions|1|colour|path,name,level,colour;;NEW,新区,county,red
regions|1|name|path,name,level,name;;NEW,新区,county,旧区
regions|2|3|path,name,level;;NEW,新区
regions|1|path|name,level;;新区,county
regions|1|path|
compounds|2|castle|path,name,type;;OLD/s1/c1/G1,某苑,castle
compounds|2|households|path,name,households;;OLD/s1/c1/G1,某苑,many
compounds|2|households|path,name,households;;OLD/s1/c1/G1,某苑,-5
compounds|2|pmc|path,name,pmc;;OLD/s1/c1/G1,某苑,物业
compounds|2|pmc|path,name,pmc_name;;OLD/s1/c1/G1,某苑,物业
compounds|2|active|path,name,active;;OLD/s1/c1/G1,某苑,maybe
compounds|2|valid_to|path,name,valid_from,valid_to;;OLD/s1/c1/G1,某苑,2024-02-02,2024-02-01
compounds|2|valid_to|path,name,valid_to;;OLD/s1/c1/G1,某苑,2024/02/01
compounds|2|tall|path,name,buildings;;OLD/s1/c1/G1,某苑,3栋:2:tall
compounds|2|units|path,name,buildings;;OLD/s1/c1/G1,某苑,3栋:two
compounds|2|buildings|path,name,buildings;;OLD/s1/c1/G1,某苑,:2
compounds|2|buildings|path,name,buildings;;OLD/s1/c1/G1,某苑,3栋:2:27-54:1
compounds|2|11#楼|path,name,buildings;;OLD/s1/c1/G1,某苑,一一栋;11#楼
compounds|2|990000|path,name;;990000/990100/990106,某苑
compounds|2|path|path,name;;OLD//s1,某苑
compounds|2|path|path,name;;,某苑
compounds|2|name|path,name;;OLD/s1/c1/G1,
compounds|3|某苑|path,name;;OLD/s1/c1/G1,某苑;;OLD/s1/c1/G1,某苑
compounds|2|id|id,path,name;;x,OLD/s1/c1/G1,某苑
compounds|2|id|path;;OLD/s1/c1/G1
compounds|2|示范苑0|id,path,name;;018e6a00-0000-7000-8000-0000000fffff,OLD/s1/c1/G1,示范苑0
compounds|2|示范苑0|id,path,name;;018e6a00-0000-7000-8000-000000020001,OLD/s1/c1/G1,示范苑0
compounds|2|name|id,path;;018e6a00-0000-7000-8000-0000000fffff,OLD/s1/c1/G1
";

#[test]
fn an_import_names_each_kind_of_mistake_with_its_line_in_both_languages_and_writes_nothing() {
    let town = Town::province();
    import(&town, "import-compounds", &compounds());
    let before = stored(&town);
    let spelled = |text: &str| {
        let text = text.replace("NEW", "420000/420100/420199");
        text.replace("OLD", WUCHANG)
    };
    let mut shown = BTreeSet::new();
    for mistake in MISTAKES.lines().filter(|line| !line.is_empty()) {
        let parts: Vec<String> = mistake.splitn(4, '|').map(spelled).collect();
        let [table, line, named, text] = parts.as_slice() else {
            panic!("{mistake}");
        };
        let text = text.replace(";;", "\n");
        let import = match table.as_str() {
            "regions" => town.import_regions(&text),
            _ => town.import_compounds(&text),
        };
        assert!(!import.written, "{mistake}");
        let is_named =
            |bad: &&BadLine| bad.line.to_string() == *line && bad.problem.contains(named);
        let bad = import.bad.iter().find(is_named);
        let problem = &bad
            .unwrap_or_else(|| panic!("{mistake}\n{import:?}"))
            .problem;
        let (zh, en) = problem
            .split_once(" / ")
            .unwrap_or_else(|| panic!("{problem}"));
        let is_chinese = |c: char| ('\u{4e00}'..'\u{9fff}').contains(&c);
        assert!(zh.chars().any(is_chinese), "{problem}");
        assert!(en.split(' ').count() > 2, "{problem}");
        // A process for each of them would take minutes.
        if shown.insert((table.clone(), line.clone())) {
            let (command, path) = (format!("import-{table}"), file(&town, text.as_bytes()));
            for dry in [&[][..], &["--dry-run"]] {
                let said = refused(&town, &[&["admin", &command, &path][..], dry].concat());
                let expected = format!("第 {line} 行 / line {line}: {problem}");
                assert!(said.contains(&expected), "{expected}\n{said}");
                assert!(said.contains("未写入任何内容"), "{said}");
            }
        }
    }
    assert_eq!(stored(&town), before);
}
