//! The manifest of a backup. It is written last, so a folder that contains it is finished.

use std::{collections::BTreeMap, fs, path::Path};

/// Suffix of the names of unfinished backups.
pub(super) const UNFINISHED: &str = ".xuncha-part";

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::folder;

/// The format version of backups that this program writes.
pub(super) const FORMAT: u32 = 2;

const NAME: &str = "manifest.json";

/// The description of a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The format version of the folder; newer programs write greater numbers.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// The server's public key in hexadecimal, if the database has it: the signing key must match it.
    pub server_key: Option<String>,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// SHA-256 of the database, hexadecimal.
    pub database_sha256: String,
    /// Row counts of the tables that cannot be rebuilt.
    pub rows: BTreeMap<String, u64>,
    /// Number of photos in the folder; `None` if the photos are in a bucket.
    pub photos: Option<u64>,
    /// Whether the folder contains every photo that the database lists.
    pub complete: bool,
    /// Hashes of photos that the database lists and that were missing or damaged.
    pub missing: Vec<String>,
}

impl Manifest {
    pub(super) fn write(&self, to: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        folder::write(&to.join(NAME), text.as_bytes()).context(NAME)
    }

    /// Reads the manifest of a backup; `None` for a backup of an earlier program, which has none.
    ///
    /// # Errors
    /// If the folder is no backup, is an unfinished one, or was written by a newer program.
    pub fn read(from: &Path) -> anyhow::Result<Option<Self>> {
        let shown = from.display();
        ensure!(
            from.join("xuncha.db").is_file(),
            "{shown} is not a backup: xuncha.db is missing"
        );
        let unfinished = from
            .file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with(UNFINISHED));
        ensure!(
            !unfinished,
            "{shown} is a backup that was not finished; take another"
        );
        let file = from.join(NAME);
        if !file.exists() {
            ensure!(
                from.join("server.key").is_file(),
                "{shown} is not a whole backup: {NAME} is missing; take another"
            );
            return Ok(None);
        }
        let manifest: Self = serde_json::from_slice(&fs::read(&file)?)
            .with_context(|| format!("{} is damaged; take another backup", file.display()))?;
        ensure!(
            manifest.format <= FORMAT,
            "{shown} was written by a newer program (form {}, this one knows {FORMAT}); update it",
            manifest.format
        );
        Ok(Some(manifest))
    }
}
