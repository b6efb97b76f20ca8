//! The folders that a restore writes to: they must be empty, or hold the remains of an interrupted restore.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use crate::folder;

/// The paths that a restore writes.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) data: PathBuf,
    /// The photo folder, if photos are kept in a folder.
    pub(super) photos: Option<PathBuf>,
    /// The file from which the server reads its key.
    pub(super) key: PathBuf,
}

/// Name of the file that identifies the restore a folder belongs to.
pub(super) const MARK: &str = "mark";

/// Names that a server or a restore creates in its folders.
const OURS: [&str; 7] = [
    "xuncha.db",
    "xuncha.db-wal",
    "xuncha.db-shm",
    "server.key",
    "blobs",
    "uploads",
    folder::UNFINISHED,
];

/// The folder inside a data folder where a restore assembles its files.
pub(super) fn workshop(data: &Path) -> PathBuf {
    data.join(folder::UNFINISHED)
}

/// Ensures that the target folders are empty. The remains of an interrupted restore are removed: no server starts on
/// them, so they contain nothing else.
///
/// Returns the locks on these remains: of two concurrent restores one is refused.
pub(super) fn vacant(place: &Destination, seed: &[u8; 32]) -> anyhow::Result<Vec<fs::File>> {
    let mut left = Vec::new();
    let photos = place.photos.iter().filter(|photos| **photos != place.data);
    // The key is written to a temporary file first, and `--key-file` may name any file in the data folder.
    let key = [place.key.clone(), folder::beside(&place.key, ".part")];
    for folder in photos.chain([&place.data]) {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        let names: Vec<String> = entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<_>>()?;
        let cut = was_cut(folder, &place.data, &names);
        if cut && workshop(folder).is_dir() {
            left.push(held(&workshop(folder), folder)?);
        }
        let ours =
            |name: &String| OURS.contains(&name.as_str()) || key.contains(&folder.join(name));
        let in_the_way = names
            .iter()
            .find(|name| *name != "lost+found" && !(cut && ours(name)));
        if let Some(name) = in_the_way {
            bail!(
                "{} holds {name}; restore into an empty folder, or move everything in it away first",
                folder.display()
            );
        }
        // The folder that marks the restore as unfinished is last in the list, so it is removed last.
        for name in OURS.iter().filter(|_| cut) {
            let path = folder.join(name);
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else if path.exists() {
                fs::remove_file(path)?;
            }
        }
    }
    let other = fs::read(&place.key).is_ok_and(|found| found != seed);
    ensure!(
        !other,
        "{} holds another key; move it away first, or leave out --key-file",
        place.key.display()
    );
    Ok(left)
}

/// Whether everything in a folder belongs to an interrupted restore into `data`. A photo folder may be used by another
/// server, so it must contain the same mark.
fn was_cut(place: &Path, data: &Path, names: &[String]) -> bool {
    let mark = |folder: &Path| fs::read(workshop(folder).join(MARK)).ok();
    if place == data || names.iter().all(|name| name == folder::UNFINISHED) {
        return workshop(place).is_dir();
    }
    mark(data).is_some_and(|of_data| mark(place) == Some(of_data))
}

/// Locks the folder of an unfinished restore into `place`.
pub(super) fn held(aside: &Path, place: &Path) -> anyhow::Result<fs::File> {
    let held = folder::hold(aside).with_context(|| aside.display().to_string())?;
    held.with_context(|| {
        format!(
            "另一个恢复正在进行 / another restore into {} is running; wait for it",
            place.display()
        )
    })
}
