//! Private files and folders, written atomically: after a crash a file has its old or its new contents, never a part.
//!
//! Folders get mode 0700 and files mode 0600. [`write()`] and [`write_once()`] return when bytes and name are durable.
//! The modules that write a file define its contents.

mod copy;
mod permissions;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

pub use copy::{copy, digest};
pub use permissions::tighten;

/// Name of the folder that is in a data folder while a restore is unfinished.
pub const UNFINISHED: &str = "restore.xuncha-part";

/// Creates a folder and its missing parents with access for the owner only. An existing folder stays as it is.
///
/// # Errors
/// From the file system.
pub fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Locks a folder for this process until the returned file is dropped; `None` if another process holds the lock.
///
/// # Errors
/// From the file system.
pub fn hold(path: &Path) -> io::Result<Option<File>> {
    let folder = File::open(path)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Opens a file for writing from its beginning. Only its owner can read it from the moment that it exists.
///
/// # Errors
/// From the file system.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options).open(path)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Makes the names in a folder durable.
///
/// # Errors
/// From the file system.
pub fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a file atomically: under a temporary name first, then under its own.
///
/// # Errors
/// From the file system.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = beside(path, ".part");
    let mut file = create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    sync(above(path))
}

/// Writes a file unless it exists; an existing file stays as it is. Of several concurrent writers one wins.
///
/// # Errors
/// From the file system. An existing file is no error.
pub fn write_once(path: &Path, bytes: &[u8], unique: &str) -> io::Result<()> {
    match write_first(path, bytes, unique) {
        // The name that another writer made is durable too when this returns.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => sync(above(path)),
        written => written,
    }
}

/// Writes a file that does not exist yet.
///
/// # Errors
/// From the file system; [`io::ErrorKind::AlreadyExists`] if the file exists, which is then unchanged.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_first(path, bytes, &std::process::id().to_string())
}

fn write_first(path: &Path, bytes: &[u8], unique: &str) -> io::Result<()> {
    let aside = beside(path, &format!(".{unique}.part"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = private(&mut options).open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // A hard link fails if the name is taken; a rename would replace the file.
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    linked?;
    sync(above(path))
}

/// A path with a suffix appended: `data/x` with `.part` is `data/x.part`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder that contains a path.
pub fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a folder is on a read-only file system; creates and removes a probe file.
pub fn is_read_only(path: &Path) -> bool {
    let probe = path.join(format!(".xuncha-probe.{}", std::process::id()));
    match create(&probe) {
        Ok(_) => {
            let _ = fs::remove_file(&probe);
            false
        }
        Err(error) => error.kind() == io::ErrorKind::ReadOnlyFilesystem,
    }
}
