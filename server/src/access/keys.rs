//! The server's own key, and randomness from the system.

use std::{fs, io::Write, path::Path};

use sync_core::identity::SecretKey;

use crate::storage::{Storage, StorageError, spaces};

/// Reads the server's key from the data folder, making it on first use.
///
/// # Errors
/// From the file system, or if the file is not 32 bytes.
pub fn server_key(data: &Path) -> std::io::Result<SecretKey> {
    let path = data.join("server.key");
    if path.exists() {
        let seed: [u8; 32] = fs::read(&path)?.try_into().map_err(|_| {
            std::io::Error::other(format!(
                "{} is damaged: restore it from the backup",
                path.display()
            ))
        })?;
        return Ok(SecretKey::from_seed(seed));
    }
    let seed = random::<32>();
    let fresh = data.join("server.key.new");
    let mut file = fs::File::create(&fresh)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    file.write_all(&seed)?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
    fs::File::open(data)?.sync_all()?;
    Ok(SecretKey::from_seed(seed))
}

/// The key that all processes on one database share; the first of them makes it.
///
/// # Errors
/// [`StorageError`] from the database, or if the key there is damaged.
pub fn shared_key(storage: &Storage) -> Result<SecretKey, StorageError> {
    let seed = storage.write_now(|tx| {
        spaces::set_meta_once(tx, "server_key", &random::<32>())?;
        spaces::meta(tx, "server_key")
    })?;
    let seed = seed.and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    seed.map(SecretKey::from_seed).ok_or_else(|| {
        StorageError::Engine("the server's key in the database is damaged".to_owned())
    })
}

/// Unpredictable bytes from the system.
///
/// # Panics
/// If the system has no randomness: nothing safe can be done then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    getrandom::fill(&mut out).expect("the system gives randomness");
    out
}
