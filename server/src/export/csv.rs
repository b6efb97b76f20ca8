//! CSV for spreadsheets: UTF-8 with a byte order mark, with the column names of the ledger.

use crate::{reporting::ExportHeader, review::HazardView};

/// Marks a file as UTF-8 for spreadsheets.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A column: its name, and the cell of a hazard. One declaration holds both, so that a cell cannot come under another
/// column's name.
type Column = (&'static str, fn(&HazardView) -> String);

/// The columns, in the order of the file. Programs of others read them by position: a new column is the last one.
const COLUMNS: &[Column] = &[
    ("隐患编号", |h| h.id.clone()),
    ("区域", |h| h.area_name.clone().unwrap_or_default()),
    ("小区名称", |h| h.compound.clone().unwrap_or_default()),
    ("楼栋/单元/楼层/部位", |h| h.place.clone()),
    ("隐患类别代码", |h| h.kind.clone()),
    ("隐患名称", |h| h.kind_zh.clone()),
    ("隐患描述", |h| h.description.clone()),
    ("数量", |h| {
        h.count.map(|n| n.to_string()).unwrap_or_default()
    }),
    ("单位", |h| h.unit.clone()),
    ("隐患等级", |h| h.grade.clone()),
    ("状态代码", |h| h.state.clone()),
    ("整改进展", |h| h.state_zh.clone()),
    ("是否存在冲突", |h| {
        yes_or_no(h.open_conflict_count > 0)
    }),
    ("排查时间", |h| h.found_at.clone()),
    ("最近更新", |h| h.updated_at.clone()),
    ("整改时限", |h| h.deadline.clone().unwrap_or_default()),
    ("发现次数", |h| h.observation_count.to_string()),
    ("照片数", |h| h.photo_count.to_string()),
    ("待传照片", |h| h.photos_pending.to_string()),
    ("区域代码", |h| h.area.clone()),
    ("标记", |h| h.flags.join(" ")),
    ("轮次", |h| h.cycle.to_string()),
];

fn yes_or_no(is: bool) -> String {
    if is { "是" } else { "否" }.to_owned()
}

/// Prefixes a cell that starts like a formula with a quote, because a spreadsheet would run it.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The first lines: a title with the time, the cut-off and what is missing, then the column names.
pub fn head(of: &ExportHeader) -> Vec<u8> {
    let more = if of.late_arrivals_more { " 以上" } else { "" };
    let title = format!(
        "{BYTE_ORDER_MARK}隐患排查整治台账,截至 {},统计截止 {},目录版本 {},迟到事件 {}{more},待入账变更 {}\r\n",
        of.as_of, of.cut_off, of.catalogue.edition, of.late_arrival_count, of.ledger_lag
    );
    [title.into_bytes(), names()].concat()
}

fn names() -> Vec<u8> {
    line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))
}

/// One hazard as a line.
pub fn row(h: &HazardView) -> Vec<u8> {
    line(COLUMNS.iter().map(|(_, cell)| cell(h)))
}

fn line(cells: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let cells: Vec<String> = cells.into_iter().map(|c| safe(&c)).collect();
    let written = writer.write_record(&cells);
    written.expect("a line of this many cells fits in memory");
    writer.into_inner().expect("memory takes every line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text() {
        let line = String::from_utf8(line(["=1+1".to_owned(), "3栋,\"东\"".to_owned()])).unwrap();
        assert_eq!(line, "'=1+1,\"3栋,\"\"东\"\"\"\r\n");
    }

    fn hazard() -> HazardView {
        let text = str::to_owned;
        HazardView {
            id: text("018e"),
            state: text("HS65"),
            state_zh: text("复查不合格"),
            open: true,
            cycle: 2,
            flags: vec!["conflict_open", "reopened"],
            kind: text("FL-01"),
            kind_zh: text("机动车占用消防车通道"),
            grade: text("G2"),
            area: text("429999/429998"),
            area_name: Some(text("示范县")),
            compound: Some(text("清风苑")),
            place: text("3栋"),
            place_key: text("3"),
            description: text("轿车两辆"),
            count: Some(4),
            unit: text("辆"),
            found_at: text("2024-03-25T01:00:00Z"),
            updated_at: text("2024-03-26T01:00:00Z"),
            deadline: Some(text("2024-03-27T01:00:00Z")),
            event_count: 5,
            observation_count: 6,
            open_conflict_count: 7,
            photo_count: 8,
            photos_pending: 9,
            position: None,
            evidence_alarm: false,
            problem: None,
        }
    }

    #[test]
    fn the_names_and_the_cells_of_a_row_keep_their_order() {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!(
            text(names()),
            "隐患编号,区域,小区名称,楼栋/单元/楼层/部位,隐患类别代码,隐患名称,隐患描述,数量,单位,隐患等级,状态代码,\
             整改进展,是否存在冲突,排查时间,最近更新,整改时限,发现次数,照片数,待传照片,区域代码,标记,轮次\r\n"
        );
        assert_eq!(
            text(row(&hazard())),
            "018e,示范县,清风苑,3栋,FL-01,机动车占用消防车通道,轿车两辆,4,辆,G2,HS65,复查不合格,是,\
             2024-03-25T01:00:00Z,2024-03-26T01:00:00Z,2024-03-27T01:00:00Z,6,8,9,429999/429998,\
             conflict_open reopened,2\r\n"
        );
        let unknown = HazardView {
            area_name: None,
            compound: None,
            count: None,
            deadline: None,
            open_conflict_count: 0,
            flags: Vec::new(),
            ..hazard()
        };
        assert_eq!(
            text(row(&unknown)),
            "018e,,,3栋,FL-01,机动车占用消防车通道,轿车两辆,,辆,G2,HS65,复查不合格,否,\
             2024-03-25T01:00:00Z,2024-03-26T01:00:00Z,,6,8,9,429999/429998,,2\r\n"
        );
    }
}
