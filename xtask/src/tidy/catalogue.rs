//! Released versions of the catalogue never change: what was recorded under one stays judged by it.
//!
//! `xtask/catalogue.toml` lists the SHA-256 of every version of every table that has editions, and of every edition, as
//! JSON without white space. A listed one is changed only if no released program contains it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use serde_json::Value;
use sha2::{Digest, Sha256};

const FOLDER: &str = "schemas/catalogue";

/// The tables that have editions.
const TABLES: [&str; 4] = ["activity_types", "calendar", "hazard_kinds", "inspection"];

/// `table version` or `edition number` → SHA-256 in hexadecimal.
pub(crate) type List = BTreeMap<String, String>;

pub(super) fn check(list: &List) -> anyhow::Result<Vec<String>> {
    Ok(compare(list, &present()?))
}

/// Every version as JSON without white space.
fn present() -> anyhow::Result<BTreeMap<String, String>> {
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
            found.insert(format!("{table} {}", read["version"]), read.to_string());
        }
    }
    let editions = read(&Path::new(FOLDER).join("editions.json"))?;
    for edition in editions["editions"].as_array().into_iter().flatten() {
        found.insert(
            format!("edition {}", edition["number"]),
            edition.to_string(),
        );
    }
    Ok(found)
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let named = || file.display().to_string();
    let text = fs::read_to_string(file).with_context(named)?;
    serde_json::from_str(&text).with_context(named)
}

fn compare(list: &List, present: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, content) in present {
        let hash: String = Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match list.get(name) {
            Some(listed) if *listed == hash => {}
            Some(_) => found.push(format!(
                "{name}: a released version of the catalogue was changed; write another one (CONTRIBUTING.md)"
            )),
            None => found.push(format!(
                "{name}: add to xtask/catalogue.toml: \"{name}\" = \"{hash}\""
            )),
        }
    }
    for name in list.keys().filter(|name| !present.contains_key(*name)) {
        found.push(format!(
            "{name}: a released version of the catalogue was removed"
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_removed_and_an_unlisted_version_are_named() {
        let of = |text: &str| BTreeMap::from([("calendar 1".to_owned(), text.to_owned())]);
        let unlisted = compare(&List::new(), &of("{}"));
        let hash = unlisted[0].split('"').nth(3).unwrap().to_owned();
        let list = List::from([("calendar 1".to_owned(), hash)]);
        assert!(compare(&list, &of("{}")).is_empty());
        assert_eq!(compare(&list, &of("[]")).len(), 1);
        assert_eq!(compare(&list, &BTreeMap::new()).len(), 1);
    }
}
