//! The server's signing key, and the keys for one purpose that are derived from it.
//!
//! Reads the key from a file, or from the database of several processes, and makes it on first use. It returns keys; what
//! they sign or seal is decided by their callers. The secret is in no error and in no log line.

mod derived;

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use sync_core::identity::SecretKey;

use crate::{
    config::KeyPlace,
    folder,
    host::random,
    storage::{Storage, StorageError, spaces},
};

pub use derived::{KEY_ID, KeyId, TAG, TagKey, derive_key};

/// Name of the entry for the public key of a database's server. A server with another key refuses to start.
pub const PUBLIC_KEY: &str = "server_public_key";

/// Name of the entry for the signing key itself, if it is in the database.
pub const SEED: &str = "server_key";

/// Reads the server's key from the data folder, or creates it on first use.
///
/// # Errors
/// From the file system, or if the file is not 32 bytes.
pub fn server_key(data: &Path) -> std::io::Result<SecretKey> {
    key_in(&data.join("server.key"))
}

/// Reads a key from a file, or creates it on first use. Of several concurrent processes one creates it.
fn key_in(path: &Path) -> std::io::Result<SecretKey> {
    if !path.exists() {
        folder::make(folder::above(path))?;
        folder::write_once(path, &random::<32>(), &hex::encode(random::<4>()))?;
    }
    let seed: [u8; 32] = fs::read(path)?.try_into().map_err(|_| {
        std::io::Error::other(format!(
            "{} is damaged: restore it from its copy",
            path.display()
        ))
    })?;
    Ok(SecretKey::from_seed(seed))
}

/// The public key of a seed.
pub fn public_key_of(seed: &[u8; 32]) -> [u8; 32] {
    SecretKey::from_seed(*seed).public().0
}

/// The key of an embedded database, in a file. A new key is created for a new database only, because signatures of a
/// lost key could no longer be verified.
///
/// # Errors
/// If the file is missing or damaged, or belongs to another server.
pub fn embedded_key(storage: &Storage, file: &Path) -> anyhow::Result<SecretKey> {
    let known = storage.read_now(|tx| spaces::meta(tx, PUBLIC_KEY))?;
    ensure!(
        known.is_none() || file.exists(),
        "{} is missing; put the copy of the server's key there, or name it with --key-file",
        file.display()
    );
    let key = key_in(file)?;
    claim(storage, &key, known, &file.display().to_string())?;
    Ok(key)
}

/// The key that all processes on one database share; the first of them creates it. A key that is in the database is
/// moved to a file that `place` names.
///
/// # Errors
/// From the database or the file, if the two hold different keys, or if the database is new and `place` names none.
pub fn shared_key(storage: &Storage, place: KeyPlace<'_>) -> anyhow::Result<SecretKey> {
    let (seed, known) = storage.write_now(|tx| {
        let found = (spaces::meta(tx, SEED)?, spaces::meta(tx, PUBLIC_KEY)?);
        Ok::<_, StorageError>(found)
    })?;
    let KeyPlace::File(file) = place else {
        ensure!(
            seed.is_some() || known.is_none(),
            "the server's key is kept in a file: name it with --key-file"
        );
        if place == KeyPlace::Unstated {
            ensure!(
                seed.is_some(),
                "新数据库没有签名密钥的存放处：请用 --key-file 指明文件 / this database is new and needs a place for the server's key: name a file with --key-file; --key-in-database puts it into the database, where each of its readers and backups has it"
            );
            tracing::warn!(
                "签名密钥在数据库中，凡能读数据库或其备份者均可得到 / the server's key is in the database: each reader of the database and of its backups has it; --key-file moves it to a file, --key-in-database accepts this"
            );
        }
        let seed = storage.write_now(|tx| {
            spaces::set_meta_once(tx, SEED, &random::<32>())?;
            spaces::meta(tx, SEED)
        })?;
        let seed = seed.and_then(|seed| <[u8; 32]>::try_from(seed).ok());
        let key = seed.map(SecretKey::from_seed);
        let key = key.context("the server's key in the database is damaged")?;
        claim(storage, &key, known, "the key in the database")?;
        return Ok(key);
    };
    if let Some(seed) = &seed {
        folder::make(folder::above(file))?;
        folder::write_once(file, seed, &hex::encode(random::<4>()))?;
    }
    let known = known.or_else(|| {
        let seed = <[u8; 32]>::try_from(seed.clone()?).ok()?;
        Some(public_key_of(&seed).to_vec())
    });
    ensure!(
        known.is_none() || file.exists(),
        "--key-file: {} is missing; put the copy of the server's key there",
        file.display()
    );
    let key = key_in(file)?;
    claim(storage, &key, known, &file.display().to_string())?;
    if seed.is_some() {
        storage.write_now(|tx| spaces::delete_meta(tx, SEED))?;
        tracing::info!(file = %file.display(), "the server's key was moved from the database to its file");
    }
    Ok(key)
}

/// Ensures that only one key signs for a database: stores the public key once, and fails if another is stored.
fn claim(
    storage: &Storage,
    key: &SecretKey,
    known: Option<Vec<u8>>,
    place: &str,
) -> anyhow::Result<()> {
    let own = key.public().0.to_vec();
    let known = match known {
        Some(known) => known,
        None => {
            let first = own.clone();
            let claimed = storage.write_now(move |tx| {
                spaces::set_meta_once(tx, PUBLIC_KEY, &first)?;
                spaces::meta(tx, PUBLIC_KEY)
            })?;
            claimed.unwrap_or_default()
        }
    };
    ensure!(
        known == own,
        "{place} is not the key of this database's server: what it signed could not be verified; put the right key there"
    );
    Ok(())
}
