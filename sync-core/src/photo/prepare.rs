//! Makes the working copy and the thumbnail of a photo, and checks a working copy.

use super::{
    decode::{InvalidPhoto, PhotoLimits, decode},
    encode::{encode, thumbnail},
    metadata::{self, ExifGps, TakenTime},
    perceptual_hash,
};

/// Quality of the working copy: 150 to 400 KB for a usual photo.
const WORKING_QUALITY: u8 = 80;

/// A photo that is ready for upload.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The working copy: JPEG, upright, without metadata.
    pub working: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The thumbnail: JPEG.
    pub thumbnail: Vec<u8>,
    /// The camera's time of the photo; a claim.
    pub taken: Option<TakenTime>,
    /// The camera's position; a claim.
    pub gps: Option<ExifGps>,
}

/// The result of a check of a working copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The perceptual hash.
    pub perceptual_hash: u64,
}

/// Makes a working copy and a thumbnail of a photo, and reads the claims of its metadata.
///
/// # Errors
/// [`InvalidPhoto`] that states what to do.
pub fn prepare(bytes: &[u8], limits: &PhotoLimits) -> Result<Prepared, InvalidPhoto> {
    let mut photo = decode(bytes, limits, false)?;
    let claims = metadata::read(bytes);
    if photo.width().max(photo.height()) > limits.working_edge {
        let edge = limits.working_edge;
        photo = photo.resize(edge, edge, image::imageops::FilterType::Triangle);
    }
    Ok(Prepared {
        working: encode(&photo, WORKING_QUALITY)?,
        width: photo.width(),
        height: photo.height(),
        thumbnail: thumbnail(&photo, limits)?,
        taken: claims.taken,
        gps: claims.gps,
    })
}

/// Checks that bytes are a whole JPEG within the limits; computes its perceptual hash and its thumbnail.
///
/// # Errors
/// [`InvalidPhoto`].
pub fn inspect(bytes: &[u8], limits: &PhotoLimits) -> Result<(Inspected, Vec<u8>), InvalidPhoto> {
    let photo = decode(bytes, limits, true)?;
    let found = Inspected {
        width: photo.width(),
        height: photo.height(),
        // A small copy suffices: the perceptual hash has 8 × 8 fields.
        perceptual_hash: perceptual_hash::of(&photo.thumbnail(320, 320)),
    };
    Ok((found, thumbnail(&photo, limits)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::{SampleExif, sample_jpeg};

    #[test]
    fn every_orientation_gives_the_same_upright_picture_without_metadata() {
        let upright = prepare(&sample_jpeg(1, 640, 480, None), &PhotoLimits::default()).unwrap();
        for orientation in 1..=8_u16 {
            let exif = SampleExif {
                orientation,
                taken: "2024:03:25 09:12:00",
                gps_e7: (305_928_000, 1_143_055_000),
            };
            let bytes = sample_jpeg(1, 640, 480, Some(exif));
            let prepared = prepare(&bytes, &PhotoLimits::default()).unwrap();
            let turned = orientation >= 5;
            let size = if turned { (480, 640) } else { (640, 480) };
            assert_eq!(
                (prepared.width, prepared.height),
                size,
                "orientation {orientation}"
            );
            assert_eq!(prepared.taken.unwrap().to_string(), "2024:03:25 09:12:00");
            let gps = prepared.gps.unwrap();
            assert!(
                (gps.latitude_e7 - 305_928_000).abs() < 10
                    && (gps.longitude_e7 - 1_143_055_000).abs() < 10
            );
            assert!(!prepared.working.windows(4).any(|w| w == b"Exif"));
            assert_eq!(
                prepared.working == upright.working,
                orientation == 1,
                "orientation {orientation}"
            );
        }
    }

    #[test]
    fn large_photos_are_made_smaller_and_thumbnails_keep_their_bound() {
        let prepared = prepare(&sample_jpeg(2, 2600, 1400, None), &PhotoLimits::default()).unwrap();
        assert_eq!(prepared.width, 2048);
        assert!(prepared.thumbnail.len() <= 25_000);
        let tight = PhotoLimits {
            thumb_bytes: 1500,
            ..PhotoLimits::default()
        };
        assert!(
            prepare(&sample_jpeg(3, 900, 900, None), &tight)
                .unwrap()
                .thumbnail
                .len()
                <= 1500
        );
    }

    #[test]
    fn what_is_no_photo_says_so() {
        let limits = PhotoLimits::default();
        let error = |bytes: &[u8]| prepare(bytes, &limits).unwrap_err();
        assert!(matches!(error(b""), InvalidPhoto::NotAPhoto));
        assert!(matches!(
            error("不是照片".as_bytes()),
            InvalidPhoto::NotAPhoto
        ));
        let good = sample_jpeg(4, 320, 240, None);
        assert!(matches!(
            error(&good[..good.len() / 2]),
            InvalidPhoto::Damaged(_)
        ));
        assert!(matches!(
            error(&vec![0; 33 << 20]),
            InvalidPhoto::TooLarge { .. }
        ));
        let small = PhotoLimits {
            max_edge: 300,
            ..limits
        };
        assert!(matches!(
            prepare(&good, &small),
            Err(InvalidPhoto::TooManyPixels { limit: 300 })
        ));
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let good = sample_jpeg(
            5,
            96,
            64,
            Some(SampleExif {
                orientation: 6,
                taken: "x",
                gps_e7: (1, 1),
            }),
        );
        for at in (0..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 0xa5;
            let _ = prepare(&bad, &PhotoLimits::default());
            let _ = inspect(&good[..at], &PhotoLimits::default());
        }
    }
}
