//! Copies files and verifies what was copied.

use std::{fs, path::Path};

use anyhow::{Context, bail, ensure};
use sync_core::record::PhotoHash;

use crate::folder;

/// Copies a file; `false` if it cannot be read or does not have the hash. An error of the target ends the operation,
/// because nothing more can be written there.
pub(super) fn copy_whole(
    source: &Path,
    target: &Path,
    hash: Option<&PhotoHash>,
) -> anyhow::Result<bool> {
    if !source.is_file() || fs::File::open(source).is_err() {
        return Ok(false);
    }
    let (_, digest) = match folder::copy(source, target) {
        Ok(copied) => copied,
        Err(error) if folder::digest(source).is_err() => {
            tracing::warn!(%error, file = %source.display(), "a photo cannot be read");
            let _ = fs::remove_file(target);
            return Ok(false);
        }
        Err(error) => bail!("{}: {error}", target.display()),
    };
    let right = hash.is_none_or(|hash| hash.as_bytes() == digest);
    if !right {
        fs::remove_file(target)?;
    }
    Ok(right)
}

/// Makes the names in a folder and its subfolders durable.
pub(super) fn sync_tree(root: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    folder::sync(root)
}

/// Copies the signing key to a new file.
///
/// # Errors
/// If the key cannot be read, or the file exists or cannot be written.
pub fn copy_key(from: &Path, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} exists; choose a new file", to.display());
    let bytes = fs::read(from).with_context(|| format!("key {}", from.display()))?;
    folder::make(folder::above(to))?;
    folder::write(to, &bytes).with_context(|| to.display().to_string())
}
