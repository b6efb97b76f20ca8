//! Reads the markers of a JPEG before a decoder does: its size in pixels, and how many scans it needs.
//!
//! A file of 604 bytes may declare 169 million pixels, and a progressive file may process all of them again in every
//! scan. The markers alone show both, and reading them needs no memory.

/// Scans of a progressive file at most. Common encoders write about ten.
const MAX_SCANS: usize = 32;

/// Why bytes are not accepted as a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// Not a JPEG, or a damaged one.
    #[error("the file is not a whole JPEG photo: {0}")]
    Damaged(&'static str),
    /// Too many pixels.
    #[error(
        "the photo declares {width} × {height} pixels; a working copy has at most {limit} along an edge"
    )]
    TooWide { width: u16, height: u16, limit: u16 },
    /// Too many scans to decode.
    #[error("the photo comes in more than {MAX_SCANS} scans; send a plain JPEG")]
    TooManyScans,
}

/// Reads the markers of a file.
///
/// # Errors
/// [`Unfit`] if an edge is longer than `limit`, or if the file cannot be decoded in bounded time.
pub(super) fn check(bytes: &[u8], limit: u16) -> Result<(), Unfit> {
    let damaged = Unfit::Damaged;
    let mut rest = bytes
        .strip_prefix(&[0xff, 0xd8])
        .ok_or(damaged("it does not begin as one"))?;
    let (mut framed, mut scans) = (false, 0);
    loop {
        let (marker, behind) = next(rest).ok_or(damaged("its end is missing"))?;
        match marker {
            // The end of the image; bytes that a camera appends after it are not decoded.
            0xd9 if framed && scans > 0 => return Ok(()),
            0xd9 => return Err(damaged("it holds no picture")),
            // Markers without content: restart markers, and one for private use.
            0x01 | 0xd0..=0xd7 => {
                rest = behind;
                continue;
            }
            0xd8 => return Err(damaged("it begins twice")),
            _ => {}
        }
        let (content, behind) = segment(behind).ok_or(damaged("a segment is cut"))?;
        match marker {
            0xc0..=0xc2 if framed => return Err(damaged("it has two frames")),
            0xc0..=0xc2 => {
                frame(content, limit)?;
                framed = true;
            }
            // Tables and arithmetic conditioning.
            0xc4 | 0xcc => {}
            0xc3 | 0xc5..=0xcf => return Err(damaged("of a kind that photos are not in")),
            // A DNL marker states the height after the first scan, too late for a check.
            0xdc => return Err(damaged("its height is not stated at its beginning")),
            0xda => {
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(Unfit::TooManyScans);
                }
            }
            _ => {}
        }
        rest = behind;
    }
}

/// The next marker after any entropy-coded data.
fn next(mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = bytes.iter().position(|byte| *byte == 0xff)?;
        bytes = &bytes[at + 1..];
        match bytes.first()? {
            // A stuffed byte of entropy-coded data, or a fill byte.
            0x00 => bytes = &bytes[1..],
            0xff => {}
            marker => return Some((*marker, &bytes[1..])),
        }
    }
}

/// The content of a segment, and the bytes after it.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]));
    let content = bytes.get(2..length)?;
    Some((content, &bytes[length..]))
}

/// Checks the dimensions, the precision and the number of components of a frame.
fn frame(content: &[u8], limit: u16) -> Result<(), Unfit> {
    let &[precision, h1, h0, w1, w0, components, ..] = content else {
        return Err(Unfit::Damaged("its frame is cut"));
    };
    let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
    if width == 0 || height == 0 {
        return Err(Unfit::Damaged("it declares no pixels"));
    }
    if width > limit || height > limit {
        return Err(Unfit::TooWide {
            width,
            height,
            limit,
        });
    }
    if precision != 8 || !matches!(components, 1 | 3 | 4) {
        return Err(Unfit::Damaged("of a kind that photos are not in"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::photo::sample_jpeg;

    fn set_size(bytes: &mut [u8], width: u16, height: u16) {
        let at = bytes
            .windows(2)
            .position(|pair| matches!(pair, [0xff, 0xc0..=0xc2]))
            .unwrap();
        bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    }

    #[test]
    fn a_photo_passes_and_a_bomb_is_known_by_its_header() {
        let good = sample_jpeg(1, 640, 480, None);
        assert_eq!(check(&good, 2048), Ok(()));
        assert_eq!(check(&sample_jpeg(2, 2048, 1024, None), 2048), Ok(()));
        for (width, height) in [(2049, 10), (10, 2049), (13_000, 13_000), (65_535, 65_535)] {
            let mut bomb = good.clone();
            set_size(&mut bomb, width, height);
            let limit = 2048;
            let wide = Unfit::TooWide {
                width,
                height,
                limit,
            };
            assert_eq!(check(&bomb, 2048), Err(wide));
        }
        let mut flat = good;
        set_size(&mut flat, 640, 0);
        assert!(matches!(check(&flat, 2048), Err(Unfit::Damaged(_))));
    }

    #[test]
    fn scans_without_end_and_second_frames_are_refused() {
        let good = sample_jpeg(3, 64, 64, None);
        let end = good.len() - 2;
        let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12];
        let mut many = good[..end].to_vec();
        for _ in 0..MAX_SCANS {
            many.extend(scan);
        }
        many.extend([0xff, 0xd9]);
        assert_eq!(check(&many, 2048), Err(Unfit::TooManyScans));
        let mut two = good[..end].to_vec();
        two.extend([0xff, 0xc0, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0]);
        two.extend([0xff, 0xd9]);
        assert!(matches!(check(&two, 2048), Err(Unfit::Damaged(_))));
    }

    #[test]
    fn cut_and_damaged_files_end_without_panic() {
        let good = sample_jpeg(4, 96, 64, None);
        for cut in 0..good.len() - 1 {
            assert!(check(&good[..cut], 2048).is_err(), "{cut}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x5a;
            let _ = check(&bad, 2048);
        }
    }
}
