//! Parses the lines of a table of compounds.

use sha2::{Digest, Sha256};
use sync_core::record::{AreaPath, CompoundId, OrganId};

use crate::{
    register::{
        csv::{Cell, Line, day},
        import::both,
    },
    storage::{column::Lines, compounds::Compound},
};

/// The columns of the table.
pub(super) const COLUMNS: [&str; 11] = [
    "id",
    "path",
    "name",
    "type",
    "households",
    "pmc",
    "pmc_name",
    "active",
    "valid_from",
    "valid_to",
    "buildings",
];

const KINDS: [&str; 5] = ["commercial", "old", "unit", "resettlement", "none"];

/// Longest name in characters.
const NAME: usize = 100;

/// The path and the name that a line states, as far as they identify its compound.
pub(super) fn place(line: &Line) -> Result<(Option<AreaPath>, Option<String>), String> {
    let path = match line.cell("path") {
        Cell::Absent => None,
        Cell::Empty => return Err(empty("path")),
        Cell::Text(text) => {
            let path = text.parse().map_err(|_| {
                both(
                    format!("path：{text} 不是区划路径"),
                    format!("path {text:?} is not an administrative path"),
                )
            })?;
            Some(path)
        }
    };
    let name = match line.cell("name") {
        Cell::Absent => None,
        Cell::Empty => return Err(empty("name")),
        Cell::Text(text) if text.chars().count() > NAME || text.chars().any(char::is_control) => {
            return Err(both(
                format!("name 超过 {NAME} 个字或含有控制字符"),
                format!("name has more than {NAME} characters or a control character"),
            ));
        }
        Cell::Text(text) => Some(text.to_owned()),
    };
    Ok((path, name))
}

/// The id that a line states.
pub(super) fn id(line: &Line) -> Result<Option<CompoundId>, String> {
    line.cell("id").or(None, |text| {
        text.parse().map_err(|_| {
            both(
                format!("id：{text} 不是 UUID"),
                format!("id {text:?} is not a UUID"),
            )
        })
    })
}

/// The id of a compound without an id in the file: derived from its place and name, so the same for the same two.
pub(super) fn named(path: &AreaPath, name: &str) -> CompoundId {
    let hash: [u8; 32] = Sha256::digest(format!("compound {path} {name}")).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    // A UUID of version 8: a custom format.
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    CompoundId(id)
}

/// The compound of a line: what the line does not state stays as stored.
pub(super) fn compound(
    line: &Line,
    id: CompoundId,
    (path, name): (AreaPath, String),
    stored: Option<&Compound>,
) -> Result<Compound, String> {
    let kind = |text: &str| match KINDS.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(both(
            format!("type：{text} 不在 {} 之中", KINDS.join("、")),
            format!("type {text:?} is none of {}", KINDS.join(", ")),
        )),
    };
    let pmc = |text: &str| {
        text.parse::<OrganId>().map_err(|_| {
            both(
                format!("pmc：{text} 不是企业的 UUID；名称请写在 pmc_name"),
                format!("pmc {text:?} is not the UUID of an organisation; its name belongs into pmc_name"),
            )
        })
    };
    let active = |text: &str| match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        other => Err(both(
            format!("active：{other} 既不是 1 也不是 0"),
            format!("active {other:?} is neither 1 nor 0"),
        )),
    };
    let date = |column: &str, stored: Option<&String>| {
        line.cell(column)
            .or(stored.cloned(), |text| day(column, text))
    };
    let households = |text: &str| number(text, "households");
    let compound = Compound {
        id,
        path,
        name,
        pmc: line.cell("pmc").or(stored.and_then(|c| c.pmc), pmc)?,
        kind: line
            .cell("type")
            .or(stored.map(|c| c.kind.clone()), kind)?
            .unwrap_or_default(),
        households: line
            .cell("households")
            .or(stored.and_then(|c| c.households), households)?,
        active: line
            .cell("active")
            .or(stored.map(|c| c.active), active)?
            .unwrap_or(true),
        valid_from: date("valid_from", stored.and_then(|c| c.valid_from.as_ref()))?,
        valid_to: date("valid_to", stored.and_then(|c| c.valid_to.as_ref()))?,
        aliases: stored.map_or_else(Lines::default, |c| c.aliases.clone()),
    };
    if let (Some(from), Some(to)) = (&compound.valid_from, &compound.valid_to)
        && to < from
    {
        return Err(both(
            "valid_to 早于 valid_from",
            "valid_to lies before valid_from",
        ));
    }
    if line.get("pmc_name").is_some() && compound.pmc.is_none() {
        return Err(both(
            "有 pmc_name 而没有 pmc，请填写企业的 UUID",
            "pmc_name without pmc; give the UUID of the company",
        ));
    }
    Ok(compound)
}

/// A whole number up to a million.
pub(super) fn number(text: &str, what: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|n| (0..=1_000_000).contains(n));
    number.ok_or_else(|| {
        both(
            format!("{what}：{text} 不是 0 到 1000000 的整数"),
            format!("{what} {text:?} is not a number from 0 to 1,000,000"),
        )
    })
}

fn empty(column: &str) -> String {
    both(
        format!("{column} 不能为空"),
        format!("{column} must not be empty"),
    )
}

/// The cells of a row, by column.
pub(super) fn cells(row: &Compound) -> [(&'static str, String); 8] {
    [
        ("path", row.path.to_string()),
        ("name", row.name.clone()),
        ("type", row.kind.clone()),
        (
            "households",
            row.households.map_or_else(String::new, |n| n.to_string()),
        ),
        (
            "pmc",
            row.pmc.map_or_else(String::new, |pmc| pmc.to_string()),
        ),
        ("active", i32::from(row.active).to_string()),
        ("valid_from", row.valid_from.clone().unwrap_or_default()),
        ("valid_to", row.valid_to.clone().unwrap_or_default()),
    ]
}
