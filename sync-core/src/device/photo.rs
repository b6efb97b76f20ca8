//! Photos of this device and their steps: captured → referenced by an event → uploading → stored, with the server's
//! receipt. A stored photo is removable while no scope reconciles.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{
    Device, DeviceError, enrolment,
    states::{
        IN_LOG, PENDING,
        PhotoStep::{Captured, Referenced, Stored, Uploading},
        TO_SEND,
    },
};
use crate::{
    identity::PhotoReceipt,
    photo::{self as photos, InvalidPhoto, PhotoLimits},
    record::{Crs, PhotoHash, PhotoRef, PhotoRole, PhotoSource, Position, PositionSource, Text},
    wire::Code,
};

/// A photo to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoTask {
    /// The photo.
    pub hash: PhotoHash,
    /// Its size in bytes.
    pub size: u64,
    /// Path of the open upload on the server.
    pub upload: Option<String>,
    /// Bytes the server is known to have.
    pub sent: u64,
    /// The fault of its file at the last check.
    pub(super) fault: Option<i64>,
}

/// A photo that cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// Not a photo, or over a limit.
    #[error(transparent)]
    Invalid(#[from] InvalidPhoto),
    /// It could not be stored.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl Device {
    /// Prepares and stores a photo: a working copy without metadata and a thumbnail. Durable when this returns.
    ///
    /// # Errors
    /// [`PhotoError`]; nothing was kept then.
    pub fn add_photo(
        &mut self,
        bytes: &[u8],
        role: PhotoRole,
        source: PhotoSource,
    ) -> Result<PhotoRef, PhotoError> {
        let prepared = photos::prepare(bytes, &PhotoLimits::default())?;
        let hash = PhotoHash::of(&prepared.working);
        // Files first: no row may name a photo whose file is not durable.
        let files = &mut self.host.files;
        files
            .write_durable(&file_name(&hash), &prepared.working)
            .map_err(DeviceError::from)?;
        files
            .write_durable(&thumb_name(&hash), &prepared.thumbnail)
            .map_err(DeviceError::from)?;
        let size = prepared.working.len();
        self.write(|tx, _| {
            tx.prepare_cached(&format!(
                "INSERT INTO photo (hash, size, state) VALUES (?1, ?2, {Captured}) ON CONFLICT DO NOTHING"
            ))?
            .execute(params![hash.as_bytes(), size as i64])?;
            Ok(())
        })?;
        let dimension = |px: u32| u16::try_from(px).unwrap_or(u16::MAX);
        Ok(PhotoRef {
            hash,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            width: dimension(prepared.width),
            height: dimension(prepared.height),
            role,
            source,
            taken: prepared
                .taken
                .and_then(|taken| Text::new(&taken.to_string()).ok()),
            position: prepared.gps.map(|gps| Position {
                latitude_e7: gps.latitude_e7,
                longitude_e7: gps.longitude_e7,
                crs: Crs::Wgs84,
                accuracy_cm: gps.accuracy_cm,
                source: PositionSource::Exif,
                mock: false,
            }),
        })
    }

    /// The bytes of a photo that is on this device.
    ///
    /// # Errors
    /// [`DeviceError::File`] if it is not.
    pub fn photo_bytes(&self, hash: &PhotoHash) -> Result<Vec<u8>, DeviceError> {
        Ok(self.host.files.read(&file_name(hash))?)
    }

    /// The next photo to send, whose event is acknowledged and which is not in `aside`. Photos with a damaged file
    /// come last. Among the others, those with the fewest failed calls come first, then open uploads, then the oldest
    /// change.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn next_photo(
        &self,
        aside: &BTreeSet<PhotoHash>,
    ) -> Result<Option<PhotoTask>, DeviceError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT p.hash, p.size, p.upload, p.sent, p.fault FROM photo p LEFT JOIN chg c ON c.hash = p.change
             WHERE p.state IN {TO_SEND} AND p.refusal IS NULL AND (c.state NOT IN {PENDING} OR p.change IS NULL)
             ORDER BY p.fault IS NOT NULL, p.failed, p.state DESC, c.n"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let hash = PhotoHash::from_slice(&row.get::<_, Vec<u8>>(0)?)?;
            if aside.contains(&hash) {
                continue;
            }
            return Ok(Some(PhotoTask {
                hash,
                size: row.get::<_, i64>(1)?.unsigned_abs(),
                upload: row.get(2)?,
                sent: row.get::<_, i64>(3)?.unsigned_abs(),
                fault: row.get(4)?,
            }));
        }
        Ok(None)
    }

    /// Counts a failed call for this photo: photos with fewer failures are sent first.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn photo_failed(&mut self, hash: &PhotoHash) -> Result<(), DeviceError> {
        self.write(|tx, _| {
            tx.prepare_cached("UPDATE photo SET failed = failed + 1 WHERE hash = ?1")?
                .execute([hash.as_bytes()])?;
            Ok(())
        })
    }

    /// Stores how far an upload is; `None` for the path if it must start again.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn photo_progress(
        &mut self,
        hash: &PhotoHash,
        upload: Option<&str>,
        sent: u64,
    ) -> Result<(), DeviceError> {
        self.write(|tx, _| {
            let step = upload.map_or(Referenced, |_| Uploading);
            tx.prepare_cached(&format!(
                "UPDATE photo SET failed = CASE WHEN ?4 > sent THEN 0 ELSE failed END,
                   state = ?2, upload = ?3, sent = ?4 WHERE hash = ?1 AND state < {Stored}"
            ))?
            .execute(params![hash.as_bytes(), step, upload, sent as i64])?;
            Ok(())
        })
    }

    /// Stores the server's receipt if the enrolled server signed it for this photo.
    ///
    /// # Errors
    /// [`DeviceError::Signature`] otherwise; the photo's state is unchanged then.
    pub fn photo_stored(&mut self, hash: &PhotoHash, receipt: &[u8]) -> Result<(), DeviceError> {
        self.write(|tx, _| {
            let claims = PhotoReceipt::open(receipt, &enrolment::enrolment(tx)?.server)?;
            let size: i64 = tx
                .prepare_cached("SELECT size FROM photo WHERE hash = ?1")?
                .query_row([hash.as_bytes()], |row| row.get(0))?;
            if claims.hash != *hash || claims.size != size.unsigned_abs() {
                return Err(crate::identity::BadSignature.into());
            }
            tx.prepare_cached(&format!(
                "UPDATE photo SET state = {Stored}, receipt = ?2, upload = NULL, sent = size WHERE hash = ?1"
            ))?
            .execute(params![hash.as_bytes(), receipt])?;
            Ok(())
        })
    }

    /// Stores that the server refuses this photo permanently. The photo stays on the device.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn photo_refused(&mut self, hash: &PhotoHash, code: Code) -> Result<(), DeviceError> {
        self.write(|tx, _| {
            tx.prepare_cached(&format!(
                "UPDATE photo SET refusal = ?2, state = {Referenced}, upload = NULL
                 WHERE hash = ?1 AND state < {Stored}"
            ))?
            .execute(params![hash.as_bytes(), code.number()])?;
            tx.prepare_cached("INSERT INTO notice (doc, code, text) SELECT doc, ?2, ?3 FROM photo WHERE hash = ?1")?
                .execute(params![hash.as_bytes(), code.number(), format!("{} / {}: {hash}", code.zh(), code.en())])?;
            Ok(())
        })
    }

    /// Photos that may be removed from the device: the server's receipt is stored **and** the change that names the
    /// photo is acknowledged. No other condition makes a photo removable. None is removable while a scope is
    /// reconciled, since the server may have been restored without its photos.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub fn removable_photos(&self) -> Result<Vec<PhotoHash>, DeviceError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT p.hash FROM photo p LEFT JOIN chg c ON c.hash = p.change
             WHERE p.state = {Stored} AND p.receipt IS NOT NULL AND p.removed = 0
               AND (c.state IN {IN_LOG} OR p.change IS NULL)
               AND NOT EXISTS (SELECT 1 FROM scope WHERE reconcile = 1) ORDER BY p.hash"
        ))?;
        let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|hash| Ok(PhotoHash::from_slice(&hash?)?))
            .collect()
    }

    /// Removes the working copy of a removable photo; the thumbnail is never removed. Returns whether it was
    /// removable.
    ///
    /// # Errors
    /// [`DeviceError`] from the database or the file.
    pub fn remove_photo(&mut self, hash: &PhotoHash) -> Result<bool, DeviceError> {
        if !self.removable_photos()?.contains(hash) {
            return Ok(false);
        }
        // The row first: after a crash in between, a file is left over, and no row claims a missing file.
        self.write(|tx, _| {
            tx.prepare_cached("UPDATE photo SET removed = 1 WHERE hash = ?1")?
                .execute([hash.as_bytes()])?;
            Ok(())
        })?;
        self.host.files.remove(&file_name(hash))?;
        Ok(true)
    }
}

fn file_name(hash: &PhotoHash) -> String {
    format!("{hash}.jpg")
}

fn thumb_name(hash: &PhotoHash) -> String {
    format!("{hash}.thumb.jpg")
}
