//! Copies and digests of files.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::create;

/// Copies a file and returns its number of bytes and their SHA-256. The bytes are durable; the name is durable after
/// [`sync()`](super::sync) of the folder.
///
/// # Errors
/// From the file system.
pub fn copy(from: &Path, to: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut target = create(to)?;
    let read = each(from, |bytes| target.write_all(bytes))?;
    target.sync_all()?;
    Ok(read)
}

/// The length of a file in bytes and its SHA-256.
///
/// # Errors
/// From the file system.
pub fn digest(path: &Path) -> io::Result<(u64, [u8; 32])> {
    each(path, |_| Ok(()))
}

fn each(path: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<(u64, [u8; 32])> {
    let mut source = File::open(path)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, hash.finalize().into()));
        }
        take(&buffer[..read])?;
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}
