//! Checks the file of a photo before it is sent: whether it still has the recorded length and hash.
//!
//! Files on a device can be lost, truncated or damaged. Such a photo is marked and shown; its upload resumes once the
//! file is whole again.

use rusqlite::{OptionalExtension, params};

use super::{Device, DeviceError, PhotoTask, notice};
use crate::{
    host::FileError,
    record::{DocId, PhotoHash},
};

/// The fault of a photo's file; the numbers are those of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Missing = 1,
    Damaged = 2,
    Unreadable = 3,
}

impl Fault {
    const fn words(self) -> &'static str {
        match self {
            Self::Missing => {
                "照片文件丢失，未上传，其他照片照常上传；找回文件后会自动续传 / the file of a photo is gone, it was not sent, the others go; it goes on once the file is back"
            }
            Self::Damaged => {
                "照片文件损坏（长度或内容与登记不符），未上传，其他照片照常上传 / the file of a photo is damaged (its length or content is not the recorded one), it was not sent, the others go"
            }
            Self::Unreadable => {
                "照片文件无法读取，未上传，其他照片照常上传；下次同步再试 / the file of a photo cannot be read, it was not sent, the others go; it is tried again at the next sync"
            }
        }
    }
}

impl Device {
    /// The bytes of a photo that is to be sent, if they match its event. Otherwise the photo is marked, its author
    /// gets one notice, and the result is `None`.
    ///
    /// # Errors
    /// [`DeviceError`] from the database.
    pub(crate) fn checked_photo(
        &mut self,
        task: &PhotoTask,
    ) -> Result<Option<Vec<u8>>, DeviceError> {
        let (bytes, fault) = match self.photo_bytes(&task.hash) {
            Ok(bytes) if bytes.len() as u64 == task.size && PhotoHash::of(&bytes) == task.hash => {
                (Some(bytes), None)
            }
            Ok(_) => (None, Some(Fault::Damaged)),
            Err(DeviceError::File(FileError::Missing { .. })) => (None, Some(Fault::Missing)),
            Err(DeviceError::File(_) | DeviceError::Full) => (None, Some(Fault::Unreadable)),
            Err(error) => return Err(error),
        };
        let fault = fault.map(|f| (f as i64, f.words()));
        if fault.map(|(number, _)| number) != task.fault {
            self.mark_photo(&task.hash, fault)?;
        }
        Ok(bytes)
    }

    fn mark_photo(
        &mut self,
        hash: &PhotoHash,
        fault: Option<(i64, &'static str)>,
    ) -> Result<(), DeviceError> {
        self.write(|tx, _| {
            tx.prepare_cached("UPDATE photo SET fault = ?2 WHERE hash = ?1")?
                .execute(params![hash.as_bytes(), fault.map(|(number, _)| number)])?;
            // An earlier notice about this file no longer holds.
            tx.prepare_cached("DELETE FROM notice WHERE code = 0 AND instr(text, ?1) > 0")?
                .execute([hash.to_string()])?;
            let doc: Option<Option<Vec<u8>>> = tx
                .prepare_cached("SELECT doc FROM photo WHERE hash = ?1")?
                .query_row([hash.as_bytes()], |row| row.get(0))
                .optional()?;
            if let (Some((_, words)), Some(doc)) = (fault, doc.flatten()) {
                notice::leave(tx, DocId::from_slice(&doc)?, 0, &format!("{words}: {hash}"))?;
            }
            Ok(())
        })
    }
}
