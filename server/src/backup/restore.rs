//! Restore: assembles the files in a temporary folder inside the data folder, checks them, and renames them last.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use sync_core::record::{LogEpoch, PhotoHash};

use super::{
    destination::{Destination, MARK, held, vacant, workshop},
    manifest::Manifest,
    refill::{ask, refill},
};
use crate::{
    clock::SIGNED,
    folder,
    host::random,
    keys::{PUBLIC_KEY, public_key_of},
    photos::{Store, Target},
    storage::{
        Storage, StorageError, Tx, accounts, credentials, held_photos, reports, sessions, spaces,
        tables,
    },
};

/// The result of a restore.
#[derive(Debug)]
pub struct Restored {
    /// Photos whose bytes are stored.
    pub photos: u64,
    /// Number of logs; each has a new log epoch.
    pub logs: usize,
    /// One-time codes that were unused in the backup, and are ended: they may have been used since.
    pub codes: u64,
    /// Sessions of people that were open in the backup, and are ended.
    pub sessions: u64,
    /// Photos that the database listed and whose bytes are missing. Their rows are deleted, so that devices send them
    /// again.
    pub lost: Vec<PhotoHash>,
    /// Whether the backup's manifest states that it was complete.
    pub complete: bool,
}

/// Copies a backup into an empty data folder and starts a new log epoch in every space, so that devices reconcile and
/// resupply what it lacks. `key` is the server's signing key, which backups of this version do not contain; it is
/// written to `key_to`.
///
/// All files are assembled in the folder [`folder::UNFINISHED`]: while it exists, no server starts, and the next
/// restore clears it. The rows of photos whose bytes are missing in the backup (or in the bucket) are deleted.
///
/// # Errors
/// If `from` is no complete backup, the key does not match it, or the data folder is not empty.
pub async fn restore(
    from: &Path,
    data: &Path,
    photos: &Target,
    key: Option<&Path>,
    key_to: &Path,
) -> anyhow::Result<Restored> {
    // A server that runs, or was killed, has changes in its write-ahead log that a copy of the database lacks.
    for suffix in ["-wal", "-shm"] {
        let log = folder::beside(&from.join("xuncha.db"), suffix);
        ensure!(
            !log.exists(),
            "{} 是服务器的数据文件夹，不是备份 / is the data folder of a server, not a backup ({} exists): make a backup with `xuncha admin backup`, or stop the server first",
            from.display(),
            log.display()
        );
    }
    let manifest = Manifest::read(from)?;
    let place = Destination {
        data: data.to_owned(),
        photos: photos.folder().map(ToOwned::to_owned),
        key: key_to.to_owned(),
    };
    let seed = signing_key(from, manifest.as_ref(), key)?;
    let left = vacant(&place, &seed)?;
    let begun = (from.to_owned(), place.data.clone(), manifest.clone());
    let (database, _held) =
        tokio::task::spawn_blocking(move || begin(&begun.0, &begun.1, begun.2)).await??;
    drop(left);
    let storage = opened(&database, manifest.as_ref(), &seed).await?;
    let lost = match &place.photos {
        Some(folder) => refill(&storage, from, &place.data, folder).await?,
        None => ask(&storage, &Store::open(photos)?).await?,
    };
    let photos = storage.read(|tx| held_photos::count(tx)).await?;
    let unknown = lost.clone();
    let renew = move |tx: &mut dyn Tx| {
        for hash in &unknown {
            held_photos::forget(tx, *hash)?;
        }
        // The parts of unfinished uploads are not in a backup.
        held_photos::forget_uploads(tx)?;
        // A backup may be older than the clock check allows, and an operator supervises a restore.
        spaces::delete_meta(tx, SIGNED)?;
        reports::renew_epoch(tx, random())?;
        // What is unused or open in the backup may have been used or ended since.
        let codes = credentials::end_unused(tx)? + accounts::end_codes(tx)?;
        let sessions = sessions::end_all(tx)?;
        let all = spaces::list(tx)?;
        for space in &all {
            spaces::renew_log(tx, &space.id, LogEpoch(random()))?;
        }
        Ok::<_, StorageError>((all.len(), codes, sessions))
    };
    let (logs, codes, sessions) = storage.write(renew).await?;
    storage.close();
    tokio::task::spawn_blocking(move || finish(&place, &database, &seed)).await??;
    Ok(Restored {
        photos: photos.saturating_sub(lost.len() as u64),
        logs,
        codes,
        sessions,
        lost,
        complete: manifest.is_none_or(|manifest| manifest.complete),
    })
}

