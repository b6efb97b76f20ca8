//! What a backup says of itself: written last, so that a folder with it is whole.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::folder;

/// The form of backups that this program writes.
pub(super) const FORMAT: u32 = 2;
const NAME: &str = "manifest.json";

/// The contents of a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the folder; greater numbers are of newer programs.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// The public key of the server, hexadecimal, if the database knew it: the signing key must fit it.
    pub server_key: Option<String>,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// SHA-256 of the database, hexadecimal.
    pub database_sha256: String,
    /// Rows of each table that cannot be made again.
    pub rows: BTreeMap<String, u64>,
    /// Photos in the folder; `None` if they are in a bucket.
    pub photos: Option<u64>,
    /// Whether every photo that the database lists is in the folder.
    pub complete: bool,
    /// Photos that are listed and were not there, by their hash.
    pub missing: Vec<String>,
}

impl Manifest {
    pub(super) fn write(&self, to: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        folder::write(&to.join(NAME), text.as_bytes()).context(NAME)
    }

    /// Reads what a backup says of itself; `None` for one of an earlier program, which said nothing.
    ///
    /// # Errors
    /// If the folder is no backup, an unfinished one, or one of a newer program.
    pub fn read(from: &Path) -> anyhow::Result<Option<Self>> {
        let shown = from.display();
        ensure!(
            from.join("xuncha.db").is_file(),
            "{shown} is not a backup: xuncha.db is missing"
        );
        let unfinished = from
            .file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with(super::UNFINISHED));
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
