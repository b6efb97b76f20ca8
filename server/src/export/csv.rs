//! CSV for spreadsheets: UTF-8 with a byte order mark, with the column names of the ledger.

use crate::{reporting::ExportHeader, review::HazardView};

/// Marks a file as UTF-8 for spreadsheets.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

const COLUMNS: [&str; 22] = [
    "隐患编号",
    "区域",
    "小区名称",
    "楼栋/单元/楼层/部位",
    "隐患类别代码",
    "隐患名称",
    "隐患描述",
    "数量",
    "单位",
    "隐患等级",
    "状态代码",
    "整改进展",
    "是否存在冲突",
    "排查时间",
    "最近更新",
    "整改时限",
    "发现次数",
    "照片数",
    "待传照片",
    "区域代码",
    "标记",
    "轮次",
];

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
        of.as_of, of.cut_off, of.catalogue.hazard_kinds, of.late_arrival_count, of.ledger_lag
    );
    [
        title.into_bytes(),
        line(COLUMNS.iter().map(|c| (*c).to_owned())),
    ]
    .concat()
}

/// One hazard as a line.
pub fn row(h: &HazardView) -> Vec<u8> {
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    line([
        h.id.clone(),
        h.area_name.clone().unwrap_or_default(),
        h.compound.clone().unwrap_or_default(),
        h.place.clone(),
        h.kind.clone(),
        h.kind_zh.clone(),
        h.description.clone(),
        number(h.count),
        h.unit.clone(),
        h.grade.clone(),
        h.state.clone(),
        h.state_zh.clone(),
        if h.open_conflict_count > 0 {
            "是"
        } else {
            "否"
        }
        .to_owned(),
        h.found_at.clone(),
        h.updated_at.clone(),
        h.deadline.clone().unwrap_or_default(),
        h.observation_count.to_string(),
        h.photo_count.to_string(),
        h.photos_pending.to_string(),
        h.area.clone(),
        h.flags.join(" "),
        h.cycle.to_string(),
    ])
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
}
