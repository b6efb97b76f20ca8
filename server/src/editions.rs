//! The catalogue of this server: the editions of the program, or newer ones that an operator installed.
//!
//! Installed editions are in the database, so all processes and backups have them. A process reads them when it starts.

use std::sync::Arc;

use anyhow::Context;
use sync_core::{
    catalogue::{Bundle, Catalogue},
    identity::{SecretKey, SignedEditions},
    record::{DeviceTime, Edition, ServerTime},
    wire::editions::MAX_EDITIONS_BYTES,
};

use crate::storage::{Storage, StorageError, Tx, spaces};

/// The name of the database's note that holds installed editions, as JSON.
const INSTALLED: &str = "editions";

/// The catalogue of this server, and its editions as they are sent to devices. A clone shares them.
#[derive(Debug, Clone)]
pub struct Editions {
    catalogue: Arc<Catalogue>,
    signed: Arc<SignedEditions>,
}

impl Editions {
    /// Reads the editions of the database, or takes those of the program if they are newer, and signs them.
    ///
    /// # Errors
    /// If the database cannot be read, or holds editions that this program cannot read.
    pub fn open(storage: &Storage, key: &SecretKey) -> anyhow::Result<Self> {
        let bundle = storage.read_now(|tx| bundle(tx))??;
        let signed = SignedEditions::seal(bundle.to_json(), key);
        let catalogue = Arc::new(Catalogue::new(bundle).context(UNREADABLE)?);
        Ok(Self {
            catalogue,
            signed: Arc::new(signed),
        })
    }

    /// The catalogue that this server folds and shows its documents by.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The newest edition, if it is newer than a device's.
    pub fn newer_than(&self, newest: Edition) -> Option<Edition> {
        let own = self.catalogue.newest();
        (own > newest).then_some(own)
    }

    /// The signed editions, if they are newer than a device's.
    pub fn for_device(&self, newest: Edition) -> Option<SignedEditions> {
        self.newer_than(newest)
            .map(|_| SignedEditions::clone(&self.signed))
    }
}

/// What was installed in a database, for a move to another one.
pub(crate) fn installed(tx: &mut dyn Tx) -> Result<Option<Vec<u8>>, StorageError> {
    spaces::meta(tx, INSTALLED)
}

/// Takes over what was installed in the database that was moved from.
pub(crate) fn take_over(tx: &mut dyn Tx, installed: &[u8]) -> Result<(), StorageError> {
    spaces::set_meta(tx, INSTALLED, installed)
}

const UNREADABLE: &str = "the catalogue in the database was installed by a newer program, or is damaged; use that program / 数据库中的目录由更新的程序安装，请使用该程序";

/// The editions of a server as of now. Editions of the program that are newer, but change an installed one, are not taken.
fn bundle(tx: &mut dyn Tx) -> Result<anyhow::Result<Bundle>, StorageError> {
    let built_in = Bundle::embedded();
    let Some(json) = spaces::meta(tx, INSTALLED)? else {
        return Ok(Ok(built_in));
    };
    let installed = Bundle::from_json(&json).context(UNREADABLE);
    Ok(installed.map(|installed| {
        if built_in.newest() <= installed.newest() {
            return installed;
        }
        match built_in.succeeds(&installed) {
            Ok(()) => built_in,
            Err(error) => {
                tracing::warn!(%error, "the editions of this program do not follow the installed ones, which are used / 程序自带的目录与已安装的目录不衔接，仍用已安装的");
                installed
            }
        }
    }))
}

/// A bundle that was read from a file and may be installed.
#[derive(Debug)]
pub struct Installable {
    bundle: Bundle,
    catalogue: Arc<Catalogue>,
    /// The newest edition before.
    present: Edition,
}

impl Installable {
    /// Reads and checks editions that follow those of this server.
    ///
    /// # Errors
    /// If the text is no catalogue, contradicts itself, is too large, or does not follow the present editions; the error
    /// names the entry.
    pub fn read(storage: &Storage, json: &[u8]) -> anyhow::Result<Self> {
        // Editors on Windows put a mark in front of the text.
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let bundle = Bundle::from_json(json)?;
        anyhow::ensure!(
            bundle.to_json().len() <= MAX_EDITIONS_BYTES,
            "目录超过{MAX_EDITIONS_BYTES}字节 / the catalogue has more than {MAX_EDITIONS_BYTES} bytes"
        );
        let catalogue = Arc::new(Catalogue::new(bundle.clone())?);
        let present = storage.read_now(|tx| self::bundle(tx))??;
        bundle.succeeds(&present)?;
        Ok(Self {
            bundle,
            catalogue,
            present: present.newest(),
        })
    }

    /// Whether a new edition is in force on the day of this time already: what was recorded on that day, or since an earlier
    /// first day, may be judged again.
    pub fn is_retroactive(&self, now: ServerTime) -> bool {
        self.catalogue.edition_at(DeviceTime(now.0)) > self.present
    }

    /// The catalogue that it makes.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Writes it into the database. Servers use it after their next start.
    ///
    /// # Errors
    /// [`StorageError`], or that other editions were installed since it was read.
    pub async fn install(self, storage: &Storage) -> anyhow::Result<()> {
        let bundle = self.bundle;
        storage
            .write(move |tx| -> Result<_, StorageError> {
                let present = match self::bundle(tx)? {
                    Ok(present) => present,
                    Err(error) => return Ok(Err(error)),
                };
                if let Err(error) = bundle.succeeds(&present) {
                    return Ok(Err(error.into()));
                }
                spaces::set_meta(tx, INSTALLED, &bundle.to_json())?;
                Ok(Ok(()))
            })
            .await?
    }
}

/// The present editions of a server as JSON: what an operator edits into the next ones.
///
/// # Errors
/// As [`Editions::open`].
pub fn present(storage: &Storage) -> anyhow::Result<Vec<u8>> {
    let bundle = storage.read_now(|tx| bundle(tx))??;
    Ok(serde_json::to_vec_pretty(&bundle)?)
}
