//! Synthetic photos with real JPEG bytes, for tests, the demo and the simulator.

use image::{DynamicImage, Rgb, RgbImage};

use super::encode::encode;

/// Metadata for a synthetic photo.
#[derive(Debug, Clone, Copy)]
pub struct SampleExif<'t> {
    /// EXIF orientation, 1 to 8.
    pub orientation: u16,
    /// `DateTimeOriginal`.
    pub taken: &'t str,
    /// Latitude and longitude in 1e-7 degree, north and east.
    pub gps_e7: (u32, u32),
}

/// A photo of coloured blocks: the same bytes for the same arguments, other bytes for another seed.
///
/// # Panics
/// If an edge is 0 or over 65,535 pixels: JPEG has no such image.
pub fn sample_jpeg(seed: u64, width: u32, height: u32, exif: Option<SampleExif<'_>>) -> Vec<u8> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let blocks: Vec<[u8; 3]> = (0..64)
        .map(|_| next().to_le_bytes())
        .map(|b| [b[0], b[1], b[2]])
        .collect();
    let shade = |x: u32, y: u32| ((x * 37 + y * 101) % 23) as u8;
    let photo = RgbImage::from_fn(width, height, |x, y| {
        let block = blocks[((x * 8 / width.max(1)) + 8 * (y * 8 / height.max(1))) as usize % 64];
        Rgb(block.map(|c| c.saturating_add(shade(x, y))))
    });
    #[expect(clippy::expect_used, reason = "an RGB image of these edges is a JPEG")]
    let jpeg = encode(&DynamicImage::ImageRgb8(photo), 85).expect("edges of 1 to 65,535 pixels");
    match exif {
        Some(exif) if jpeg.len() > 2 => {
            let segment = app1(exif);
            [&jpeg[..2], segment.as_slice(), &jpeg[2..]].concat()
        }
        _ => jpeg,
    }
}

/// An APP1 segment: little-endian TIFF with one IFD, one EXIF IFD and one GPS IFD.
fn app1(exif: SampleExif<'_>) -> Vec<u8> {
    const ASCII: u16 = 2;
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [
            &tag.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &count.to_le_bytes(),
            &value,
        ]
        .concat()
    };
    let ifd = |entries: &[Vec<u8>]| {
        let count = u16::try_from(entries.len()).unwrap_or(0).to_le_bytes();
        [&count[..], &entries.concat(), &[0; 4]].concat()
    };
    let (main, sub, gps) = (8_u32, 8_u32 + 42, 8_u32 + 42 + 18);
    let data = gps + 54;
    let taken = [exif.taken.as_bytes(), &[0]].concat();
    let at = |offset: u32| (data + offset).to_le_bytes();
    let orientation = [exif.orientation.to_le_bytes(), [0, 0]].concat();
    let mut tiff = [&b"II*\0"[..], &main.to_le_bytes()].concat();
    tiff.extend(ifd(&[
        entry(0x0112, SHORT, 1, orientation.try_into().unwrap_or_default()),
        entry(0x8769, LONG, 1, sub.to_le_bytes()),
        entry(0x8825, LONG, 1, gps.to_le_bytes()),
    ]));
    tiff.extend(ifd(&[entry(
        0x9003,
        ASCII,
        u32::try_from(taken.len()).unwrap_or(0),
        at(48),
    )]));
    tiff.extend(ifd(&[
        entry(1, ASCII, 2, *b"N\0\0\0"),
        entry(2, RATIONAL, 3, at(0)),
        entry(3, ASCII, 2, *b"E\0\0\0"),
        entry(4, RATIONAL, 3, at(24)),
    ]));
    for e7 in [exif.gps_e7.0, exif.gps_e7.1] {
        for part in [e7, 10_000_000, 0, 1, 0, 1] {
            tiff.extend(part.to_le_bytes());
        }
    }
    tiff.extend(&taken);
    // A reader takes a text of at most 4 bytes from the value field itself. The form with an offset is always written,
    // with padding after the text.
    tiff.extend([0; 4]);
    let length = u16::try_from(tiff.len() + 8).unwrap_or(0).to_be_bytes();
    [&[0xff, 0xe1], &length[..], b"Exif\0\0", &tiff].concat()
}
