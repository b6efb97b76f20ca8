//! Access to a data folder for its owner only.

#[cfg(unix)]
use std::fs;
use std::{io, path::Path};

/// Removes the permissions of group and others that an earlier version left in a data folder. Returns how many paths
/// changed. The data folder itself is closed too, so that deeper files cannot be reached either.
///
/// # Errors
/// From the file system.
pub fn tighten(data: &Path) -> io::Result<usize> {
    let mut changed = usize::from(close(data, 0o700)?);
    for name in ["blobs", "uploads"] {
        changed += usize::from(close(&data.join(name), 0o700)?);
    }
    for name in ["xuncha.db", "xuncha.db-wal", "xuncha.db-shm", "server.key"] {
        changed += usize::from(close(&data.join(name), 0o600)?);
    }
    Ok(changed)
}

#[cfg(unix)]
fn close(path: &Path, mode: u32) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(found) = fs::metadata(path) else {
        return Ok(false);
    };
    if found.permissions().mode() & 0o077 == 0 {
        return Ok(false);
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        // A folder of another user, or one on a read-only file system, cannot be closed by this process.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(false)
        }
        done => done.map(|()| true),
    }
}

#[cfg(not(unix))]
fn close(_: &Path, _: u32) -> io::Result<bool> {
    Ok(false)
}
