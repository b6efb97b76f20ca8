//! Perceptual hash: 64 bits that change little when a photo is scaled down or compressed again.

use image::{DynamicImage, imageops::FilterType};

use super::decode::{InvalidPhoto, PhotoLimits, decode};

/// The perceptual hash of a photo (a difference hash): for each of 8 × 8 fields, whether the brightness rises to the
/// right. Hashes of similar photos differ in few bits. A near hash proves nothing; it only asks a reviewer to compare
/// the photos.
///
/// # Errors
/// [`InvalidPhoto`].
pub fn perceptual_hash(bytes: &[u8], limits: &PhotoLimits) -> Result<u64, InvalidPhoto> {
    Ok(of(&decode(bytes, limits, false)?))
}

pub(super) fn of(photo: &DynamicImage) -> u64 {
    let grey = photo.resize_exact(9, 8, FilterType::Triangle).to_luma8();
    let mut print = 0;
    for y in 0..8 {
        for x in 0..8 {
            let brighter = grey.get_pixel(x + 1, y).0[0] > grey.get_pixel(x, y).0[0];
            print = print << 1 | u64::from(brighter);
        }
    }
    print
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::{prepare, sample_jpeg};

    #[test]
    fn a_photo_made_smaller_looks_the_same_and_another_does_not() {
        let limits = PhotoLimits::default();
        let photo = sample_jpeg(1, 1200, 900, None);
        let look = |bytes: &[u8]| perceptual_hash(bytes, &limits).unwrap();
        let smaller = prepare(&photo, &limits).unwrap().thumbnail;
        let same = (look(&photo) ^ look(&smaller)).count_ones();
        assert!(same <= 10, "{same} bits");
        let other = (look(&photo) ^ look(&sample_jpeg(2, 1200, 900, None))).count_ones();
        assert!(other > 10, "{other} bits");
    }
}