/// The signing key: from the named file, or from a backup of an earlier version.
fn signing_key(
    from: &Path,
    manifest: Option<&Manifest>,
    named: Option<&Path>,
) -> anyhow::Result<[u8; 32]> {
    let inside = from.join("server.key");
    let file = match named {
        Some(file) => file,
        None if inside.is_file() => &inside,
        None => bail!(
            "the signing key is not part of a backup: name its copy with --key FILE (made by `backup --with-key FILE`); without it grants and receipts could not be verified"
        ),
    };
    let seed = fs::read(file).with_context(|| format!("key {}", file.display()))?;
    let seed = <[u8; 32]>::try_from(seed).map_err(|_| {
        anyhow::anyhow!(
            "{} is no key of a server: expected 32 bytes",
            file.display()
        )
    })?;
    let expected = manifest.and_then(|manifest| manifest.server_key.as_ref());
    let fits = expected.is_none_or(|expected| *expected == hex::encode(public_key_of(&seed)));
    ensure!(
        fits,
        "{} is the key of another server than this backup's; name the right one with --key FILE",
        file.display()
    );
    Ok(seed)
}

/// Copies the database into the temporary folder, and checks its size and digest against the manifest.
fn begin(
    from: &Path,
    data: &Path,
    manifest: Option<Manifest>,
) -> anyhow::Result<(PathBuf, fs::File)> {
    folder::make(data)?;
    let aside = workshop(data);
    folder::make(&aside)?;
    let held = held(&aside, data)?;
    folder::write(&aside.join(MARK), hex::encode(random::<16>()).as_bytes())?;
    folder::sync(data)?;
    let database = aside.join("xuncha.db");
    let (bytes, digest) =
        folder::copy(&from.join("xuncha.db"), &database).context("the backup's database")?;
    if let Some(manifest) = manifest {
        ensure!(
            bytes == manifest.database_bytes && hex::encode(digest) == manifest.database_sha256,
            "the backup's database is not what its manifest says: it is damaged; take another backup"
        );
    }
    Ok((database, held))
}

/// Opens the copied database; checks its row counts, its integrity, and its server's key.
async fn opened(
    database: &Path,
    manifest: Option<&Manifest>,
    seed: &[u8; 32],
) -> anyhow::Result<Storage> {
    if let Some(manifest) = manifest {
        // Before it is migrated: the manifest names the tables as the version that wrote it did.
        compare_counts(&Storage::open_read_only(database)?, manifest).await?;
    }
    let path = database.to_owned();
    let opening = tokio::task::spawn_blocking(move || Storage::open(&path));
    let storage = opening.await?.context("the backup's database")?;
    storage.check().await.context("the backup's database")?;
    let key = public_key_of(seed).to_vec();
    let known = storage.read(|tx| spaces::meta(tx, PUBLIC_KEY)).await?;
    ensure!(
        known.is_none_or(|known| known == key),
        "the key is that of another server than this backup's; name the right one with --key FILE"
    );
    Ok(storage)
}

/// Compares the rows of each table with the manifest.
async fn compare_counts(storage: &Storage, manifest: &Manifest) -> anyhow::Result<()> {
    let written = manifest.rows.clone();
    let counted = storage.read(move |tx| tables::counts_of(tx, written.keys()));
    let found = counted.await.context("the backup's database")?;
    for (table, written) in &manifest.rows {
        let found = found.get(table).copied().unwrap_or_default();
        ensure!(
            found == *written,
            "the backup's table {table} has {found} rows, its manifest says {written}; take another backup"
        );
    }
    Ok(())
}

/// Renames everything to its final name: photos, key, database. The mark of the unfinished restore is removed last.
fn finish(place: &Destination, database: &Path, seed: &[u8; 32]) -> anyhow::Result<()> {
    fs::File::open(database)?.sync_all()?;
    if let Some(photos) = &place.photos {
        fs::rename(workshop(photos).join("blobs"), photos.join("blobs"))?;
        folder::sync(photos)?;
    }
    folder::make(folder::above(&place.key))?;
    folder::write(&place.key, seed)?;
    fs::rename(database, place.data.join("xuncha.db"))?;
    folder::sync(&place.data)?;
    // The restore is complete here. A crash after this leaves at most the temporary folder of a separate photo folder.
    fs::remove_dir_all(workshop(&place.data))?;
    folder::sync(&place.data)?;
    if let Some(photos) = place.photos.as_ref().filter(|p| **p != place.data) {
        fs::remove_dir_all(workshop(photos))?;
        folder::sync(photos)?;
    }
    Ok(())
}
