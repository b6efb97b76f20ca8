//! Released versions of the catalogue never change: what was recorded under one stays judged by it.
//!
//! `xtask/catalogue.toml` lists the SHA-256 of every version of every table that has editions, and of every edition, as
//! JSON without white space. A listed one is changed only if no released program contains it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use serde_json::Value;

use super::released;

const FOLDER: &str = "schemas/catalogue";

/// The tables that have editions.
const TABLES: [&str; 4] = ["activity_types", "calendar", "hazard_kinds", "inspection"];

const LIST: &str = "xtask/catalogue.toml";

pub(super) fn check(list: &released::List) -> anyhow::Result<Vec<String>> {
    Ok(released::compare(
        list,
        &present()?,
        "version of the catalogue",
        LIST,
    ))
}

/// Every version as JSON without white space, by `table version` or `edition number`.
fn present() -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for table in TABLES {
        let mut files = vec![Path::new(FOLDER).join(format!("{table}.json"))];
        let earlier = Path::new(FOLDER).join("earlier");
        if earlier.exists() {
            for entry in fs::read_dir(&earlier)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with(&format!("{table}_")) {
                    files.push(path);
                }
            }
        }
        for file in files {
            let read = read(&file)?;
            found.insert(
                format!("{table} {}", read["version"]),
                read.to_string().into_bytes(),
            );
        }
    }
    let editions = read(&Path::new(FOLDER).join("editions.json"))?;
    for edition in editions["editions"].as_array().into_iter().flatten() {
        found.insert(
            format!("edition {}", edition["number"]),
            edition.to_string().into_bytes(),
        );
    }
    Ok(found)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let named = || file.display().to_string();
    let text = fs::read_to_string(file).with_context(named)?;
    serde_json::from_str(&text).with_context(named)
}
