//! Photos: adds files to events, and removes what the server serves.

use std::path::PathBuf;

use anyhow::Context;
use cli_simulator::phone::Phone;
use sync_core::record::{PhotoRef, PhotoRole, PhotoSource};
use xuncha_server::say;

/// Adds photo files to the device.
pub(super) fn take(
    phone: &mut Phone,
    paths: &[PathBuf],
    role: PhotoRole,
) -> anyhow::Result<Vec<PhotoRef>> {
    let mut photos = Vec::new();
    for path in paths {
        let bytes = std::fs::read(path).with_context(|| format!("photo {}", path.display()))?;
        let photo = phone.device.add_photo(&bytes, role, PhotoSource::Gallery);
        photos.push(photo.with_context(|| format!("photo {}", path.display()))?);
    }
    Ok(photos)
}

/// Prints the photos that may be removed; removes them if `free`.
pub(super) fn removable(phone: &mut Phone, free: bool) -> anyhow::Result<()> {
    for hash in phone.device.removable_photos()? {
        if free {
            phone.device.remove_photo(&hash)?;
        }
        say!(
            "{hash}  {}",
            if free {
                "已移除 / removed"
            } else {
                "可移除 / may be removed"
            }
        );
    }
    Ok(())
}
