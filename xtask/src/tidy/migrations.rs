//! Released migrations never change: a database that has run one would differ from a new one.
//!
//! `xtask/migrations.toml` lists the SHA-256 of every migration. A new migration is added to the list when it is
//! written; a listed one is changed only if no released program contains it.

use std::{collections::BTreeMap, fs, path::Path};

use super::released;

/// The folders of migrations.
const FOLDERS: [&str; 2] = [
    "server/src/storage/migrations",
    "sync-core/src/device/migrations",
];

const LIST: &str = "xtask/migrations.toml";

pub(super) fn check(list: &released::List) -> anyhow::Result<Vec<String>> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(Path::new(folder))? {
            let path = entry?.path();
            let name = path.to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read(path)?);
        }
    }
    Ok(released::compare(list, &files, "migration", LIST))
}
