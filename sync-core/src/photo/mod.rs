//! Photos: makes a working copy that may be uploaded from the bytes of a camera or a messenger.
//!
//! The module makes a JPEG without metadata, a thumbnail, and the claims of the metadata. Every decode has limits. The
//! module does not access files or the network.

mod metadata;
mod perceptual_hash;
mod sample;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
};
use std::io::Cursor;

pub use metadata::{ExifGps, TakenTime};
pub use perceptual_hash::perceptual_hash;
pub use sample::{SampleExif, sample_jpeg};

/// Limits of every decode.
#[derive(Debug, Clone, Copy)]
pub struct PhotoLimits {
    /// Bytes of the file at most.
    pub max_bytes: usize,
    /// Pixels of one edge at most.
    pub max_edge: u32,
    /// Bytes that the decoder may allocate.
    pub max_alloc: u64,
    /// Long edge of the working copy in pixels.
    pub working_edge: u32,
    /// Long edge of the thumbnail in pixels.
    pub thumb_edge: u32,
    /// Bytes of the thumbnail at most.
    pub thumb_bytes: usize,
}

impl Default for PhotoLimits {
    /// 32 MiB, 20,000 px, 512 MiB; working copy 2048 px, thumbnail 320 px and 25 KB.
    fn default() -> Self {
        Self {
            max_bytes: 32 << 20,
            max_edge: 20_000,
            max_alloc: 512 << 20,
            working_edge: 2048,
            thumb_edge: 320,
            thumb_bytes: 25_000,
        }
    }
}

/// Quality of the working copy: 150 to 400 KB for a usual photo.
const WORKING_QUALITY: u8 = 80;

/// Bytes from which no photo can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhoto {
    /// The file is too large.
    #[error("the file has {size} bytes, at most {limit} are taken; choose a smaller photo")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not a JPEG or PNG.
    #[error("the file is neither a JPEG nor a PNG photo; choose a photo")]
    NotAPhoto,
    /// Too many pixels.
    #[error(
        "the photo is too wide, too high or needs too much memory (at most {limit} pixels an edge); make it smaller"
    )]
    TooManyPixels {
        /// Pixels allowed for an edge.
        limit: u32,
    },
    /// Truncated or damaged.
    #[error("the photo is damaged or incomplete: {0}; take it again")]
    Damaged(String),
}

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
        thumbnail: small(&photo, limits)?,
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
    Ok((found, small(&photo, limits)?))
}

fn decode(
    bytes: &[u8],
    limits: &PhotoLimits,
    only_jpeg: bool,
) -> Result<DynamicImage, InvalidPhoto> {
    if bytes.len() > limits.max_bytes {
        return Err(InvalidPhoto::TooLarge {
            size: bytes.len(),
            limit: limits.max_bytes,
        });
    }
    let mut bounds = Limits::no_limits();
    bounds.max_image_width = Some(limits.max_edge);
    bounds.max_image_height = Some(limits.max_edge);
    bounds.max_alloc = Some(limits.max_alloc);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| InvalidPhoto::Damaged(e.to_string()))?;
    match reader.format() {
        Some(ImageFormat::Jpeg) => {}
        Some(ImageFormat::Png) if !only_jpeg => {}
        _ => return Err(InvalidPhoto::NotAPhoto),
    }
    // zune-jpeg fills the missing part of a truncated file with grey; a whole JPEG ends with its end marker.
    if reader.format() == Some(ImageFormat::Jpeg) && !ends_whole(bytes) {
        return Err(InvalidPhoto::Damaged("the end is missing".to_owned()));
    }
    reader.limits(bounds);
    let failed = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => InvalidPhoto::TooManyPixels {
            limit: limits.max_edge,
        },
        other => InvalidPhoto::Damaged(other.to_string()),
    };
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.max_edge || decoder.total_bytes() > limits.max_alloc {
        return Err(InvalidPhoto::TooManyPixels {
            limit: limits.max_edge,
        });
    }
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut photo = DynamicImage::from_decoder(decoder).map_err(failed)?;
    photo.apply_orientation(orientation);
    Ok(photo)
}

/// Whether a JPEG has its end marker (cameras may add padding or a preview after it).
fn ends_whole(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(64 * 1024)..];
    tail.windows(2).any(|pair| pair == [0xff, 0xd9])
}

fn encode(photo: &DynamicImage, quality: u8) -> Result<Vec<u8>, InvalidPhoto> {
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, quality);
    photo
        .to_rgb8()
        .write_with_encoder(encoder)
        .map_err(|e| InvalidPhoto::Damaged(e.to_string()))?;
    Ok(out)
}

/// A thumbnail within the limit of bytes: lowers the quality first, then the number of pixels.
fn small(photo: &DynamicImage, limits: &PhotoLimits) -> Result<Vec<u8>, InvalidPhoto> {
    let mut edge = limits.thumb_edge;
    loop {
        let thumb = photo.thumbnail(edge, edge);
        for quality in [75, 60, 45, 30] {
            let bytes = encode(&thumb, quality)?;
            if bytes.len() <= limits.thumb_bytes || edge <= 16 {
                return Ok(bytes);
            }
        }
        edge = edge * 3 / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(error(b""), InvalidPhoto::NotAPhoto);
        assert_eq!(error("不是照片".as_bytes()), InvalidPhoto::NotAPhoto);
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
        assert_eq!(
            prepare(&good, &small).unwrap_err(),
            InvalidPhoto::TooManyPixels { limit: 300 }
        );
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
