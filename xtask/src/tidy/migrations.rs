//! Released migrations never change: a database that has run one would differ from a new one.
//!
//! `xtask/migrations.toml` lists the SHA-256 of every migration. A new migration is added to the list when it is
//! written; a listed one is changed only if no released program contains it.

use std::{collections::BTreeMap, fs, path::Path};

use sha2::{Digest, Sha256};

/// The folders of migrations.
const FOLDERS: [&str; 2] = [
    "server/src/storage/migrations",
    "sync-core/src/device/migrations",
];

/// Path → SHA-256 in hexadecimal.
pub(crate) type List = BTreeMap<String, String>;

pub(super) fn check(list: &List) -> anyhow::Result<Vec<String>> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(Path::new(folder))? {
            let path = entry?.path();
            let name = path.to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read(path)?);
        }
    }
    Ok(compare(list, &files))
}

fn compare(list: &List, files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, content) in files {
        let hash: String = Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match list.get(path) {
            Some(listed) if *listed == hash => {}
            Some(_) => found.push(format!(
                "{path}: a released migration was changed; write another one"
            )),
            None => found.push(format!(
                "{path}: add to xtask/migrations.toml: \"{path}\" = \"{hash}\""
            )),
        }
    }
    for path in list.keys().filter(|path| !files.contains_key(*path)) {
        found.push(format!("{path}: a released migration was removed"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_removed_and_an_unlisted_migration_are_named() {
        let file = |text: &str| BTreeMap::from([("1.sql".to_owned(), text.as_bytes().to_vec())]);
        let unlisted = compare(&List::new(), &file("a"));
        assert_eq!(unlisted.len(), 1);
        let hash = unlisted[0].split('"').nth(3).unwrap().to_owned();
        let list = List::from([("1.sql".to_owned(), hash)]);
        assert!(compare(&list, &file("a")).is_empty());
        assert_eq!(compare(&list, &file("b")).len(), 1);
        assert_eq!(compare(&list, &BTreeMap::new()).len(), 1);
    }
}
