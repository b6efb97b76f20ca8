//! Observations and evidence of the world's people, with real photos.

use sync_core::{
    device::Device,
    photo::{SampleExif, sample_jpeg},
    record::{
        Crs, Evidence, FindingSource, KindCode, Label, LocationKind, Long, Observation, PhotoRef,
        PhotoRole, PhotoSource, Place, Position, PositionSource, Reason,
    },
};

use super::Compound;

/// Takes a photo on the device: a synthetic JPEG, prepared by the real code.
///
/// # Errors
/// If the store fails.
pub fn photo(device: &mut Device, seed: u64, role: PhotoRole) -> anyhow::Result<PhotoRef> {
    let exif = SampleExif {
        orientation: [1, 6, 8][(seed % 3) as usize],
        taken: "2024:03:25 09:12:00",
        gps_e7: (305_928_000, 1_143_055_000),
    };
    let bytes = sample_jpeg(seed, 1200, 900, Some(exif));
    Ok(device.add_photo(&bytes, role, PhotoSource::InApp)?)
}

/// An observation at a place of a compound.
pub fn observation(
    compound: &Compound,
    code: &str,
    place: (&str, &str, &str, LocationKind),
    words: &str,
    photos: Vec<PhotoRef>,
) -> Observation {
    let (building, unit, floor, location) = place;
    let label = |text: &str| Label::new(text).unwrap_or_default();
    Observation {
        code: KindCode::new(code).unwrap_or_default(),
        area: compound.grid.clone(),
        place: Place {
            compound: compound.id,
            building: label(building),
            unit: label(unit),
            floor: label(floor),
            location,
            spot: Label::default(),
            connected_to: Vec::new(),
        },
        description: Long::new(words).unwrap_or_default(),
        count: Some(1),
        no_photo_reason: photos
            .is_empty()
            .then(|| sync_core::record::Short::new("光线不足").unwrap_or_default()),
        photos,
        position: Some(Position {
            latitude_e7: 305_903_910,
            longitude_e7: 1_143_109_450,
            crs: Crs::Gcj02,
            accuracy_cm: Some(1500),
            source: PositionSource::Satellite,
            mock: false,
        }),
        source: FindingSource::Patrol,
        catalogue_version: 1,
    }
}

/// A note with photos.
pub fn evidence(words: &str, photos: Vec<PhotoRef>) -> Evidence {
    Evidence {
        note: Long::new(words).unwrap_or_default(),
        photos,
        position: None,
    }
}

/// A reason or remark.
pub fn note(words: &str) -> Reason {
    Reason {
        reason: Long::new(words).unwrap_or_default(),
    }
}
