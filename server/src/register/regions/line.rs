//! Parses the lines of a table of regions.

use sync_core::{
    catalogue::{Catalogue, Level},
    record::AreaPath,
};

use super::codes::Codes;
use crate::{
    register::{
        csv::{Cell, Line, day},
        import::both,
        tree::{ALWAYS, levels},
    },
    storage::regions::Region,
};

/// Longest name in characters.
const NAME: usize = 100;

/// The path of a line: given, that of its code below its parent, or that of a known code.
pub(super) fn identity(line: &Line, codes: &Codes) -> Result<AreaPath, String> {
    let bad = |text: &str| {
        both(
            format!("{text} 不是区划路径，请写成 420000/420100/420106 的样子"),
            format!("{text:?} is not an administrative path of codes joined by '/'"),
        )
    };
    if let Some(text) = line.get("path") {
        let path: AreaPath = text.parse().map_err(|_| bad(text))?;
        return Ok(path);
    }
    let code = line.get("code").ok_or_else(|| {
        both(
            "缺少 path 或 code，请填写其一",
            "neither path nor code; give one",
        )
    })?;
    let Some(parent) = line.get("parent") else {
        let known = codes.area(code).cloned();
        return known.ok_or_else(|| {
            both(
                format!("代码 {code} 没有上级，请填写 parent 或 path"),
                format!("code {code:?} without a parent; give the parent or the path"),
            )
        });
    };
    let above = codes
        .path(parent)
        .ok_or_else(|| unknown("parent", parent))?;
    above.child(code).map_err(|_| bad(code))
}

fn unknown(column: &str, text: &str) -> String {
    both(
        format!("{column}：{text} 不在区划表中，请先导入它"),
        format!("{column} {text:?} is not known; import it first"),
    )
}

fn empty(column: &str) -> String {
    both(
        format!("{column} 不能为空"),
        format!("{column} must not be empty"),
    )
}

fn absent(column: &str) -> String {
    both(
        format!("新的区划缺少 {column}"),
        format!("no {column}, which a new area needs"),
    )
}

/// What an area is before the import: its stored row, or its built-in one.
pub(super) fn base(path: &AreaPath, stored: Option<&Region>) -> Option<Region> {
    if let Some(stored) = stored {
        return Some(stored.clone());
    }
    let built_in = Catalogue::embedded().regions.regions.iter();
    let region = built_in.into_iter().find(|region| region.path == *path)?;
    let names: Vec<_> = region.levels.iter().map(|level| level.name()).collect();
    Some(Region {
        path: path.clone(),
        code: region.code.clone(),
        name: region.zh.clone(),
        name_en: region.en.clone(),
        level: names.join(" "),
        parent: None,
        report_parent: None,
        valid_from: ALWAYS.to_owned(),
        valid_to: None,
        replaced_by: None,
    })
}

/// The region of a line: what the line does not state stays as in `base`.
pub(super) fn region(
    line: &Line,
    path: AreaPath,
    codes: &Codes,
    base: Option<&Region>,
) -> Result<Region, String> {
    let other = |column: &str, stored: Option<&AreaPath>| {
        let above = path.parent().filter(|_| column == "parent");
        let known = |text: &str| {
            let above = above.filter(|above| above.as_str() == text);
            let found = codes.path(text).or(above);
            found.ok_or_else(|| unknown(column, text))
        };
        let found = line.cell(column).or(stored.cloned(), known)?;
        match found {
            Some(found) if found == path => Err(both(
                format!("{column} 是它自己"),
                format!("{column} is the area itself"),
            )),
            found => Ok(found),
        }
    };
    let required = |column: &str, stored: Option<&String>| match line.cell(column) {
        Cell::Text(text) => Ok(text.to_owned()),
        Cell::Empty => Err(empty(column)),
        Cell::Absent => stored.cloned().ok_or_else(|| absent(column)),
    };
    let date = |column: &str, stored: Option<String>| {
        line.cell(column).or(stored, |text| day(column, text))
    };
    let name = required("name", base.map(|b| &b.name))?;
    if name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(both(
            format!("name 超过 {NAME} 个字或含有控制字符"),
            format!("name has more than {NAME} characters or a control character"),
        ));
    }
    let level = required("level", base.map(|b| &b.level))?;
    if levels(&level).is_none() {
        let all: Vec<_> = Level::ALL.iter().map(|l| l.name()).collect();
        return Err(both(
            format!("level：{level} 不是级别"),
            format!("level {level:?} is none of {}, city county", all.join(", ")),
        ));
    }
    let last = path.codes().last().unwrap_or_default();
    let code = base.map_or(last, |b| &b.code);
    if let Some(wrong) = line
        .get("code")
        .filter(|given| ![last, code].contains(given))
    {
        return Err(both(
            format!("代码 {wrong} 与路径末段 {last} 不符，请改正其一"),
            format!("code {wrong:?} differs from the last code of the path, {last:?}; correct one"),
        ));
    }
    let parent = other("parent", base.and_then(|b| b.parent.as_ref()))?;
    let row = Region {
        code: code.to_owned(),
        name,
        name_en: line
            .cell("name_en")
            .or(base.map(|b| b.name_en.clone()), |text| Ok(text.to_owned()))?
            .unwrap_or_default(),
        level,
        parent: parent.filter(|parent| path.parent().as_ref() != Some(parent)),
        report_parent: other("report_parent", base.and_then(|b| b.report_parent.as_ref()))?,
        valid_from: date("valid_from", base.map(|b| b.valid_from.clone()))?
            .unwrap_or_else(|| ALWAYS.to_owned()),
        valid_to: date("valid_to", base.and_then(|b| b.valid_to.clone()))?,
        replaced_by: other("replaced_by", base.and_then(|b| b.replaced_by.as_ref()))?,
        path: path.clone(),
    };
    if row.valid_to.as_ref().is_some_and(|to| *to < row.valid_from) {
        return Err(both(
            "valid_to 早于 valid_from",
            "valid_to lies before valid_from",
        ));
    }
    if row.replaced_by.is_some() && row.valid_to.is_none() {
        return Err(both(
            "有 replaced_by 而没有 valid_to，请填写最后一日",
            "replaced_by without valid_to; give its last day",
        ));
    }
    Ok(row)
}

/// The cells of a row, by column.
pub(super) fn cells(row: &Region) -> [(&'static str, String); 8] {
    let path = |path: &Option<AreaPath>| path.as_ref().map(AreaPath::to_string).unwrap_or_default();
    [
        ("name", row.name.clone()),
        ("name_en", row.name_en.clone()),
        ("level", row.level.clone()),
        ("parent", path(&row.parent)),
        ("report_parent", path(&row.report_parent)),
        ("valid_from", row.valid_from.clone()),
        ("valid_to", row.valid_to.clone().unwrap_or_default()),
        ("replaced_by", path(&row.replaced_by)),
    ]
}
